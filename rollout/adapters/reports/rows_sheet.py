"""A long export as a workbook: a summary, then the rows, on as many sheets as they need.

Rows go to the disk one after the other (`constant_memory`). Texts are written as texts whatever
they begin with; days and moments as dates, moments in the programme's zone.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from rollout.adapters.reports.beside import Seal, beside
from rollout.adapters.reports.sheet_paper import set_paper
from rollout.adapters.reports.sheet_place import Target, let_go, sheets_aside
from rollout.application.exports.checks import checks
from rollout.application.exports.extract import Column, Extract, Holds, Note
from rollout.application.exports.failed import CannotWrite
from rollout.application.exports.forms import Cell
from rollout.i18n import _

Progress = Callable[[int, int], None]
ROWS = 1_048_576
"""So many rows a sheet of this format has."""
BYTES = 1_500_000_000
"""No sheet is larger before it is packed: from two thousand million bytes on, archives need a form
that spreadsheets call damaged. Looked at after each page of rows."""
LONGEST = 32_767
"""So many characters a cell has, counted as UTF-16 does."""
KEPT = 1_000
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_EPOCH = date(1899, 12, 30).toordinal()
_CUT = "…"
_LINE = 60


@dataclass
class Cut:
    """Texts that were longer than a cell takes: how many, and where the first ones stand."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, sheet: str, row: int, column: str) -> None:
        """One more; `row` counts from 1."""
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(f"{sheet}, {column}, {row}")


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
        self._formats = {
            "day": book.add_format({"num_format": "yyyy-mm-dd", **look}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", **look}),
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
        writers = [self._writer(column) for column in self._extract.columns]
        sheet, number, at, done = self._sheet(1), 1, 1, 0
        for page in self._extract.shown():
            full = os.fstat(sheet.row_data_fh.fileno()).st_size > self._bytes
            for cells in zip(*page, strict=True):
                if at == self._rows or full:
                    full = False
                    self._end(sheet, at)
                    number += 1
                    sheet, at = self._sheet(number), 1
                for place, (write, cell) in enumerate(zip(writers, cells, strict=True)):
                    if cell is not None:
                        write(sheet, at, place, cell)
                at += 1
            done += len(page[0])
            progress(done, self._extract.total)
        self._end(sheet, at)

    def _sheet(self, number: int) -> Any:
        title = self._extract.title
        sheet = self._book.add_worksheet(title if number == 1 else f"{title} ({number})")
        for place, column in enumerate(self._extract.columns):
            sheet.set_column(place, place, column.width)
        sheet.set_row(0, 30)
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
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 30)
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
            if isinstance(value, str) and len(value) > _LINE:
                # One long line would make the whole page small in print.
                sheet.set_row(at, 15 * (1 + len(value) // _LINE))
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
        writers = [self._writer(column) for column in note.columns]
        at += 2
        for cells in zip(*shown, strict=True):
            for place, (write, cell) in enumerate(zip(writers, cells, strict=True)):
                if cell is not None:
                    write(sheet, at, place, cell)
            at += 1
        return at

    def _writer(self, column: Column) -> Callable[[Any, int, int, Any], None]:
        if column.holds == "number":
            return lambda sheet, row, place, cell: sheet.write_number(row, place, cell)
        return self._text(column.heading) if column.holds == "text" else self._date(column.holds)

    def _text(self, heading: str) -> Callable[[Any, int, int, Any], None]:
        """Writes a text, cut where a cell ends."""

        def write(sheet: Any, row: int, place: int, cell: Any) -> None:
            text = cell if isinstance(cell, str) else str(cell)
            if len(text) > LONGEST // 2:
                whole, text = text, shortened(text)
                if text is not whole:
                    self._cut.add(sheet.name, row + 1, heading)
            sheet.write_string(row, place, text)

        return write

    def _date(self, holds: Holds) -> Callable[[Any, int, int, Any], None]:
        """Writes ISO text as a date with its format."""
        look, serial = self._formats[holds], (day_number if holds == "day" else moment_number)

        def write(sheet: Any, row: int, place: int, cell: Any) -> None:
            sheet.write_number(row, place, serial(cell), look)

        return write


def shortened(text: str) -> str:
    """`text` itself, or what of it a cell takes, with a mark that something is missing."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) // 2 <= LONGEST:
        return text
    return units[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + _CUT


@lru_cache(maxsize=65_536)
def day_number(text: str) -> float:
    """An ISO day as a sheet counts it."""
    return float(date.fromisoformat(text).toordinal() - _EPOCH)


def moment_number(text: str) -> float:
    """An ISO moment as a sheet counts it, by its own wall clock."""
    # The wall clock of the programme's zone: sheets know no zones.
    seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return day_number(text[:10]) + seconds / 86_400
