"""Two forecasts in words: with the days as they are, and as they would be."""

from rich.cells import cell_len

from rollout.application.planning.effect import Compared
from rollout.application.planning.forecasting import Forecast, sentence
from rollout.i18n import _


def compared_lines(compared: Compared, before: str, after: str) -> list[str]:
    """A line for each, called `before` and `after`; one line where nothing can be said."""
    old, new = compared
    if new.missing is not None:
        return [_("forecast: not computable yet: {why}").format(why=sentence(new.missing))]
    if new.outlook is None:
        return [_("nothing is left to forecast")]
    heads = [_("forecast: {days}").format(days=before), "→ " + after]
    width = max(map(cell_len, heads))
    first, second = (" " * (width - cell_len(head)) + head for head in heads)
    return [f"{first}  {_figures(old)}", f"{second}  {_figures(new)}  {_verdict(compared)}"]


def _figures(found: Forecast) -> str:
    outlook = found.outlook
    if outlook is None:
        return "–"
    return _("P50 {p50}  P90 {p90}  in time {share}").format(
        p50=outlook.p50 or _("beyond"),
        p90=outlook.p90 or _("beyond"),
        share=f"{outlook.probability:.0%}",
    )


def _verdict(compared: Compared) -> str:
    """Which is better, by the figures that are shown: below them it is luck that differs."""
    (old, old_day), (new, new_day) = (
        (round(found.outlook.probability, 2), found.outlook.p50) if found.outlook else (0.0, None)
        for found in compared
    )
    if new == old and new_day == old_day:
        return _("= the same")
    earlier = new_day is not None and (old_day is None or new_day < old_day)
    return _("▲ better") if new > old or (new == old and earlier) else _("▼ worse")
