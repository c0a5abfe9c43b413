"""`rollout byod`"""

from typing import Annotated, Any

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import print_json, say
from rollout.domain.personal_device import ApplicationKind, DeviceState, Platform
from rollout.i18n import _

app = typer.Typer(
    name="byod", help=_("Personal devices and their applications."), no_args_is_help=True
)
Number = Annotated[int, typer.Argument(metavar="NUMBER")]
Head = Annotated[str | None, typer.Option(help=_("the head of office who agreed"))]


@app.command(name="list", help=_("Applications and devices, oldest first."))
def list_(
    context: typer.Context,
    state: Annotated[DeviceState | None, typer.Option(help=_("only in this state"))] = None,
    platform: Annotated[Platform | None, typer.Option(help=_("only of this platform"))] = None,
    person: Annotated[str | None, typer.Option(help=_("only this staff number"))] = None,
    department: Annotated[
        str | None,
        typer.Option(help=_("only this bureau, or bureau and division with a space between")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from rollout.application.byod.listing import devices
    from rollout.i18n.labels import label

    application = invocation(context).application()
    rows = devices(
        application.database,
        application.settings,
        state=state,
        platform=platform,
        staff_number=person,
        department=department,
    )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        words = (label(Platform(row["platform"])), label(DeviceState(row["state"])))
        say("  ".join(str(cell) for cell in _cells(row, *words)))
    say(_("{count} applications and devices").format(count=len(rows)))


def _cells(row: dict[str, Any], platform: str, state: str) -> list[object]:
    told = [row["number"], state, row["staff_number"], row["name"], platform, row["model"]]
    return [*told, *([row["cause"]] if row["cause"] else [])]


@app.command(help=_("Take in one application."))
def apply(
    context: typer.Context,
    staff_number: Annotated[str, typer.Argument(metavar="STAFF_NUMBER")],
    platform: Annotated[Platform, typer.Option(help=_("what the device runs"))],
    model: Annotated[str, typer.Option(help=_("make and model"))],
    purpose: Annotated[str, typer.Option(help=_("what it is used for"))],
    consented: Annotated[str, typer.Option(help=_("day of the consent to the rules"))],
    rules: Annotated[str, typer.Option(help=_("version of the rules that was consented to"))],
    kind: Annotated[
        ApplicationKind, typer.Option(help=_("the first device, or one more"))
    ] = ApplicationKind.NEW,
    head_of_office: Head = None,
) -> None:
    from rollout.application.byod.applying import DeviceApplication
    from rollout.application.byod.applying import apply as take_in
    from rollout.domain.dates import parse_date
    from rollout.domain.text import ValueRefused

    given = invocation(context)
    application = given.application()
    try:
        day = parse_date(consented)
    except ValueRefused:
        raise typer.BadParameter(_("--consented is a day such as 2022-11-30")) from None
    form = DeviceApplication(
        staff_number, platform, model, purpose, kind, rules.strip(), day, head_of_office
    )
    received = take_in(
        application.database,
        application.settings,
        form,
        application.operator(given.actor),
        application.clock.now(),
    )
    say(_("application {number} was taken in").format(number=received.number))
    _say_lacks(received.lacks)


@app.command(help=_("Let a device be used; not by whoever applied."))
def approve(
    context: typer.Context, number: Number, reason: Reason = None, head_of_office: Head = None
) -> None:
    _say_lacks(_decide(context, number, reason, approve=True, head=head_of_office))
    say(_("application {number} is approved").format(number=number))


@app.command(help=_("Refuse a device; needs a reason."))
def reject(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _decide(context, number, reason, approve=False)
    say(_("application {number} is rejected").format(number=number))


def _decide(
    context: typer.Context,
    number: int,
    reason: str | None,
    *,
    approve: bool,
    head: str | None = None,
) -> tuple[str, ...]:
    from rollout.application.byod.applying import decide

    given = invocation(context)
    application = given.application()
    return decide(
        application.database,
        application.settings,
        number,
        application.operator(given.actor),
        application.clock.now(),
        approve=approve,
        reason=reason,
        head_of_office=head,
    )


def _say_lacks(lacks: tuple[str, ...]) -> None:
    for text in lacks:
        say(_("still missing: {what}").format(what=text))
