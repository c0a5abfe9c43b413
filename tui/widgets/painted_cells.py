"""A table that draws each of its lines in one go.

The library draws a line cell by cell through Rich, two thousandths of a second each: a dozen lines
that changed held up the next key. Cells here are one line of words in one style or few, so a line
is put together from them directly. `test_painted_cells.py` holds both ways to the same picture.
"""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.cells import set_cell_size as cut
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable

from tui.plain import fitted, plain

_NONE = Style()


class PaintedCells(DataTable[Text]):
    """Rows and columns are named by their places, from top and from left.

    Only what our tables use is drawn: rows of one line, a header, a cursor that is a whole row.
    """

    _base = _NONE
    """The style of a line that nothing is special about, as of the last time any was drawn."""

    _nothing = ""

    def put_cells(self, cells: Mapping[tuple[int, int], Text]) -> None:
        """Put these cells in place of those that are there, and draw no other rows again.

        The library's own `update_cell` draws the whole table anew.
        """
        rows = [row.key for row in self.ordered_rows]
        columns = [column.key for column in self.ordered_columns]
        for (row, column), cell in cells.items():
            self._data[rows[row]][columns[column]] = cell
        top = self.header_height - self.scroll_offset.y
        changed = sorted({row + top for row, _column in cells})
        seen = [y for y in changed if self.header_height <= y < self.size.height]
        if seen:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in seen))

    def say_nothing(self, words: str) -> None:
        """What stands below the heading while there is no row."""
        if words != self._nothing:
            self._nothing = words
            if not self.row_count:
                self.refresh()

    def _nothing_drawn(self) -> Strip:
        words = cut(fitted(plain(f" {self._nothing}"), self.size.width).plain, self.size.width)
        return Strip([Segment(words, self._base + Style(bold=True))], self.size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines that have to be drawn; what they share is found out once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One of them; `y` counts from the top of the table."""
        row = y - self.header_height + self.scroll_offset.y if y >= self.header_height else -1
        if row >= self.row_count:
            if row == 1 and not self.row_count:
                return self._nothing_drawn()
            return Strip.blank(self.size.width, self._base)
        cells = self.get_row_at(row) if row >= 0 else [one.label for one in self.ordered_columns]
        under, over = self._styles_of(row)
        segments = list(_merged(self._pieces(cells, under, over, heading=row < 0)))
        left, width = self.scroll_offset.x, self.size.width
        strip = Strip(segments).crop(left, left + width).adjust_cell_length(width, under)
        # By this the mouse finds the row; the heading says its columns itself.
        return strip.apply_meta({"row": row, "column": 0}) if row >= 0 else strip

    def _styles_of(self, row: int) -> tuple[Style, Style]:
        """What lies under the words of a row, and what lies over their own style."""
        if row < 0:
            return self._base + self.get_component_rich_style("datatable--header"), _NONE
        here = _NONE
        if self.show_cursor and self._show_hover_cursor and row == self.hover_row:
            here += self.get_component_rich_style("datatable--hover")
        if self.show_cursor and row == self.cursor_row:
            here += self.get_component_rich_style("datatable--cursor")
        # The words under the cursor have its colour, so that every one can be read on its ground.
        return self._base + here, Style(color=here.color)

    def _pieces(
        self, cells: Sequence[Text], under: Style, over: Style, *, heading: bool
    ) -> Iterator[tuple[str, Style]]:
        console, padding = self.app.console, " " * self.cell_padding
        for at, (cell, column) in enumerate(zip(cells, self.ordered_columns, strict=True)):
            if heading:
                under += Style.from_meta({"row": -1, "column": at})
            yield padding, under
            long = cell_len(cell.plain)
            if cell.spans:
                shown = cell.copy()
                shown.truncate(column.width)
                for piece in shown.render(console):
                    yield piece.text, under + (piece.style or _NONE) + over
            else:
                own = console.get_style(cell.style) if cell.style else _NONE
                words = cell.plain if long <= column.width else cut(cell.plain, column.width)
                yield words, under + own + over
            yield " " * (column.width - long) + padding, under


def _merged(pieces: Iterator[tuple[str, Style]]) -> Iterator[Segment]:
    """Neighbours of one style as one: fewer for everybody behind us."""
    words, style = "", _NONE
    for text, own in pieces:
        if own is not style and own != style:
            if words:
                yield Segment(words, style)
            words, style = "", own
        words += text
    yield Segment(words, style)
