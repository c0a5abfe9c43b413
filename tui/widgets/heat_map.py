"""Sites down, days across, machines in each cell; a cell is chosen by keys or mouse."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from rollout.application.planning.days import PlanDays, weekday_names
from rollout.domain.words import msgid
from rollout.i18n import _, language
from tui.plain import plain
from tui.themes import CALM, HEAT, WARN

HEAD = 3
LONGEST_NAME = 14


@dataclass(frozen=True)
class Heat:
    """Machines by site and day; `names` are those of the sites for people."""

    names: Mapping[str, str]
    machines: Mapping[str, Mapping[date, int]]
    days: PlanDays
    first: date
    last: date
    today: date
    sums: Mapping[date, int] = field(default_factory=dict)

    @property
    def sites(self) -> Sequence[str]:
        """In the order of the rows."""
        return list(self.machines)


class HeatMap(Widget, can_focus=True):
    """Shades say how full a day of a site is, beside its number."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", msgid("day before"), show=False),
        Binding("right", "step(1)", msgid("next day"), show=False),
        Binding("up", "row(-1)", msgid("Cursor up"), show=False),
        Binding("down", "row(1)", msgid("Cursor down"), show=False),
        Binding("left_square_bracket,pageup", "month(-1)", msgid("month before"), show=False),
        Binding("right_square_bracket,pagedown", "month(1)", msgid("next month"), show=False),
        Binding("home", "today", msgid("today"), show=False),
        Binding("enter", "choose", msgid("Select"), show=False),
    ]

    class CellMoved(Message):
        """Another cell is under the cursor."""

    class CellChosen(Message):
        """Enter or a click on the cell under the cursor."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._heat: Heat | None = None
        self._nothing = "…"
        self._looks: tuple[object, ...] = ()
        self.day: date | None = None
        self.site: str | None = None
        self.carrying = False
        self._left: date | None = None
        self._top = 0

    def say_nothing(self, words: str) -> None:
        """What stands there as long as there is nothing to show."""
        if words != self._nothing:
            self._nothing = words
            self.refresh()

    def show_heat(self, heat: Heat) -> None:
        """Show it; the cursor stays on its cell as long as that exists."""
        looks = (heat, language(), self.app.theme)
        if self.day is None:
            self.day = next((d for d in sorted(heat.sums) if d >= heat.today), heat.today)
        if self.site not in heat.machines:
            self.site = next(iter(heat.machines), None)
        if looks != self._looks:
            self._heat, self._looks = heat, looks
            self.refresh()

    def action_step(self, days: int) -> None:
        """Another day."""
        self._go(days=days)

    def action_month(self, months: int) -> None:
        """The same day of another month."""
        if self.day is None:
            return
        month = self.day.year * 12 + self.day.month - 1 + months
        year, number = divmod(month, 12)
        last = monthrange(year, number + 1)[1]
        self._go(to=date(year, number + 1, min(self.day.day, last)))

    def action_today(self) -> None:
        """Back to now."""
        if self._heat is not None:
            self._go(to=self._heat.today)

    def action_row(self, rows: int) -> None:
        """Another site; a machine that is carried stays at its own."""
        if self._heat is None or self.site is None or self.carrying:
            return
        sites = self._heat.sites
        self.site = sites[min(max(sites.index(self.site) + rows, 0), len(sites) - 1)]
        self._moved()

    def action_choose(self) -> None:
        """This cell."""
        self.post_message(self.CellChosen())

    def on_click(self, event: events.Click) -> None:
        """The cell under the mouse."""
        if self._heat is None or self._left is None:
            return
        name, cell, fit = self._measure(self._heat)
        column, row = (event.x - name) // cell, event.y - HEAD + self._top
        if 0 <= column < fit and 0 <= row < len(self._heat.sites):
            if not self.carrying:
                self.site = self._heat.sites[row]
            self._go(to=self._left + timedelta(days=column))
            self.post_message(self.CellChosen())

    def _go(self, *, days: int = 0, to: date | None = None) -> None:
        if self._heat is None or self.day is None:
            return
        wanted = to or self.day + timedelta(days=days)
        self.day = min(max(wanted, self._heat.first), self._heat.last)
        self._moved()

    def _moved(self) -> None:
        self.refresh()
        self.post_message(self.CellMoved())

    def _measure(self, heat: Heat) -> tuple[int, int, int]:
        """Cells of the names, cells of a day, and how many days fit."""
        name = min(LONGEST_NAME, max(cell_len(word) for word in (*heat.names.values(), _("total"))))
        widest = max((len(str(number)) for number in heat.sums.values()), default=1)
        cell = max(3, widest + 1)
        return name + 1, cell, max(1, (self.size.width - name - 2) // cell)

    def render(self) -> Text:
        """As many days as fit, around the cursor."""
        heat = self._heat
        if heat is None or self.day is None:
            return plain(self._nothing, "bold")
        name, cell, fit = self._measure(heat)
        self._left = self._window(heat, fit)
        days = [self._left + timedelta(days=number) for number in range(fit)]
        days = [day for day in days if day <= heat.last]
        lines = [*_head(days, name, cell, heat), *self._rows(heat, days, name, cell)]
        return Text("\n", no_wrap=True).join(lines)

    def _window(self, heat: Heat, fit: int) -> date:
        """The first day that is shown: the one before, unless the cursor is not in sight."""
        assert self.day is not None  # noqa: S101
        left = self._left or max(heat.first, self.day - timedelta(days=min(7, fit // 3)))
        if self.day < left:
            left = self.day
        if self.day > left + timedelta(days=fit - 1):
            left = self.day - timedelta(days=fit - 1)
        return min(max(left, heat.first), max(heat.first, heat.last - timedelta(days=fit - 1)))

    def _rows(self, heat: Heat, days: Sequence[date], name: int, cell: int) -> list[Text]:
        room = max(self.size.height - HEAD - 1, 1)
        at = heat.sites.index(self.site) if self.site in heat.machines else 0
        self._top = min(max(self._top, at - room + 1), at)
        rows = []
        for site in heat.sites[self._top : self._top + room]:
            line = plain(set_cell_size(heat.names[site], name), "bold" if site == self.site else "")
            for day in days:
                line.append_text(self._cell(heat, site, day, cell))
            rows.append(line)
        total = plain(set_cell_size(_("total"), name), "bold")
        for day in days:
            total.append(_right(str(heat.sums[day]) if heat.sums.get(day) else "", cell), "bold")
        return [*rows, total]

    def _cell(self, heat: Heat, site: str, day: date, cell: int) -> Text:
        number = heat.machines[site].get(day, 0)
        text = str(number) if number else heat.days.mark(site, day)
        style = HEAT[_shade(number, heat.days.sites[site].per_day)] if number else CALM
        if site == self.site and day == self.day:
            style = f"reverse {WARN}" if self.carrying else "reverse bold"
            return Text(_right(f"▸{text}" if self.carrying else text, cell), style=style)
        return Text.assemble(" ", (_right(text, cell - 1), style))


def _head(days: Sequence[date], name: int, cell: int, heat: Heat) -> list[Text]:
    months, numbers, names = plain(" " * name), plain(" " * name), plain(" " * name)
    words = weekday_names()
    written = 0
    for place, day in enumerate(days):
        label = f" {day:%Y-%m} "
        # Past the edge it would go on in a line of its own.
        if (day.day == 1 or not place) and len(label) <= (len(days) - place) * cell:
            months.append(" " * (place * cell - written))
            months.append(label, "bold")
            written = place * cell + len(label)
        style = f"reverse {CALM}" if day == heat.today else "bold"
        numbers.append_text(Text.assemble(" ", (_right(str(day.day), cell - 1), style)))
        names.append(_right(words[day.weekday()], cell), CALM)
    return [months, numbers, names]


def _shade(number: int, per_day: int) -> int:
    return min(3, max(0, (4 * number - 1) // per_day))


def _right(text: str, width: int) -> str:
    return " " * max(width - cell_len(text), 0) + text
