"""A room whose rows are read from the database by the windowful, whatever their number."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.app import ComposeResult

from rollout.domain.errors import RolloutError
from rollout.i18n import _, language
from rollout.i18n.labels import explained
from tui.desk import Desk
from tui.exporting import Cells, Shown
from tui.screens.list_screen import FilteredScreen
from tui.widgets.filter_field import FilterField
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable

WINDOW = 100
AT_ONCE = 1000
"""Rows that an export reads at a time."""


@dataclass(frozen=True)
class Window:
    """Which rows: those that match, the first behind the place `after`; and drawn in which way."""

    wanted: Any
    after: Any
    manner: object


@dataclass(frozen=True)
class Found:
    """The rows of a window, whether others follow, and the rows as they were drawn in `manner`."""

    rows: Sequence[Any]
    more: bool
    drawn: Sequence[Row]
    manner: object


class WindowScreen(FilteredScreen):
    """Paged by key: the place of a window is that of the last row before it, None at the start."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._starts: list[Any] = [None]
        self._to_last_row = False
        self._items: dict[str, Any] = {}
        self.wanted: Any = self.parse("")

    @abstractmethod
    def parse(self, words: str) -> Any:
        """The filter that `words` ask for. Raises RolloutError."""

    @abstractmethod
    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[Any]:
        """The first rows behind a place; runs in a thread."""

    @abstractmethod
    def place_of(self, item: Any) -> Any:
        """Where a row stands in the order."""

    @abstractmethod
    def row(self, item: Any) -> Row:
        """A row as it is shown; in a thread as well, so it touches no widget."""

    @abstractmethod
    def columns(self) -> Sequence[Column]:
        """The columns in the language in force."""

    def drawn_columns(self) -> Sequence[Column]:
        """The columns as they stand on the screen; an export has them without marks."""
        return self.columns()

    @abstractmethod
    def nothing(self) -> str:
        """What is said when no row matches."""

    def compose_room(self) -> ComposeResult:
        """The filter, hidden while nobody uses it, and the table."""
        yield FilterField()
        yield WindowTable(id=self.room)

    def on_mount(self) -> None:
        """The table has the keys first."""
        super().on_mount()
        self.main_table().focus()

    def question(self) -> Window:
        """The window that is looked at."""
        return Window(self.wanted, self._starts[-1], self.manner())

    def manner(self) -> object:
        """What a row's words depend on besides its item."""
        return language()

    def look(self, question: Window) -> Found:
        """Its rows, and one more to know whether others follow."""
        rows = self.fetch(question.wanted, question.after, WINDOW + 1)
        # Drawn here, since a hundred of them on the event loop would hold up a key.
        drawn = [self.row(item) for item in rows[:WINDOW]]
        return Found(rows[:WINDOW], len(rows) > WINDOW, drawn, question.manner)

    def paint(self, snapshot: Found) -> None:
        """Show them."""
        table = self.main_table()
        rows = snapshot.drawn
        if snapshot.manner != self.manner():
            rows = [self.row(item) for item in snapshot.rows]
        # Every key asks for the chosen row: to make all rows for that would hold up the next key.
        self._items = {row.key: item for row, item in zip(rows, snapshot.rows, strict=True)}
        table.show_rows(self.drawn_columns(), rows)
        if self._to_last_row:
            self._to_last_row = False
            table.move_cursor(row=table.row_count - 1, animate=False)
        self.words.show_words(self.filter_words() + self.summary(snapshot))

    def summary(self, found: Found) -> str:
        """Where the window is."""
        if not found.rows:
            return self.nothing()
        first = (len(self._starts) - 1) * WINDOW + 1
        return _("rows {first}–{last}{more}").format(
            first=f"{first:,}",
            last=f"{first + len(found.rows) - 1:,}",
            more=_(", more below") if found.more else "",
        )

    def chosen_item(self) -> Any:
        """The row under the cursor, as it was read; None without one."""
        key = self.main_table().chosen if self.is_mounted else None
        if self.last is None or key is None:
            return None
        return self._items.get(key)

    def apply_filter(self, words: str) -> bool:
        """Read other rows, from the start."""
        try:
            self.wanted = self.parse(words)
        except RolloutError as error:
            self.notify(explained(error), severity="error", markup=False)
            return False
        self._starts = [None]
        return True

    def from_the_start(self) -> None:
        """Show the first window, with another order or filter."""
        self._starts = [None]
        if self.is_mounted:
            self.main_table().move_cursor(row=0, animate=False)
            self.look_now()

    def on_window_table_edge_reached(self, message: WindowTable.EdgeReached) -> None:
        """Go to the next or the previous window."""
        if self.last is None:
            return
        found: Found = self.last.snapshot
        if message.forward and found.more:
            self._starts.append(self.place_of(found.rows[-1]))
            self.main_table().move_cursor(row=0, animate=False)
        elif not message.forward and len(self._starts) > 1:
            self._starts.pop()
            self._to_last_row = True
        else:
            return
        self.look_now()

    def on_window_table_start_requested(self) -> None:
        """Back to the first window."""
        self._starts = [None]
        self.look_now()

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def every(self, wanted: Any) -> Iterator[Any]:
        """All rows that match, read a part at a time; runs in a thread."""
        after = None
        while True:
            rows = self.fetch(wanted, after, AT_ONCE)
            yield from rows
            if len(rows) < AT_ONCE:
                return
            after = self.place_of(rows[-1])

    def shown(self) -> Shown | None:
        """Every row that matches, not only those of the window."""
        wanted = self.wanted

        def cells() -> Cells:
            return (list[Text](self.row(item).cells) for item in self.every(wanted))

        return Shown(self.room, [column.label or column.key for column in self.columns()], cells)
