"""A long export as a workbook: a summary, then the rows, on as many sheets as they need.

Rows go to the disk one after the other (`constant_memory`). Texts are written as texts whatever
they begin with; days and moments as dates, moments in the programme's zone.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

from rollout.adapters.reports.beside import Seal, beside
from rollout.adapters.reports.sheet_cells import LONGEST, Cells, Cut, half_widths
from rollout.adapters.reports.sheet_paper import ON_ONE_PAGE, set_paper
from rollout.adapters.reports.sheet_place import Target, let_go, sheets_aside
from rollout.application.exports.checks import checks
from rollout.application.exports.extract import Column, Extract, Note
from rollout.application.exports.failed import CannotWrite
from rollout.application.exports.forms import Cell
from rollout.i18n import _

Progress = Callable[[int, int], None]
ROWS = 1_048_576
"""So many rows a sheet of this format has."""
BYTES = 1_500_000_000
"""No sheet is larger before it is packed: from two thousand million bytes on, archives need a form
that spreadsheets call damaged. Looked at after each page of rows."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_LINE = 100
"""What a line of the summary holds, in half-width characters."""


def write(
    path: Path,
    extract: Extract,
    seal: Seal | None = None,
    *,
    progress: Progress,
    rows: int = ROWS,
    size: int = BYTES,
) -> Cut:
    """Write `extract` to `path`; `rows` and bytes are what a sheet takes. Raises ExportFailed."""
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    try:
        with beside(path, seal) as file:
            target = Target(file)
            with sheets_aside(target) as folder:
                book = xlsxwriter.Workbook(target, {**_OPTIONS, "tmpdir": folder})
                try:
                    with book:
                        return _Book(book, extract, rows, size).write(progress)
                finally:
                    target.over = True
                    let_go(book)
    except XlsxWriterException as error:
        raise CannotWrite(path, error) from None


class _Book:
    """A workbook while it is written."""

    def __init__(self, book: Any, extract: Extract, rows: int, size: int) -> None:
        self._book, self._extract, self._rows, self._bytes = book, extract, rows, size
        self._cut = Cut()
        # The same rows give the same bytes.
        book.set_properties({
            "title": f"{extract.programme} {extract.title}"[:255],
            "created": datetime.fromisoformat(extract.as_of).replace(tzinfo=None),
        })  # fmt: skip
        look = {"valign": "top"}
        self._bold = book.add_format(
            {**look, "bold": True, "bg_color": "#DDE6EF", "text_wrap": True, "border": 1}
        )
        self._plain = book.add_format({**look, "align": "left"})
        self._wrapped = book.add_format({**look, "text_wrap": True})
        # Beside texts, which begin at the left, numbers at the right edge would run into them.
        dated = {**look, "align": "left"}
        self._formats = {
            "number": book.add_format({**look, "align": "right", "indent": 1}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", **dated}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", **dated}),
        }
        self._title = book.add_format({"bold": True, "font_size": 14})

    def write(self, progress: Progress) -> Cut:
        """Rows, then what they add up to."""
        # First among the sheets, and written last: its figures are known then.
        summary = self._book.add_worksheet(_("Summary"))
        self._write_rows(progress)
        self._write_summary(summary)
        return self._cut

    def _write_rows(self, progress: Progress) -> None:
        columns = self._extract.columns
        looks = [self._formats.get(column.holds) for column in columns]
        sheet, number, at, done = self._sheet(1), 1, 1, 0
        for shown in self._extract.shown():
            full = os.fstat(sheet.row_data_fh.fileno()).st_size > self._bytes
            page = Cells(columns, shown)
            for row, cells in enumerate(page.rows()):
                if at == self._rows or full:
                    full = False
                    self._end(sheet, at)
                    number += 1
                    sheet, at = self._sheet(number), 1
                _put(sheet, at, cells, looks)
                at += 1
                for heading in page.shortened.get(row, ()):
                    self._cut.add(sheet.name, at, heading)
            done += len(shown[0])
            progress(done, self._extract.total)
        self._end(sheet, at)

    def _sheet(self, number: int) -> Any:
        title = self._extract.title
        sheet = self._book.add_worksheet(title if number == 1 else f"{title} ({number})")
        for place, column in enumerate(self._extract.columns):
            sheet.set_column(place, place, column.width)
        sheet.set_row(0, 36)
        for place, column in enumerate(self._extract.columns):
            sheet.write_string(0, place, column.heading, self._bold)
        sheet.freeze_panes(1, 1)
        self._set_paper(sheet, self._extract.columns)
        sheet.repeat_rows(0)
        return sheet

    def _end(self, sheet: Any, rows: int) -> None:
        last = max(1, rows - 1)
        sheet.autofilter(0, 0, last, len(self._extract.columns) - 1)
        printed = sum(column.printed for column in self._extract.columns)
        if printed < len(self._extract.columns):
            sheet.print_area(0, 0, last, printed - 1)

    def _write_summary(self, sheet: Any) -> None:
        sheet.set_column(0, 1, 38)
        sheet.set_column(2, 6, 12)
        sheet.set_column(7, 7, 20)
        sheet.write_string(0, 0, self._extract.title, self._title)
        told: list[tuple[str, Cell]] = [*self._extract.facts, (_("Rows"), self._extract.rows)]
        told += checks(self._extract.reach)
        if self._cut.count:
            told.append((_("Texts cut at {most} characters").format(most=LONGEST), self._cut.count))
            told += [(_("Cut"), place) for place in self._cut.first]
        for at, (name, value) in enumerate(told, 2):
            sheet.write_string(at, 0, name, self._plain)
            if isinstance(value, str) and half_widths(value) > _LINE // 2:
                # One long line would make the whole page small in print.
                sheet.set_row(at, 15 * ceil(half_widths(value) / _LINE))
                sheet.merge_range(at, 1, at, 7, "", self._wrapped)
                sheet.write_string(at, 1, value, self._wrapped)
            elif isinstance(value, str):
                sheet.write_string(at, 1, value, self._plain)
            elif value is not None:
                sheet.write_number(at, 1, value, self._plain)
        at = len(told) + 3
        for note in self._extract.notes():
            at = self._write_note(sheet, at, note) + 1
        self._set_paper(sheet)
        if at <= ON_ONE_PAGE:
            sheet.fit_to_pages(1, 1)

    def _set_paper(self, sheet: Any, columns: Sequence[Column] = ()) -> None:
        set_paper(sheet, columns, self._extract.programme, self._extract.as_of)

    def _write_note(self, sheet: Any, at: int, note: Note) -> int:
        sheet.write_string(at, 0, note.title, self._title)
        for place, column in enumerate(note.columns):
            sheet.write_string(at + 1, place, column.heading, self._bold)
        shown = [
            column.shown([row[place] for row in note.rows])
            for place, column in enumerate(note.columns)
        ]
        looks = [self._formats.get(column.holds) for column in note.columns]
        at += 2
        for cells in Cells(note.columns, shown).rows():
            _put(sheet, at, cells, looks)
            at += 1
        return at


def _put(sheet: Any, at: int, cells: Sequence[str | float | None], looks: Sequence[Any]) -> None:
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(at, place, cell)
        elif cell is not None:
            sheet.write_number(at, place, cell, looks[place])
