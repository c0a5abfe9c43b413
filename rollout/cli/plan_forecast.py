"""`rollout plan forecast`"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.planning.forecasting import Forecast
    from rollout.bootstrap import Application
    from rollout.planning.forecast import Endangered, Outlook
    from rollout.store.tables import DayForecast

SHOWN = 3
"""Endangered waves, sites and departments that are listed, of each."""


def forecast(
    context: typer.Context,
    seed: Annotated[int, typer.Option("--seed", help=_("of the random numbers"))] = 1,
    history: Annotated[
        bool, typer.Option("--history", help=_("the last forecast of each day that was kept"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The command `plan forecast`."""
    from rollout.application.planning import forecasting

    application = invocation(context).application()
    if history and as_json:
        print_json([row.model_dump() for row in forecasting.kept(application.database)])
        return
    if history:
        _print_kept(application)
        return
    made = forecasting.forecast(
        application.database, application.settings, now=application.clock.now(), seed=seed
    )
    if as_json:
        print_json(_as_json(made))
    else:
        _print(made)


def _as_json(made: "Forecast") -> dict[str, Any]:
    from rollout.application.planning.forecasting import sentence

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
            _(
                "{number} of them {number:has no date yet; it is|have no date yet; they are} "
                "taken as due on the last day"
            ).format(number=made.undated)
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
        from rollout.application.planning.forecasting import sentence

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
    say(_("the cutover is met in {share} of the trials").format(share=percent(found.probability)))
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
        [[_named(entry), percent(entry.late), entry.last_day or "–"] for entry in listed],
    )


def _named(entry: "Endangered") -> str:
    from rollout.i18n.labels import label

    return f"{label(entry.kind)} {entry.name}"


def percent(share: float) -> str:
    """Never 0 % or 100 % of what is neither impossible nor certain."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def _print_kept(application: "Application") -> None:
    """The last forecast of each day."""
    from rollout.application.planning import forecasting

    rows = forecasting.kept(application.database)
    if not rows:
        say(_("no forecast is kept yet: the daemon makes one each night"))
        return
    print_table(
        [
            _("forecast of"),
            _("done"),
            _("left"),
            "P10",
            "P50",
            "P90",
            _("in time"),
            _("endangered by"),
        ],
        [
            [
                row.day,
                row.done,
                row.remaining,
                *_kept_days(row),
                _in_time(row),
                forecasting.kept_reason(row) or _endangered(row),
            ]
            for row in rows
        ],
    )


def _kept_days(row: "DayForecast") -> list[object]:
    beyond = "–" if row.probability is None else _("beyond")
    return [day or beyond for day in (row.p10, row.p50, row.p90)]


def _in_time(row: "DayForecast") -> str:
    if row.probability is not None:
        return percent(row.probability)
    return _("not computable") if row.missing else "–"


def _endangered(row: "DayForecast") -> str:
    if row.endangered_by is None or row.endangered_kind is None:
        return row.endangered_by or "–"
    from rollout.planning.forecast import Endangered, PartKind

    return _named(Endangered(PartKind(row.endangered_kind), row.endangered_by, 0.0))


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "forecast": (
        forecast,
        _("Whether the cutover holds: finish day, probability, what endangers it."),
    ),
}
