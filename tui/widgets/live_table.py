"""A table that is told all its rows again and again, and touches only the cells that changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import DataTable

from tui.plain import fitted, plain

PADDING = 2


@dataclass(frozen=True)
class Column:
    """A column: at most `widest` cells, hidden when the screen is narrower than `from_width`.

    One column of a table may be `rest`: it takes what the others leave.
    """

    key: str
    label: str
    widest: int = 20
    from_width: int = 0
    rest: bool = False


@dataclass(frozen=True)
class Row:
    """A row with a key that stays the same while its cells change."""

    key: str
    cells: Sequence[Text]


_Look = tuple[str, str]


class LiveTable(DataTable[Text]):
    """Rows are replaced whole only when other rows or other widths are wanted.

    A table that `grows` is as high as its rows. The style sheet cannot say that: a table that was
    laid out before its first row would keep that height.
    """

    def __init__(self, *, id: str, grows: bool = False) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._grows = grows
        self._laid_out: tuple[tuple[str, str, int], ...] = ()
        self._rows: list[Row] = []
        self._looks: list[list[_Look]] = []

    @property
    def keys(self) -> list[str]:
        """The keys of the rows, from top to bottom."""
        return [row.key for row in self._rows]

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor_row].key if self.cursor_row < len(self._rows) else None

    def show_rows(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show these rows; the cursor stays on its row as long as that exists."""
        layout, indexes = self._layout(columns, rows)
        cells = [
            [
                fitted(row.cells[index], width)
                for index, (_key, _label, width) in zip(indexes, layout, strict=True)
            ]
            for row in rows
        ]
        looks = [[(cell.plain, repr(cell.style) + repr(cell.spans)) for cell in line]
                 for line in cells]  # fmt: skip
        if layout == self._laid_out and [row.key for row in rows] == self.keys:
            self._update(cells, looks)
        else:
            self._replace(layout, rows, cells)
            if self._grows:
                self.styles.height = len(rows) + 1
        self._rows, self._looks = list(rows), looks

    def _update(self, cells: list[list[Text]], looks: list[list[_Look]]) -> None:
        for row, (line, before) in enumerate(zip(looks, self._looks, strict=True)):
            for column, look in enumerate(line):
                if look != before[column]:
                    self.update_cell_at((row, column), cells[row][column])  # type: ignore[arg-type]

    def _replace(
        self,
        layout: tuple[tuple[str, str, int], ...],
        rows: Sequence[Row],
        cells: list[list[Text]],
    ) -> None:
        chosen, at = self.chosen, self.cursor_row
        self.clear(columns=True)
        for key, label, width in layout:
            self.add_column(plain(label), width=width, key=key)
        for row, line in zip(rows, cells, strict=True):
            self.add_row(*line, key=row.key)
        keys = [row.key for row in rows]
        if keys:
            found = keys.index(chosen) if chosen in keys else min(at, len(keys) - 1)
            self.move_cursor(row=found, animate=False)
        self._laid_out = layout

    def _layout(
        self, columns: Sequence[Column], rows: Sequence[Row]
    ) -> tuple[tuple[tuple[str, str, int], ...], list[int]]:
        screen = self.app.size.width
        indexes = [index for index, column in enumerate(columns) if column.from_width <= screen]
        known = {(key, label): width for key, label, width in self._laid_out}
        widths: dict[int, int] = {}
        for index in indexes:
            column = columns[index]
            needed = max(
                [cell_len(column.label), *(cell_len(row.cells[index].plain) for row in rows)]
            )
            before = known.get((column.key, column.label), 0)
            # Widths only grow, or the columns would jump with every change of a word.
            widths[index] = max(min(needed, column.widest), min(before, column.widest))
        for index in indexes:
            if columns[index].rest:
                others = sum(width + PADDING for at, width in widths.items() if at != index)
                room = self.size.width - others - PADDING - 1
                widths[index] = max(room, min(cell_len(columns[index].label), 8))
        return (
            tuple((columns[at].key, columns[at].label, widths[at]) for at in indexes),
            indexes,
        )
