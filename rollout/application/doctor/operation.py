"""Does somebody act, are questions answered, do the nights go well, does the clock make sense?"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from rollout.application import backup
from rollout.application.choosing import today
from rollout.application.doctor.finding import Finding, judged
from rollout.application.exports.nights import EXPORTS
from rollout.application.measures import last_backup
from rollout.application.upkeep import FORECAST, PEOPLE, TIDY
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import backup as copies
from rollout.store import (
    claims,
    commands,
    inspection,
    leases,
    moments,
    nightly,
    pending_controls,
    retirements,
    stops,
    waves,
)
from rollout.store.database import Database
from rollout.store.tables import NightlyWork

STUCK = timedelta(minutes=10)
"""A command is answered within a tick or with the end of a run."""
FUTURE = timedelta(minutes=5)


def examine(opened: Database, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The daemon's side of the tables."""
    with opened.read() as session:
        lease = leases.holder(session, now=moments.real_now(session))
        running = waves.in_states(session, WaveState.RUNNING, WaveState.SOAKING)
        asked = commands.open_ones(session)
        late = claims.overdue(session, now)
        stopped = stops.in_force(session)
        nights = {night.name: night for night in nightly.all_of(session)}
        newest = inspection.last_fact(session)
        lacking = pending_controls.need_a_person(session)
        overdue = retirements.listing(session, lease_before=today(settings, now))
    acting = lease is not None
    yield judged(
        "daemon",
        _("daemon"),
        lease.holder or "" if lease else _("not running"),
        # No daemon is no fault while nothing is to be done.
        warning="rollout serve" if running and not acting else "",
    )
    old = [command for command in asked if now - command.created_at > STUCK]
    yield judged(
        "commands",
        _("commands"),
        _(
            "{count} {count:waits|wait}, {old} for longer than {minutes} {minutes:minute|minutes}"
        ).format(count=len(asked), old=len(old), minutes=int(STUCK.total_seconds() // 60)),
        warning=(_("see the daemon's log") if acting else "rollout serve") if old else "",
    )
    yield judged(
        "claims",
        _("steps beyond their deadline"),
        str(len(late)),
        warning=(_("see the daemon's log") if acting else "rollout serve")
        if [claim for claim in late if now - claim.deadline_at > STUCK]
        else "",
    )
    if stopped:
        yield judged(
            "stops",
            _("stops in force"),
            "; ".join(stop.reason for stop in stopped),
            warning="rollout stops; rollout resume",
        )
    if lacking:
        yield judged(
            "evidence",
            _("evidence"),
            _("{count} {count:machine in use lacks|machines in use lack} a control").format(
                count=lacking
            ),
            warning="rollout machine list --needs-a-person",
        )
    if overdue:
        yield judged(
            "returns",
            _("returns"),
            _("{count} replaced {count:machine|machines} should be back with their lessor").format(
                count=len(overdue)
            ),
            warning="rollout machine replaced --overdue",
        )
    if copies.ours(opened):
        yield _backup(settings, now, nights)
    yield from _other_nights(nights)
    yield _clock(settings, now, newest)


def _other_nights(nights: dict[str, NightlyWork]) -> Iterator[Finding]:
    """What the last night could not do, besides the backup."""
    for name, said in (
        (TIDY, _("nightly tidying")),
        (FORECAST, _("nightly forecast")),
        (PEOPLE, _("nightly figures of people")),
        (EXPORTS, _("nightly export")),
    ):
        night = nights.get(name)
        if night is not None and not night.ok:
            yield judged(name, said, night.note, warning=_("mend it: it is tried again every hour"))


def _backup(settings: Settings, now: datetime, nights: dict[str, NightlyWork]) -> Finding:
    night = nights.get(backup.NIGHTS)
    age = last_backup(list(nights.values()), now)
    failed = night.note if night is not None and not night.ok else ""
    if failed:
        found = _("that of the last night failed: {why}").format(why=failed)
    elif age is None:
        found = _("none yet; the first comes in the night, when the daemon runs")
    else:
        found = _("{hours:.0f} h ago").format(hours=age / 3600)
    late = age is None or age > settings.backup.warn_hours * 3600
    return judged(
        "backup",
        _("last backup"),
        found,
        problem=_("mend that, then `rollout backup`") if failed and late else "",
        warning="rollout backup" if late or failed else "",
    )


def _clock(settings: Settings, now: datetime, newest: datetime | None) -> Finding:
    zone = settings.programme.zone
    found = f"{now.astimezone(zone):%Y-%m-%d %H:%M %Z} ({settings.programme.timezone})"
    warning = ""
    if newest is not None and newest - now > FUTURE:
        warning = _("the history reaches {moment}: set the clock right").format(
            moment=f"{newest.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    elif os.environ.get("ROLLOUT_NOW"):
        warning = _("ROLLOUT_NOW sets the programme's clock: only for rehearsals")
    return judged("clock", _("clock"), found, warning=warning)
