"""`rollout takehome`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import OnlyPeople, Tag, asset_tag, day_option, staff_number
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.takehome.listing import Listed
    from rollout.application.takehome.outlook import Outlook
    from rollout.bootstrap import Application
    from rollout.domain.takeout import TakeoutVerb
    from rollout.store.takeouts import Filter

app = typer.Typer(
    name="takehome",
    help=_("Taking PCs out of the office: applications, approvals, returns."),
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(help=_("number of the application"), metavar="N")]
From = Annotated[date, day_option("--from", _("first day"), last=False)]
To = Annotated[date, day_option("--to", _("last day"))]
On = Annotated[date | None, day_option("--date", _("the day; today"))]


@app.command("list", help=_("Applications with what their PCs lack today."))
def listed(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help=_("only these states"))] = None,
    department: Annotated[
        list[str] | None,
        typer.Option(help=_("only this bureau, or bureau and division with a space between")),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(parser=asset_tag, metavar="TAG", help=_("only these PCs")),
    ] = None,
    person: OnlyPeople = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help=_("only PCs that should be back"))
    ] = False,
    pcs: Annotated[
        bool,
        typer.Option(
            "--pcs",
            help=_("every PC instead, with the day from which it may leave, applied for or not"),
        ),
    ] = False,
    generation: Annotated[
        list[str] | None, typer.Option(help=_("with --pcs: only these generations"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    from rollout.application.choosing import today
    from rollout.application.takehome.listing import how_many, listing
    from rollout.domain.takeout import TakeoutState
    from rollout.store.takeouts import Filter

    for word in state or ():
        if word not in set(TakeoutState):
            raise typer.BadParameter(
                _("there is no state {word}: {known}").format(
                    word=word, known=", ".join(TakeoutState)
                )
            )
    application = invocation(context).application()
    at = application.clock.now()
    wanted = Filter(
        tuple(state or ()),
        tuple(department or ()),
        tuple(tag or ()),
        tuple(person or ()),
        today(application.settings, at) if overdue else None,
    )
    if pcs:
        _outlook(application, wanted, generation or [], as_json)
        return
    limit = None if as_json else SHOWN
    found = listing(application.database, application.settings, at, wanted, limit=limit)
    if as_json:
        print_json([_item(entry) for entry in found])
    elif not found:
        say(_("no application matches"))
    else:
        print_table(
            [
                _("number"),
                _("asset tag"),
                _("person"),
                _("department"),
                _("state"),
                _("first day"),
                _("last day"),
                _("taken to"),
                _("overdue (days)"),
                _("PIN"),
                _("missing"),
                _("may go from"),
            ],
            [_row(entry) for entry in found],
        )
        more = how_many(application.database, wanted) - len(found)
        if more:
            say(_("and {count} more: see --json").format(count=more))


SHOWN = 50
"""Rows that are printed before the rest is only counted."""


def _outlook(
    application: "Application", wanted: "Filter", generations: list[str], as_json: bool
) -> None:
    from rollout.application.takehome.outlook import by_generation, outlook
    from rollout.i18n.labels import label

    at = application.clock.now()
    found = outlook(application.database, application.settings, at, wanted, generations)
    if as_json:
        print_json([_pc(one) for one in found])
        return
    print_table(
        [
            _("generation"),
            _("number of PCs"),
            _("may leave now"),
            _("the last one from"),
            _("no day yet"),
            _("never"),
        ],
        [
            [one.generation, one.pcs, one.now, one.last_day or "", one.undated, one.never]
            for one in by_generation(found)
        ],
    )
    print_table(
        [
            _("asset tag"),
            _("generation"),
            _("person"),
            _("department"),
            _("may go from"),
            _("when"),
            _("successor"),
            _("application"),
        ],
        [
            [
                one.pc.tag,
                one.pc.generation,
                f"{one.pc.staff_number} {one.pc.name}",
                one.department,
                one.may_go.day or "",
                label(one.may_go.when),
                one.pc.successor or "",
                one.pc.application or "",
            ]
            for one in found[:SHOWN]
        ],
    )
    if len(found) > SHOWN:
        say(_("and {count} more: see --json").format(count=len(found) - SHOWN))


def _pc(one: "Outlook") -> dict[str, Any]:
    return {
        "asset_tag": one.pc.tag,
        "generation": one.pc.generation,
        "state": one.pc.state,
        "staff_number": one.pc.staff_number,
        "name": one.pc.name,
        "department": one.department,
        "may_go_from": one.may_go.day,
        "when": one.may_go.when,
        "successor": one.pc.successor,
        "application": one.pc.application,
    }


def _item(entry: "Listed") -> dict[str, Any]:
    return {
        "number": entry.number,
        "asset_tag": entry.tag,
        "generation": entry.generation,
        "machine_state": entry.machine_state,
        "staff_number": entry.staff_number,
        "name": entry.name,
        "department": entry.department,
        "state": entry.state,
        "from": entry.first,
        "to": entry.last,
        "place": entry.place,
        "purpose": entry.purpose,
        "applied_by": entry.applied_by,
        "decided_by": entry.decided_by,
        "emergency": entry.emergency,
        "out_on": entry.out_on,
        "returned_on": entry.returned_on,
        "cause": entry.cause,
        "days_overdue": entry.days_overdue,
        "pin": entry.pin,
        "missing": [str(lack) for lack in entry.lacks],
        "may_go_from": entry.may_go_from,
    }


def _row(entry: "Listed") -> list[object]:
    from rollout.domain.takeout import PinState
    from rollout.i18n.labels import label

    return [
        entry.number,
        entry.tag,
        f"{entry.staff_number} {entry.name}",
        entry.department,
        label(entry.state),
        entry.first,
        entry.last,
        entry.place,
        entry.days_overdue or "",
        label(PinState(entry.pin)) if entry.pin else "",
        entry.cause or "; ".join(entry.lacks),
        entry.may_go_from or "",
    ]


@app.command(help=_("Enter an application; another operator decides."))
def apply(
    context: typer.Context,
    tag: Tag,
    person: Annotated[
        str,
        typer.Option(parser=staff_number, metavar="N", help=_("staff number of the applicant")),
    ],
    first: From,
    last: To,
    place: Annotated[str, typer.Option(help=_("where the PC will be"))],
    purpose: Annotated[str, typer.Option(help=_("what for"))],
) -> None:
    from rollout.application.takehome import decisions

    given = invocation(context)
    application = given.application()
    operator, at = application.operator(given.actor), application.clock.now()
    wish = decisions.Wish(tag, person, first, last, place, purpose)
    number = decisions.apply(application.database, application.settings, wish, operator, at)
    say(
        _("{number}: waits for another operator: `rollout takehome approve {number}`").format(
            number=number
        )
    )


@app.command(help=_("Allow an application, or every PC of a department in an emergency."))
def approve(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(help=_("number of the application"), metavar="[N]")
    ] = None,
    department: Annotated[
        str | None, typer.Option(help=_("blanket approval for this department"))
    ] = None,
    first: Annotated[date | None, day_option("--from", _("first day"), last=False)] = None,
    last: Annotated[date | None, day_option("--to", _("last day"))] = None,
    reason: Reason = None,
) -> None:
    from rollout.application.takehome import decisions
    from rollout.domain.takeout import TakeoutVerb

    if (number is None) == (department is None):
        raise typer.BadParameter(_("either the number of an application or --department"))
    given = invocation(context)
    application = given.application()
    database, settings = application.database, application.settings
    operator, at = application.operator(given.actor), application.clock.now()
    if number is not None:
        decisions.decide(database, settings, number, TakeoutVerb.APPROVE, operator, at, reason)
        say(_("{number}: approved").format(number=number))
        return
    if department is None or first is None or last is None:
        raise typer.BadParameter(_("a blanket approval needs --from and --to"))
    done = decisions.emergency(
        database, settings, department, first, last, reason or "", operator, at
    )
    text = _("{count} {count:PC|PCs} of {department} approved")
    say(text.format(count=len(done.made), department=department))
    for tag, why in done.left_out:
        say(f"{tag}: {why}")


@app.command(help=_("Refuse an application."))
def reject(context: typer.Context, number: Number, reason: Reason = None) -> None:
    from rollout.application.takehome import decisions
    from rollout.domain.takeout import TakeoutVerb

    given = invocation(context)
    application = given.application()
    decisions.decide(
        application.database,
        application.settings,
        number,
        TakeoutVerb.REJECT,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(_("{number}: rejected").format(number=number))


@app.command(help=_("Take an application back before the PC may leave."))
def withdraw(context: typer.Context, number: Number, reason: Reason = None) -> None:
    from rollout.domain.takeout import TakeoutVerb

    _report(context, number, TakeoutVerb.WITHDRAW, None, reason)
    say(_("{number}: withdrawn").format(number=number))


@app.command("out", help=_("Report that the PC has left the office."))
def out(context: typer.Context, number: Number, on: On = None, reason: Reason = None) -> None:
    from rollout.domain.takeout import TakeoutVerb

    _report(context, number, TakeoutVerb.TAKE_OUT, on, reason)
    say(_("{number}: the PC is out").format(number=number))


@app.command("return", help=_("Report that the PC is in the office again."))
def give_back(context: typer.Context, number: Number, on: On = None, reason: Reason = None) -> None:
    from rollout.domain.takeout import TakeoutVerb

    _report(context, number, TakeoutVerb.BRING_BACK, on, reason)
    say(_("{number}: the PC is back").format(number=number))


def _report(
    context: typer.Context,
    number: int,
    verb: "TakeoutVerb",
    day: date | None,
    reason: str | None,
) -> None:
    from rollout.application.takehome import decisions

    given = invocation(context)
    application = given.application()
    decisions.report(
        application.database,
        application.settings,
        number,
        verb,
        application.operator(given.actor),
        application.clock.now(),
        day=day,
        reason=reason,
    )
