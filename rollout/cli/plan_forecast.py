"""`rollout plan forecast` and `rollout plan backtest`"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import day_option
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.backtest import Backtest, Compared
    from rollout.application.forecast import Forecast
    from rollout.planning.forecast import Endangered, Outlook

SHOWN = 3
"""Endangered waves, sites and departments that are listed, of each."""


def forecast(
    context: typer.Context,
    seed: Annotated[int, typer.Option("--seed", help=_("of the random numbers"))] = 1,
    as_json: AsJson = False,
) -> None:
    """The command `plan forecast`."""
    from rollout.application import forecast as forecasting

    application = invocation(context).application()
    made = forecasting.forecast(
        application.database, application.settings, now=application.clock.now(), seed=seed
    )
    if as_json:
        print_json(_as_json(made))
    else:
        _print(made)


def _as_json(made: "Forecast") -> dict[str, Any]:
    from rollout.application.forecast import sentence

    found, seen = made.outlook, made.observed
    return {
        "day": made.day,
        "cutover": made.cutover,
        "done": made.done,
        "left": made.left,
        "undated": made.undated,
        "required_per_day": made.required_per_day,
        "actual_per_day": made.actual_per_day,
        "observed": {
            "succeeded": seen.succeeded,
            "failed": seen.failed,
            "silent": seen.silent,
            "retried": seen.retried,
            "days": len(seen.by_day),
        },
        "not_computable": sentence(made.missing) if made.missing else None,
        "lack": made.missing.lack.value if made.missing else None,
        "p10": found.p10 if found else None,
        "p50": found.p50 if found else None,
        "p90": found.p90 if found else None,
        "probability": found.probability if found else None,
        "endangered": [
            {
                "kind": entry.kind.value,
                "name": entry.name,
                "late": round(entry.late, 4),
                "last_day": entry.last_day,
            }
            for entry in (found.endangered if found else ())
        ],
    }


def _print(made: "Forecast") -> None:
    say(
        _("{day}: {done} done, {left} left until {cutover}").format(
            day=made.day, done=made.done, left=made.left, cutover=made.cutover
        )
    )
    if made.undated:
        say(
            _("{number} of them have no date yet; they are taken as due on the last day").format(
                number=made.undated
            )
        )
    say(
        _("machines a day: {required} required, {actual} on the last working days").format(
            required=made.required_per_day or "–",
            actual="–" if made.actual_per_day is None else made.actual_per_day,
        )
    )
    seen = made.observed
    say(
        _("last working days: {good} done, {failed} failed, {silent} silent, {again} tried again")
        .format(good=seen.succeeded, failed=seen.failed, silent=seen.silent, again=seen.retried)
    )  # fmt: skip
    if made.missing is not None:
        from rollout.application.forecast import sentence

        say(_("not computable yet: {reason}").format(reason=sentence(made.missing)))
    elif made.outlook is None:
        say(_("nothing is left to forecast"))
    else:
        _print_outlook(made.outlook)


def _print_outlook(found: "Outlook") -> None:
    later = _("later than half a year after the cutover")
    say(
        _("finish: {p10} (P10), {p50} (P50), {p90} (P90)").format(
            p10=found.p10 or later, p50=found.p50 or later, p90=found.p90 or later
        )
    )
    say(_("the cutover is met in {share} of the trials").format(share=_percent(found.probability)))
    if not found.endangered:
        return
    from rollout.planning.forecast import PartKind

    listed = [
        entry
        for kind in (PartKind.SITE, PartKind.WAVE, PartKind.DEPARTMENT)
        for entry in [each for each in found.endangered if each.kind is kind][:SHOWN]
    ]
    first = found.first
    if first is not None:
        say(_("first in danger: {what}").format(what=_named(first)))
    print_table(
        [_("in danger"), _("late in"), _("planned until")],
        [[_named(entry), _percent(entry.late), entry.last_day or "–"] for entry in listed],
    )


def _named(entry: "Endangered") -> str:
    from rollout.i18n.labels import label

    return f"{label(entry.kind)} {entry.name}"


def _percent(share: float) -> str:
    """Never 0 % or 100 % of what is neither impossible nor certain."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def backtest(
    context: typer.Context,
    until: Annotated[date | None, day_option("--until", _("the last day of the history"))] = None,
    seed: Annotated[int, typer.Option("--seed", help=_("of the random numbers"))] = 1,
    as_json: AsJson = False,
) -> None:
    """The command `plan backtest`."""
    from rollout.application import backtest as backtesting

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
            _("everything was done on {day}: {goal} machines").format(
                day=made.reached, goal=made.goal
            )
        )
    else:
        say(
            _("{goal} machines were done on {day}: each forecast is asked for that number").format(
                day=made.reached, goal=made.goal
            )
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
        .format(judged=len(made.judged), days=len(made.days), inside=_percent(made.inside))
    )  # fmt: skip
    if made.error is not None and made.lean is not None:
        say(
            _("P50 was wrong by {error:g} working days in the middle; {lean}").format(
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
    "forecast": (
        forecast,
        _("Whether the cutover holds: finish day, probability, what endangers it."),
    ),
    "backtest": (
        backtest,
        _("What the forecast would have said on each day, beside what happened."),
    ),
}
