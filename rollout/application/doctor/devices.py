"""Personal devices: roles, the group, alarms, and rules that would shut out our own PCs."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from rollout.application.accounts.directory import DirectoryAway
from rollout.application.byod.devices import Devices
from rollout.application.byod.listing import alarms, last_reading
from rollout.application.doctor.finding import Finding, judged
from rollout.domain.text import match_key
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import device_sightings as store
from rollout.store.database import Database

_SHOWN = 5
_LATE = 3
"""So many times the daemon's interval without a reading are worth a look."""


def examine(
    database: Database, settings: Settings, now: datetime, devices: Devices
) -> Iterator[Finding]:
    """The service is only read."""
    try:
        yield from _of_the_service(database, settings, devices)
    except DirectoryAway as away:
        yield judged(
            "devices", _("personal devices"), str(away), problem=_("grant the roles, or try later")
        )
    yield from _of_the_tables(database, settings, now)


def _of_the_service(database: Database, settings: Settings, devices: Devices) -> Iterator[Finding]:
    standing = devices.standing()
    missing = dict.fromkeys(f"{one.purpose}: {one.roles[0]}" for one in standing.lacking)
    yield judged(
        "devices_roles",
        _("roles for personal devices"),
        _("missing: {names}").format(names=", ".join(missing)) if missing else _("all"),
        problem=_("grant them to the application, with the administrator's consent")
        if missing
        else "",
    )
    yield judged(
        "devices_wipe",
        _("wiping of private devices"),
        _("possible with: {roles}").format(roles=", ".join(standing.excessive))
        if standing.excessive
        else _("the service would refuse it"),
        warning=_(
            "take these roles from this application: none is needed, and whoever has its "
            "credential could wipe private devices"
        )
        if standing.excessive
        else "",
    )
    if missing:
        return
    groups = devices.group(settings.byod.group)
    yield judged(
        "devices_group",
        _("group of personal devices"),
        _("{name}: {count} of that name").format(name=settings.byod.group, count=len(groups)),
        problem="" if len(groups) == 1 else _("[byod] group names exactly one group"),
    )
    yield from _enrolment(database, devices)


def _enrolment(database: Database, devices: Devices) -> Iterator[Finding]:
    """A rule that blocks private Windows takes every PC for private that Autopilot does not know
    (https://learn.microsoft.com/mem/intune/enrollment/enrollment-restrictions-set)."""
    blocking = [one for one in devices.restrictions() if one.blocks_private or one.blocks_all]
    check = _("rules of enrolment")
    if not blocking:
        yield judged("devices_enrolment", check, _("Windows PCs may enrol"))
        return
    names = ", ".join(rule.name for rule in blocking)
    with database.read() as session:
        ours = store.pcs_to_be_set_up(session)
    unknown = _not_among(ours, devices.autopilot())
    if not unknown:
        yield judged(
            "devices_enrolment",
            check,
            _("{names} blocks private Windows; Autopilot knows all {count} PCs").format(
                names=names, count=len(ours)
            ),
        )
        return
    yield judged(
        "devices_enrolment",
        check,
        _(
            "{names} blocks private Windows, and {count} of our {all} PCs would be taken for "
            "private at their set-up: {tags}"
        ).format(
            names=names,
            count=len(unknown),
            all=len(ours),
            tags=", ".join(unknown[:_SHOWN]) + (" ..." if len(unknown) > _SHOWN else ""),
        ),
        warning=_(
            "register them with Autopilot before they are set up, or let the rule be for a group "
            "without them"
        ),
    )


def _not_among(ours: Collection[tuple[str, str | None]], serials: Collection[str]) -> list[str]:
    known = {match_key(serial) for serial in serials}
    return [tag for tag, serial in ours if not serial or match_key(serial) not in known]


def _of_the_tables(database: Database, settings: Settings, now: datetime) -> Iterator[Finding]:
    found = alarms(database, settings, now)
    texts = [f"{one.number} {one.name} ({one.why})" for one in found[:_SHOWN]]
    yield judged(
        "devices_alarms",
        _("alarms of personal devices"),
        "; ".join(texts) + (" ..." if len(found) > _SHOWN else "") if found else _("none"),
        warning="`rollout byod list --alarms`" if found else "",
    )
    last = last_reading(database)
    late = last is not None and now - last > _LATE * timedelta(minutes=settings.byod.sync_minutes)
    yield judged(
        "devices_reading",
        _("reading of personal devices"),
        f"{last.astimezone(settings.programme.zone):%Y-%m-%d %H:%M}" if last else _("never"),
        warning=_("see whether the daemon runs, or `rollout byod sync`") if late else "",
    )
