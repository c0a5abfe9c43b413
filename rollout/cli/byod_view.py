"""`rollout byod list` and `rollout byod show`"""

from dataclasses import replace
from typing import Annotated, Any

import typer

from rollout.cli.byod import Number, app
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import OnlyPerson
from rollout.cli.output import moment, print_json, print_table, say
from rollout.domain.errors import RolloutError
from rollout.domain.personal_device import (
    ApplicationKind,
    DeviceState,
    Ownership,
    Platform,
    StrayReason,
)
from rollout.domain.text import tidy
from rollout.i18n import _
from rollout.i18n.labels import label

_SHOWN = 200


@app.command(name="list", help=_("Applications and devices, oldest first."))
def list_(
    context: typer.Context,
    state: Annotated[list[DeviceState] | None, typer.Option(help=_("only in this state"))] = None,
    platform: Annotated[
        list[Platform] | None, typer.Option(help=_("only of this platform"))
    ] = None,
    person: OnlyPerson = None,
    department: Annotated[
        str | None,
        typer.Option(help=_("only this bureau, or bureau and division with a space between")),
    ] = None,
    text: Annotated[str, typer.Option(help=_("part of staff number, name or model"))] = "",
    alarms: Annotated[
        bool, typer.Option("--alarms", help=_("only those that somebody should look at"))
    ] = False,
    strays: Annotated[
        bool, typer.Option("--strays", help=_("registered devices without an application"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from rollout.application.byod.listing import devices, how_many
    from rollout.store.personal_devices import Wanted

    application = invocation(context).application()
    if strays:
        _strays(application, as_json)
        return
    wanted = Wanted(
        states=tuple(state or ()),
        platforms=tuple(platform or ()),
        staff_number=person,
        department=department,
        text=tidy(text),
        alarmed=alarms,
    )
    database, settings, now = application.database, application.settings, application.clock.now()
    if as_json:
        print_json(devices(database, settings, now, wanted))
        return
    count = how_many(database, settings, now, wanted)
    rows = devices(database, settings, now, replace(wanted, limit=_SHOWN))
    if rows:
        columns = (
            _("number"), _("state"), _("person"), _("department"), _("platform"), _("model"),
            _("since"), _("days"), _("look"),
        )  # fmt: skip
        print_table(columns, [_cells(row) for row in rows])
        for row in rows if alarms else ():
            for why in row["alarm_reasons"]:
                say(f"{row['number']}: {why}")
    say(_("{count} {count:application or device|applications and devices}").format(count=count))
    if count > len(rows):
        say(_("and {number} more: see --json").format(number=count - len(rows)))


def _cells(row: dict[str, Any]) -> list[object]:
    from rollout.application.byod.listing import DeviceAlarm

    look = "; ".join(label(DeviceAlarm(word)) for word in row["alarms"]) or row["cause"] or ""
    return [
        row["number"],
        label(DeviceState(row["state"])),
        f"{row['staff_number']} {row['name']}",
        row["department"],
        label(Platform(row["platform"])),
        row["model"],
        row["since"][:10],
        "" if row["leaving_days"] is None else row["leaving_days"],
        look,
    ]


def _strays(application: Any, as_json: bool) -> None:
    from rollout.application.byod.listing import strays

    found = strays(application.database)
    zone = application.settings.programme.zone
    if as_json:
        print_json(
            [
                {
                    "key": one.key,
                    "reason": one.reason.value,
                    "staff_number": one.staff_number,
                    "name": one.name,
                    "department": one.department,
                    "platform": one.platform,
                    "model": one.model,
                    "device_name": one.device_name,
                    "company": one.company,
                    "first_seen": moment(one.first_seen, zone),
                    "last_seen": moment(one.last_seen, zone),
                }
                for one in found
            ]
        )
        return
    if found:
        print_table(
            (_("reason"), _("person"), _("department"), _("platform"), _("model"), _("device"),
             _("first seen"), _("last seen")),
            [
                [
                    label(one.reason), f"{one.staff_number or ''} {one.name or ''}".strip(),
                    one.department, _platform(one.platform), one.model, one.device_name,
                    (moment(one.first_seen, zone) or "")[:10],
                    (moment(one.last_seen, zone) or "")[:10],
                ]
                for one in found[:_SHOWN]
            ],
        )  # fmt: skip
        for reason in StrayReason:
            count = sum(one.reason is reason for one in found)
            if count:
                say(f"{label(reason)}: {count}")
    say(
        _("{count} registered {count:device|devices} without an application").format(
            count=len(found)
        )
    )


def _platform(word: str) -> str:
    return label(Platform(word)) if word in set(Platform) else word


@app.command(help=_("One device: what is known, what is missing, its history."))
def show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    from rollout.application.byod.listing import detail

    application = invocation(context).application()
    found = detail(application.database, application.settings, number, application.clock.now())
    if found is None:
        raise RolloutError(
            _("there is no application {number}: see `rollout byod list`").format(number=number)
        )
    if as_json:
        print_json(found)
        return
    from rollout.application.byod.listing import DeviceAction, DeviceAlarm
    from rollout.application.fact_words import fact_words
    from rollout.domain.personal_device import PERSONAL_DEVICE

    verb, noun = fact_words().verb, PERSONAL_DEVICE.noun
    consent = _("version {rules}, {day}").format(**found["consent"])
    for name, value in (
        (_("state"), label(DeviceState(found["state"]))),
        (_("since"), found["since"]),
        (_("cause"), found["cause"]),
        (_("person"), f"{found['staff_number']} {found['name']}"),
        (_("department"), found["department"]),
        (_("device"), f"{label(Platform(found['platform']))} {found['model']}"),
        (_("kind"), label(ApplicationKind(found["kind"]))),
        (_("purpose"), found["purpose"]),
        (_("consent"), consent),
        (_("head of office"), found["head_of_office"]),
        (_("decided by"), found["decided_by"]),
        (_("invited"), found["invited_at"]),
        (_("last seen"), found["last_seen"]),
        (_("ownership"), label(Ownership(found["ownership"]))),
        (_("owner by the service"), found["seen_as"] and label(Ownership(found["seen_as"]))),
        (_("lost on"), found["lost_on"]),
        (_("sign-ins ended"), found["sessions_ended_at"]),
        (_("apps' data ordered away"), found["wipe_ordered_at"]),
        (_("days until now"), found["leaving_days"]),
        (_("refused by the service"), found["trouble"]),
        (_("request id"), found["request_id"]),
        (_("still missing"), "; ".join(found["lacks"])),
        *(
            (_("look"), f"{label(DeviceAlarm(word))} ({why})")
            for word, why in zip(found["alarms"], found["alarm_reasons"], strict=True)
        ),
        (_("possible now"), ", ".join(label(DeviceAction(word)) for word in found["actions"])),
    ):
        if value not in (None, ""):
            say(f"{name}: {value}")
    print_table(
        (_("moment"), _("who"), _("what"), _("reason")),
        [
            [fact["at"], fact["actor"], verb((noun, fact["verb"])), fact["reason"] or ""]
            for fact in found["history"]
        ],
    )
