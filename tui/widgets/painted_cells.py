"""A table of which single cells can be drawn again.

The library's own `update_cell` forgets every drawn cell of the table and draws all lines anew,
which takes longer than the time in which a key has to be answered. So this is the one place that
knows where Textual keeps what it has drawn; `test_painted_cells.py` fails when that has changed.
"""

from collections.abc import Mapping

from rich.text import Text
from textual.widgets import DataTable


class PaintedCells(DataTable[Text]):
    """Rows and columns are named by their places, from top and from left."""

    def put_cells(self, cells: Mapping[tuple[int, int], Text]) -> None:
        """Put these cells in place of those that are there, and draw no others again."""
        if not cells:
            return
        rows = [row.key for row in self.ordered_rows]
        columns = [column.key for column in self.ordered_columns]
        changed = set()
        for (row, column), cell in cells.items():
            self._data[rows[row]][columns[column]] = cell
            changed.add((rows[row], columns[column]))
        for key in list(self._cell_render_cache.keys()):
            if (key[0], key[1]) in changed:
                self._cell_render_cache.discard(key)
        self._row_render_cache.clear()
        self._line_cache.clear()
        self._row_renderable_cache.clear()
        for row in sorted({row for row, _column in cells}):
            self.refresh_row(row)
