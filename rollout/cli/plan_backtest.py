"""`rollout plan backtest`"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import day_option
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.cli.plan_forecast import percent
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.planning.backtesting import Backtest, Compared


def backtest(
    context: typer.Context,
    until: Annotated[date | None, day_option("--until", _("the last day of the history"))] = None,
    seed: Annotated[int, typer.Option("--seed", help=_("of the random numbers"))] = 1,
    as_json: AsJson = False,
) -> None:
    """The command `plan backtest`."""
    from rollout.application.planning import backtesting

    application = invocation(context).application()
    with progress_bar(_("days")) as bar:
        made = backtesting.backtest(
            application.database,
            application.settings,
            now=application.clock.now(),
            until=until,
            seed=seed,
            progress=bar,
        )
    if as_json:
        print_json(_backtest_json(made))
    else:
        _print_backtest(made)


def _backtest_json(made: "Backtest") -> dict[str, Any]:
    return {
        "goal": made.goal,
        "reached": made.reached,
        "complete": made.complete,
        "days": len(made.days),
        "judged": len(made.judged),
        "inside": made.inside,
        "error_days": made.error,
        "lean_days": made.lean,
        "by_day": [_compared_json(day) for day in made.days],
    }


def _compared_json(compared: "Compared") -> dict[str, Any]:
    made = compared.made
    found = made.outlook
    return {
        "day": compared.day,
        "done": made.done,
        "left": made.left,
        "lack": made.missing.lack.value if made.missing else None,
        "p10": found.p10 if found else None,
        "p50": found.p50 if found else None,
        "p90": found.p90 if found else None,
        "inside": compared.inside,
        "error_days": compared.error,
    }


def _print_backtest(made: "Backtest") -> None:
    if made.complete:
        say(
            _("everything was done on {day}: {goal} {goal:machine|machines}").format(
                day=made.reached, goal=made.goal
            )
        )
    else:
        say(
            _(
                "{goal} {goal:machine was|machines were} done on {day}: each forecast is asked "
                "for that number"
            ).format(day=made.reached, goal=made.goal)
        )
    print_table(
        [_("forecast of"), _("done"), "P10", "P50", "P90", _("within"), _("error of P50")],
        [_row(day) for day in made.days],
    )
    if made.inside is None:
        say(_("no day had enough history for a forecast"))
        return
    say(
        _("{judged} of {days} days had a forecast; it happened between P10 and P90 on {inside}")
        .format(judged=len(made.judged), days=len(made.days), inside=percent(made.inside))
    )  # fmt: skip
    if made.error is not None and made.lean is not None:
        say(
            _("P50 was wrong by {error:g} working {error:day|days} in the middle; {lean}").format(
                error=made.error, lean=_lean(made.lean)
            )
        )


def _row(compared: "Compared") -> list[object]:
    from rollout.i18n.labels import label

    made, found = compared.made, compared.made.outlook
    if found is None:
        why = label(made.missing.lack) if made.missing else "–"
        return [compared.day, made.done, _("not computable"), why, "", "", ""]
    error = "–" if compared.error is None else f"{compared.error:+d}"
    inside = _("yes") if compared.inside else _("no")
    days = [day or _("beyond") for day in (found.p10, found.p50, found.p90)]
    return [compared.day, made.done, *days, inside, error]


def _lean(lean: float) -> str:
    if lean > 0:
        return _("the forecasts were too early")
    return _("the forecasts were too late") if lean < 0 else _("as often too early as too late")


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "backtest": (
        backtest,
        _("What the forecast would have said on each day, beside what happened."),
    ),
}
