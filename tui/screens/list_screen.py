"""A room with one table that is in memory as a whole: `/` keeps the rows that match."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from rollout.domain.words import msgid
from rollout.i18n import _
from tui.desk import Desk
from tui.exporting import Cells, Shown
from tui.row_filter import RowFilter
from tui.screens.live import LiveScreen
from tui.widgets.filter_field import FilterField
from tui.widgets.live_table import Column, LiveTable, Row


class FilteredScreen(LiveScreen):
    """`/` opens a field; Enter puts its words into force; Esc goes back, one thing at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", msgid("filter"), key_display="/"),
        Binding("escape", "leave", msgid("back"), show=False),
    ]

    @property
    def field(self) -> FilterField:
        """The line for the filter."""
        return self.query_one(FilterField)

    def apply_filter(self, words: str) -> bool:
        """Put the words into force; False when they mean nothing, which was told."""
        raise NotImplementedError

    def main_table(self) -> LiveTable:
        """The table that the filter is about."""
        return self.query_one(LiveTable)

    def repaint(self) -> None:
        """An empty table says itself why."""
        super().repaint()
        if self.is_mounted and self.last is not None:
            self.main_table().say_nothing(self.words.words)

    def filter_by(self, words: str) -> None:
        """Show what matches. An impossible filter changes nothing."""
        if self.apply_filter(words.strip()) and self.is_mounted:
            self.field.words = words.strip()
            self.field.close()
            self.main_table().move_cursor(row=0, animate=False)
            self.main_table().focus()
            self.look_now()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Filter, and give the keys back to the table."""
        if isinstance(event.input, FilterField):
            self.filter_by(event.value)
            self.field.close()
            self.main_table().focus()

    def action_filter(self) -> None:
        """Let the operator type."""
        self.field.open()

    def action_leave(self) -> None:
        """Leave the field; else show everything again; else go back."""
        if self.field.display:
            self.field.close()
            self.main_table().focus()
        elif self.field.words:
            self.filter_by("")
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def filter_words(self) -> str:
        """What stands before the room's own words while a filter is in force."""
        words = self.field.words
        return _("filter: {words}").format(words=words) + "  " if words else ""


class ListScreen(FilteredScreen):
    """Shows the rows that match; `e` writes them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._filter = RowFilter("")
        self._headings: Sequence[Column] = ()
        self._matching: list[Row] = []

    def compose_room(self) -> ComposeResult:
        """The filter and the table."""
        yield FilterField()
        yield LiveTable(id=self.room)

    def on_mount(self) -> None:
        """The table has the keys first."""
        super().on_mount()
        self.main_table().focus()

    def apply_filter(self, words: str) -> bool:
        """Any words can be looked for."""
        self._filter = RowFilter(words)
        return True

    def show_list(self, columns: Sequence[Column], rows: Sequence[Row]) -> int:
        """Show the rows that match; how many."""
        self._headings = columns
        self._matching = self._filter.kept(columns, rows)
        self.field.placeholder = _("words, or {column}:word").format(column=columns[0].label)
        self.main_table().show_rows(columns, self._matching)
        return len(self._matching)

    def filter_words(self) -> str:
        """Also that nothing matches, and the way back."""
        words = super().filter_words()
        if words and not self._matching:
            words += _("nothing matches (Esc shows all)") + "  "
        return words

    def shown(self) -> Shown | None:
        """The rows that match, with every column."""
        rows = list(self._matching)

        def cells() -> Cells:
            return [list[Text](row.cells) for row in rows]

        return Shown(self.room, [column.label or column.key for column in self._headings], cells)

    def notes(self) -> list[str]:
        """The words of the filter."""
        names = ", ".join(column.label for column in self._headings if column.label)
        return [_("Filter words: column:word, or any text. Columns: {names}").format(names=names)]
