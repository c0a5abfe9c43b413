"""The plan as a map of days: sites down, days across, the number of machines in each cell.

A shade stands behind the numbers on a terminal, but nothing is said by colour alone.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from rollout.application.planning.days import legend, mark, weekday_names
from rollout.cli.plan_show import shown_site
from rollout.domain.dates import format_era
from rollout.i18n import _, language
from rollout.planning.calendar import WorkCalendar

if TYPE_CHECKING:
    from rollout.application.planning.views import PlanView
    from rollout.settings import Settings

LEAST_WIDTH = 80
_LONGEST_NAME = 14
_SHADES = (
    "white on grey15",
    "white on grey30",
    "white on dark_green",
    "white on dark_orange3",
)
"""Up to a quarter, half, three quarters and all of what the site moves in a day."""


@dataclass(frozen=True)
class Row:
    """A line of the map: machines by day, and what a day can hold (None: the line of sums)."""

    name: str
    machines: Mapping[date, int]
    per_day: int | None = None
    weekdays: frozenset[int] | None = None


def print_calendar(view: "PlanView", settings: "Settings") -> None:
    """Print the map of `view`, month by month, as wide as the terminal is."""
    from rollout.application.planning.problem import calendar_of
    from rollout.application.standing import per_day, visiting_days

    rows = [
        Row(
            shown_site(settings, group.name),
            {day.day: day.sites[group.name] for day in view.days if group.name in day.sites},
            per_day(settings, group.name),
            visiting_days(settings, group.name),
        )
        for group in view.sites
    ]
    console = Console(highlight=False, markup=False, emoji=False)
    # A pipe has no width of its own: a month stays in one piece there.
    width = max(LEAST_WIDTH, console.width) if console.is_terminal else 200
    if not console.is_terminal:
        console.width = width
    for line in calendar_lines(rows, calendar_of(settings), width):
        console.print(line, no_wrap=True, crop=False)


def calendar_lines(rows: Sequence[Row], calendar: WorkCalendar, width: int) -> Iterator[Text]:
    """The lines of the map, none of them wider than `width` cells (80 at least)."""
    days = sorted({day for row in rows for day in row.machines})
    if not days:
        return
    sums = {day: sum(row.machines.get(day, 0) for row in rows) for day in days}
    lines = [*rows, Row(_("total"), sums)]
    name = min(_LONGEST_NAME, max(cell_len(row.name) for row in lines))
    cell = max(3, max(len(str(number)) for number in sums.values()) + 1)
    total = max(len(_("total")), len(str(sum(sums.values())))) + 2
    fit = max(7, (width - name - total) // cell)
    for first in _months(days[0], days[-1]):
        for block in _blocks(first, fit):
            yield from _head(block, name, cell, total)
            for row in lines:
                yield _line(row, block, calendar, name, cell, total)
            yield Text()
    yield from _legend(width)


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month += timedelta(days=monthrange(month.year, month.month)[1])


def _blocks(first: date, fit: int) -> Iterator[list[date]]:
    """The days of a month in as few parts as fit, nearly equally long."""
    length = monthrange(first.year, first.month)[1]
    parts = -(-length // fit)
    size = -(-length // parts)
    for start in range(0, length, size):
        yield [first + timedelta(days=number) for number in range(start, min(start + size, length))]


def _head(block: Sequence[date], name: int, cell: int, total: int) -> Iterator[Text]:
    first = block[0]
    month = f"{first:%Y-%m}"
    if language() == "ja":
        month = format_era(first).partition("月")[0] + "月"
    yield Text(month, style="bold")
    numbers = "".join(f"{day.day:>{cell}}" for day in block)
    yield Text(" " * name + numbers + _right(_("total"), total), style="bold")
    names = weekday_names()
    letters = "".join(_right(names[day.weekday()], cell) for day in block)
    yield Text(" " * name + letters, style="dim")


def _line(
    row: Row, block: Sequence[date], calendar: WorkCalendar, name: int, cell: int, total: int
) -> Text:
    line = Text(set_cell_size(row.name, name), style="bold" if row.per_day is None else "")
    for day in block:
        machines = row.machines.get(day, 0)
        if machines:
            line.append(" " * (cell - len(str(machines))))
            line.append(str(machines), style=_shade(machines, row.per_day))
        else:
            line.append(_right(mark(calendar, row.weekdays, day), cell), style="dim")
    line.append(_right(str(sum(row.machines.get(day, 0) for day in block)), total))
    return line


def _shade(machines: int, per_day: int | None) -> str:
    if per_day is None:
        return ""
    return _SHADES[min(3, max(0, (4 * machines - 1) // per_day))]


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _legend(width: int) -> Iterator[Text]:
    line = ""
    for entry in legend():
        if line and cell_len(line) + 3 + cell_len(entry) > width:
            yield Text(line, style="dim")
            line = ""
        line += ("   " if line else "") + entry
    yield Text(line, style="dim")
