"""A grid on a sheet: numbers as numbers, dates as dates, texts never as formulas."""

from collections.abc import Sequence
from datetime import date, datetime
from math import ceil
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from rollout.adapters.reports.colours import COLOURS, HEAD, INK, LINE
from rollout.adapters.reports.sheet_cells import half_widths
from rollout.application.exports.status.grids.form import Cell, Change, Column, Grid, Rate, Word
from rollout.i18n import language

A4 = 9
LONGEST_TEXT = 32_767
"""So many characters a cell of this format holds."""
ROWS = 1_048_576
_LINE_HEIGHT = 13.5

FONT = {"ja": "游ゴシック", "en": "Calibri"}


class Looks:
    """The formats of a book, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}
        ja = language() == "ja"
        self._font = FONT["ja" if ja else "en"]
        self.day = '[$-411]ggge"年"m"月"d"日"' if ja else "d mmm yyyy"
        self.moment = f"{self.day} hh:mm"

    def of(self, **properties: Any) -> Format:
        """The format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            base = {
                "font_name": self._font,
                "font_size": 10,
                "font_color": INK,
                "valign": "vcenter",
            }
            self._made[key] = self._book.add_format(base | properties)
        return self._made[key]

    def cell(self, value: Cell, *, bold: bool = False) -> Format:
        """How a cell of a grid looks."""
        own: dict[str, Any] = {"border": 1, "border_color": LINE}
        if bold:
            own |= {"bold": True, "bg_color": "#EEF2F6", "top": 2}
        if isinstance(value, Word):
            background, ink = COLOURS[value.tone]
            own |= {"bg_color": background, "font_color": ink, "align": "center", "bold": True}
        elif isinstance(value, Rate):
            own["num_format"] = "0.0%"
        elif isinstance(value, Change):
            own["num_format"] = "+#,##0;-#,##0;±0"
        elif isinstance(value, datetime):
            own |= {"num_format": self.moment, "align": "left"}
        elif isinstance(value, date):
            own |= {"num_format": self.day, "align": "left"}
        elif isinstance(value, float):
            own["num_format"] = "#,##0.0" if value % 1 else "#,##0"
        elif isinstance(value, int):
            own["num_format"] = '#,##0;-#,##0;"–"'
        else:
            own |= {"text_wrap": True, "align": "left", "indent": 1}
        return self.of(**own)

    def heading(self) -> Format:
        """How the head of a column looks."""
        return self.of(
            bold=True,
            font_color="#FFFFFF",
            bg_color=HEAD,
            border=1,
            border_color=LINE,
            text_wrap=True,
            align="center",
        )


def write_cell(sheet: Worksheet, row: int, column: int, value: Cell, look: Format) -> None:
    """One cell. Every text is written as a text, whatever it begins with."""
    if isinstance(value, Word):
        sheet.write_string(row, column, value.text, look)
    elif isinstance(value, Rate | Change):
        sheet.write_number(row, column, value.value, look)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), look)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, look)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, look)
    elif value is None:
        sheet.write_blank(row, column, None, look)
    else:
        sheet.write_string(row, column, value[:LONGEST_TEXT], look)


def write_grid(
    sheet: Worksheet, looks: Looks, grid: Grid, *, row: int = 0, column: int = 0
) -> tuple[int, int]:
    """Lay `grid` out from `row` on: headings, rows, the note. Its first and last row of cells.

    The last is one above the first when there are none.
    """
    for number, head in enumerate(grid.columns, start=column):
        sheet.write_string(row, number, head.heading, looks.heading())
    tallest = max((_lines(head.heading, head) for head in grid.columns), default=1)
    sheet.set_row(row, _LINE_HEIGHT * max(2, tallest) + 5)
    first = row + 1
    last = first + len(grid.rows) - 1
    for at, cells in enumerate(grid.rows, start=first):
        bold = grid.total and at == last
        for number, value in enumerate(cells, start=column):
            write_cell(sheet, at, number, value, looks.cell(value, bold=bold))
        lines = max(map(_lines, cells, grid.columns), default=1)
        if lines > 1:
            sheet.set_row(at, _LINE_HEIGHT * lines + 3)
    below = last + 1
    if not grid.rows and grid.empty:
        sheet.write_string(below, column, grid.empty, looks.of(italic=True))
        below += 1
    if grid.note:
        sheet.write_string(below, column, grid.note, looks.of(italic=True))
    return first, last


def _lines(value: Cell, column: Column) -> int:
    """How many lines a text needs in its column; not every reader finds that out by itself."""
    if not isinstance(value, str):
        return 1
    return sum(
        max(1, ceil(half_widths(line) / column.width)) for line in value.splitlines() or [""]
    )


def set_widths(sheet: Worksheet, widths: Sequence[int], *, column: int = 0) -> None:
    """The widths of columns, in half-width characters."""
    for number, width in enumerate(widths, start=column):
        sheet.set_column(number, number, width + 1)


def set_page(sheet: Worksheet, left: str, right: str, *, repeat: int | None = None) -> None:
    """A4 landscape, one page wide, with what it is, of when, and the page's number."""
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer(f"&L{_plain(left)}&C&P / &N&R{_plain(right)}")
    sheet.hide_gridlines(2)
    if repeat is not None:
        sheet.repeat_rows(repeat)


def _plain(text: str) -> str:
    # In a footer an ampersand begins a code.
    return text.replace("&", "&&")
