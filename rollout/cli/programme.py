"""`rollout programme`"""

from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.domain.programme_board import MilestoneState
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.board.view import Board, IndicatorLine

app = typer.Typer(
    name="programme",
    help=_("What the programme promised besides machines: milestones and indicators."),
    no_args_is_help=True,
)

Late = Annotated[bool, typer.Option("--late", help=_("only what is late or missed"))]


@app.command(help=_("Milestones by their day, and indicators by fiscal year."))
def show(context: typer.Context, late: Late = False, as_json: AsJson = False) -> None:
    from rollout.application.board.view import Board, view
    from rollout.application.exports.status.document import board

    application = invocation(context).application()
    zone = application.settings.programme.zone
    found = view(application.database, application.settings, application.clock.now())
    if late:
        found = Board(
            [line for line in found.milestones if line.late],
            [line for line in found.indicators if line.late],
        )
    if as_json:
        print_json(board(found, zone))
    else:
        _print(
            found, promised=bool(application.settings.milestones or application.settings.indicators)
        )


@app.command("set", help=_("Say how a milestone stands, or the figure of an indicator."))
def set_(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help=_("as in the configuration"))],
    state: Annotated[
        MilestoneState | None, typer.Option(help=_("where the milestone stands"))
    ] = None,
    year: Annotated[
        str | None, typer.Option(help=_("fiscal year of the figure, as 2023, FY2023 or 令和5年度"))
    ] = None,
    actual: Annotated[float | None, typer.Option(min=0, help=_("the figure itself"))] = None,
    reason: Reason = None,
) -> None:
    from rollout.application.board import setting

    if (state is None) == (actual is None) or (year is None) != (actual is None):
        raise typer.BadParameter(
            _("give --state for a milestone, or --year and --actual for an indicator")
        )
    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    place = (application.database, application.settings)
    now = application.clock.now()
    if state is not None:
        from rollout.i18n.labels import label

        setting.set_milestone(*place, key, state, operator, now, reason)
        say(f"{key}: {label(state)}")
    elif actual is not None:
        wanted = _year(year or "")
        before = setting.set_indicator(*place, key, wanted, actual, operator, now, reason)
        say(
            _("{key}, fiscal year {year}: {actual} (before: {before})").format(
                key=key, year=wanted, actual=f"{actual:g}",
                before="–" if before is None else f"{before:g}",
            )
        )  # fmt: skip


def _year(text: str) -> int:
    from rollout.settings.board import fiscal_year_of

    try:
        return fiscal_year_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _print(board: "Board", *, promised: bool) -> None:
    if not (board.milestones or board.indicators):
        say(
            _("nothing is late")
            if promised
            else _("the configuration promises nothing: see [milestones] and [indicators]")
        )
        return
    if board.milestones:
        _print_milestones(board)
    if board.indicators:
        _print_indicators(board)


def _print_milestones(board: "Board") -> None:
    from rollout.i18n.labels import label

    print_table(
        [
            _("key"),
            _("milestone"),
            _("due"),
            _("responsible"),
            _("state"),
            _("late by days"),
            _("cause"),
        ],
        [
            [line.key, line.name, line.due, line.owner, label(line.state), line.days_late or "",
             line.cause or ""]
            for line in board.milestones
        ],
    )  # fmt: skip


def _print_indicators(board: "Board") -> None:
    from rollout.i18n.labels import label

    print_table(
        [_("key"), _("indicator"), _("fiscal year"), _("target"), _("actual"), _("how it stands"),
         _("responsible")],
        [
            [line.key, line.name, line.year, _amount(line, line.target),
             _amount(line, line.actual), label(line.standing), line.owner]
            for line in board.indicators
        ],
    )  # fmt: skip


def _amount(line: "IndicatorLine", figure: float | None) -> str:
    return "–" if figure is None else f"{figure:g} {line.unit}".strip()
