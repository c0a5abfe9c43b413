"""A table that is told all its rows again and again, and touches only the cells that changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import is_

from rich.cells import cell_len
from rich.text import Text

from tui.plain import fitted, plain
from tui.widgets.painted_cells import PaintedCells

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

    @cached_property
    def widths(self) -> list[int]:
        """Terminal cells of each text."""
        return [cell_len(cell.plain) for cell in self.cells]


@lru_cache(maxsize=2000)
def row_of(key: str, *cells: tuple[object, str]) -> Row:
    """A row of values with their styles: the same one again for the same words.

    So a table sees at once what has not changed, and a hundred rows are not made anew twice a
    second because one of them is another.
    """
    return Row(key, [plain(value, style) for value, style in cells])


_Look = tuple[str, str]
_Layout = tuple[tuple[str, str, int], ...]


class LiveTable(PaintedCells):
    """Rows are replaced whole only when other rows or other widths are wanted.

    A table that `grows` is as high as its rows. The style sheet cannot say that: a table that was
    laid out before its first row would keep that height.
    """

    def __init__(self, *, id: str, grows: bool = False) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._grows = grows
        self._asked: tuple[object, ...] = ()
        self._laid_out: _Layout = ()
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
        asked = (self.app.size.width, self.size.width, *columns)
        same = len(rows) == len(self._rows) and all(map(is_, rows, self._rows))
        if same and asked == self._asked:
            return
        self._asked = asked
        layout, indexes = self._layout(columns, rows)
        if layout == self._laid_out and [row.key for row in rows] == self.keys:
            self._update(rows, layout, indexes)
        else:
            drawn = [_drawn(row, layout, indexes) for row in rows]
            self._replace(layout, rows, drawn)
            self._looks = [_looks(line) for line in drawn]
            if self._grows:
                self.styles.height = len(rows) + 1
        self._rows = list(rows)

    def _update(self, rows: Sequence[Row], layout: _Layout, indexes: Sequence[int]) -> None:
        changed: dict[tuple[int, int], Text] = {}
        for at, (row, before) in enumerate(zip(rows, self._rows, strict=True)):
            if row is before:
                continue
            cells = _drawn(row, layout, indexes)
            looks = _looks(cells)
            for index, look in enumerate(looks):
                if look != self._looks[at][index]:
                    changed[at, index] = cells[index]
            self._looks[at] = looks
        self.put_cells(changed)

    def _replace(
        self,
        layout: _Layout,
        rows: Sequence[Row],
        cells: Sequence[Sequence[Text]],
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

    def _layout(self, columns: Sequence[Column], rows: Sequence[Row]) -> tuple[_Layout, list[int]]:
        screen = self.app.size.width
        indexes = [index for index, column in enumerate(columns) if column.from_width <= screen]
        known = {(key, label): width for key, label, width in self._laid_out}
        widths: dict[int, int] = {}
        for index in indexes:
            column = columns[index]
            needed = max([cell_len(column.label), *(row.widths[index] for row in rows)])
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


def _drawn(row: Row, layout: _Layout, indexes: Sequence[int]) -> list[Text]:
    return [
        fitted(row.cells[index], width)
        for index, (_key, _label, width) in zip(indexes, layout, strict=True)
    ]


def _looks(cells: Sequence[Text]) -> list[_Look]:
    return [(cell.plain, repr(cell.style) + repr(cell.spans)) for cell in cells]
