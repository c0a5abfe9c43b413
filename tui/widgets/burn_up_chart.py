"""The burn-up as a picture. Importing this costs numpy: a thread does it, after the first paint."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static
from textual_plot import AxisFormatter, HiResMode

from rollout.application.burn_up import BurnUp
from rollout.i18n import _, language
from tui.plain import plain
from tui.themes import BUSY, CALM, GOOD, WARN
from tui.widgets.plot import Plot

BAND, MIDDLE, ACTUAL, PLAN = "░", "▒", "█", "⠉"


class Days(AxisFormatter):
    """The first day of every month, or of every other one where there is no room for all."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """The days as numbers."""
        first, last = date.fromordinal(int(min_)), date.fromordinal(int(max_))
        months = [
            date(first.year + month // 12, 1 + month % 12, 1)
            for month in range(
                first.month, first.month + 12 * (last.year - first.year) + last.month - first.month
            )
        ]
        every = max(1, -(-len(months) // max_ticks))
        return [float(month.toordinal()) for month in months[::every]]

    def get_labels_for_ticks(self, ticks: object) -> list[str]:
        """Year and month, in characters of one cell: the axis counts characters."""
        assert isinstance(ticks, list)  # noqa: S101
        return [f"{date.fromordinal(int(tick)):%Y-%m}" for tick in ticks]


class BurnUpChart(Vertical):
    """A line of words that say what stands for what, and the picture below it.

    Plan, actual and forecast differ by their glyph, not by colour alone.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[object, ...] | None = None
        self._picture: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """Words and picture."""
        yield Static(id="burn-up-words", classes="words", markup=False)
        chart = Plot(id="burn-up-plot", allow_pan_and_zoom=False)
        chart.can_focus = False
        yield chart

    def show_burn_up(self, burn_up: BurnUp) -> None:
        """Draw it, when it or anything about its looks has changed."""
        shown = (burn_up, language(), self.size, self.app.theme)
        if shown == self._shown or not self.size.width:
            return
        self._shown = shown
        self._write(burn_up)
        picture = (_in_steps(burn_up, 2 * self.size.height), self.size, self.app.theme)
        if picture != self._picture:
            self._picture = picture
            self._draw(burn_up)

    def on_resize(self) -> None:
        """The band has to be as dense as the cells are."""
        if self._shown is not None:
            found = self._shown[0]
            assert isinstance(found, BurnUp)  # noqa: S101
            self.show_burn_up(found)

    def _write(self, burn_up: BurnUp) -> None:
        words = plain("")  # whose own style is none: what is appended would have it
        words.append(f"{ACTUAL} ", GOOD)
        words.append(_("done {number}").format(number=f"{burn_up.done:,}"))
        words.append(f"   {PLAN * 2} ", CALM)
        words.append(_("plan for today {number}").format(number=f"{burn_up.planned:,}"))
        behind = burn_up.planned - burn_up.done
        if behind > 0:
            words.append("   ! ", WARN)
            words.append(_("{number} behind the plan").format(number=f"{behind:,}"))
        if burn_up.band is not None:
            words.append(f"   {BAND}{MIDDLE}{BAND} ", BUSY)
            words.append(_("forecast P10–P90"))
        words.append("   │ ")
        words.append(_("today, cutover"))
        self.query_one("#burn-up-words", Static).update(words)

    def _draw(self, burn_up: BurnUp) -> None:
        tones = self.app.theme_variables
        good, busy, calm = (tones[tone.removeprefix("$")] for tone in (GOOD, BUSY, CALM))
        chart = self.query_one("#burn-up-plot", Plot)
        chart.margin_left = len(f"{burn_up.total}") + 3
        chart.margin_top = 0
        chart.margin_bottom = 1
        chart.clear()
        chart.show_legend(is_visible=False)
        first, last = _span(burn_up)
        # The label of a month that begins at the end needs half its width beyond it.
        last += 5 * (last - first) // max(chart.size.width - chart.margin_left, 10)
        chart.set_xlimits(first, last)
        chart.set_ylimits(0, max(burn_up.total, burn_up.done, 1))
        chart.set_x_formatter(Days())
        cells = (last - first) / max(chart.size.width - chart.margin_left - 2, 10)
        lines = max(chart.size.height - 3, 4)
        for glyph, points in (
            (BAND, list(_band(burn_up, cells, lines))),
            (MIDDLE, list(_middle(burn_up, cells))),
        ):
            if points:
                days, numbers = zip(*points, strict=True)
                chart.scatter(days, numbers, marker=glyph, marker_style=busy)
        if burn_up.plan:
            days, numbers = zip(*_steps(burn_up), strict=True)
            chart.plot(days, numbers, line_style=calm, hires_mode=HiResMode.BRAILLE)
        days, numbers = zip(*((day.toordinal(), n) for day, n in burn_up.actual), strict=True)
        chart.plot(days, numbers, line_style=good)
        for day in (burn_up.today, burn_up.cutover):
            chart.add_v_line(day.toordinal(), line_style=calm)
        # The margins are others now, and its canvases learn of their size from a layout only.
        chart.refresh(layout=True)


def _in_steps(burn_up: BurnUp, steps: int) -> BurnUp:
    """The same with today's number in steps that can be seen: most changes leave the picture."""
    step = max(burn_up.total // steps, 1)
    return replace(burn_up, actual=[*burn_up.actual[:-1], (burn_up.today, burn_up.done // step)])


def _span(burn_up: BurnUp) -> tuple[int, int]:
    days = [burn_up.today, burn_up.cutover, burn_up.actual[0][0]]
    days += [burn_up.plan[0][0], burn_up.plan[-1][0]] if burn_up.plan else []
    if burn_up.band is not None and burn_up.band.p90 is not None:
        days.append(burn_up.band.p90)
    return min(days).toordinal() - 3, (max(days) + timedelta(days=3)).toordinal()


def _steps(burn_up: BurnUp) -> Iterator[tuple[int, int]]:
    """The plan from nothing on; between two of its days it stands still."""
    before = 0
    for day, number in burn_up.plan:
        yield day.toordinal() - 1, before
        yield day.toordinal(), number
        before = number
    yield max(burn_up.cutover, burn_up.plan[-1][0]).toordinal(), before


def _reached(burn_up: BurnUp, day: float, finish: date) -> float:
    """Machines done on a day if the last is done on `finish`."""
    today = burn_up.today.toordinal()
    length = max(finish.toordinal() - today, 1)
    return burn_up.done + (burn_up.total - burn_up.done) * min((day - today) / length, 1.0)


def _coming(burn_up: BurnUp, until: date, cells: float) -> Iterator[float]:
    day = float(burn_up.today.toordinal()) + cells
    while day <= until.toordinal():
        yield day
        day += cells


def _band(burn_up: BurnUp, cells: float, lines: int) -> Iterator[tuple[float, float]]:
    """A point for every cell between the early and the late finish."""
    band = burn_up.band
    if band is None:
        return
    early = band.p10 or band.p50
    late = band.p90 or burn_up.cutover + timedelta(days=30)
    if early is None:
        return
    step = burn_up.total / lines
    for day in _coming(burn_up, late, cells):
        low, high = _reached(burn_up, day, late), _reached(burn_up, day, early)
        while low < high:
            yield day, low
            low += step
        yield day, high


def _middle(burn_up: BurnUp, cells: float) -> Iterator[tuple[float, float]]:
    """The finish that is as likely early as late."""
    band = burn_up.band
    if band is not None and band.p50 is not None:
        for day in _coming(burn_up, band.p50, cells):
            yield day, _reached(burn_up, day, band.p50)
