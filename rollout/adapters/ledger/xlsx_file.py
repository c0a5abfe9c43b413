"""Reading the records of an XLSX workbook."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.application.ledger.rows import UNCOMPUTED, Cell, Record
from rollout.i18n import _
from rollout.i18n.system_errors import why

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_formula_cell = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b.*?(?:</(?:\w+:)?c>|\Z)", re.DOTALL
).finditer
_error_cell = re.compile(
    rb'<(?:\w+:)?c\b([^>]*t="e"[^>]*)>(?:\s*<(?:\w+:)?f\b.*?</(?:\w+:)?f>)?\s*<(?:\w+:)?v>([^<]*)<',
    re.DOTALL,
).finditer
_address = re.compile(rb'\br="([A-Z]+)([0-9]+)"').search
_value = re.compile(rb"<(?:\w+:)?v>[^<]").search
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Sheet:
    """A parsed sheet, with the cells that the library shows as empty."""

    cells: CalamineSheet
    special: Mapping[int, Mapping[int, Cell]]
    name: str


class Workbook:
    """An open workbook; `sheet_names` are those that a person can see."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: _Sheet | None = None
        try:
            self._book = CalamineWorkbook.from_path(path)
        except PasswordError:
            raise LedgerUnreadable(
                _("{path} has a password: save it without one").format(path=path.name)
            ) from None
        except (CalamineError, OSError) as error:
            said = why(error) if isinstance(error, OSError) else error
            raise LedgerUnreadable(
                _("{path} cannot be read as XLSX ({error}): save it again, or as CSV").format(
                    path=path.name, error=said
                )
            ) from None
        self.sheet_names = [
            sheet.name
            for sheet in self._book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]

    def has(self, sheet: str) -> bool:
        """Whether there is such a sheet, hidden ones included."""
        return sheet in self._book.sheet_names

    def height(self, sheet: str) -> int:
        """How many rows the sheet has."""
        return int(self._sheet(sheet).cells.total_height)

    def _sheet(self, name: str) -> "_Sheet":
        """One sheet is kept: parsing it again for header, height and rows would cost most of an
        import, and keeping all would hold every sheet of the workbook in memory."""
        if self._kept is None or self._kept.name != name:
            self._kept = _Sheet(self._book.get_sheet_by_name(name), self._special(name), name)
        return self._kept

    def _special(self, sheet: str) -> Mapping[int, Mapping[int, Cell]]:
        special: dict[int, dict[int, Cell]] = {}
        for row, column, cell in self._special_cells(sheet):
            special.setdefault(row, {})[column] = cell
        return special

    def records(self, sheet: str) -> Iterator[Record]:
        """The rows of a sheet as the spreadsheet numbers them.

        A formula that was never computed comes as UNCOMPUTED and an error as its text, not as an
        empty cell, which could mean 'as above'.
        """
        kept = self._sheet(sheet)
        found, special = kept.cells, kept.special
        last_row = 0
        if found.start is not None:
            # The library begins with the first used column, but with the first row.
            margin = [""] * found.start[1]
            for row, cells in enumerate(found.iter_rows(), 1):
                last_row = row
                yield Record(row, row, _with_special([*margin, *cells], special.get(row)))
        # A row of nothing but such cells at the end is no row to the reader library.
        for row in sorted(special):
            if row > last_row:
                yield Record(row, row, _with_special([], special[row]))
        # Read to its end: the rest of an import needs the memory.
        self._kept = None

    def _special_cells(self, sheet: str) -> Iterator[tuple[int, int, Cell]]:
        """Row, column (from 0) and content of cells that the library shows as empty."""
        with zipfile.ZipFile(self.path) as archive:
            part = _sheet_part(archive, sheet)
            if part is None:
                return
            with archive.open(part) as xml:
                carried = b""
                while block := xml.read(_BLOCK):
                    whole, closing, carried = (carried + block).rpartition(b"</row>")
                    yield from _special_in(whole + closing)
                yield from _special_in(carried)


def _special_in(xml: bytes) -> Iterator[tuple[int, int, Cell]]:
    """Formulas that were never computed, and errors such as #REF!."""
    if b"<f" in xml or b":f" in xml:
        for cell in _formula_cell(xml):
            place = _address(cell[1])
            # t="str" marks a result that is text; that text may be empty.
            if place and b't="str"' not in cell[1] and not _value(cell[0]):
                yield int(place[2]), _column_number(place[1].decode()), UNCOMPUTED
    if b't="e"' in xml:
        for cell in _error_cell(xml):
            if place := _address(cell[1]):
                yield int(place[2]), _column_number(place[1].decode()), cell[2].decode()


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _with_special(cells: Sequence[Cell], special: Mapping[int, Cell] | None) -> Sequence[Cell]:
    if not special:
        return cells
    filled = [*cells, *[""] * (max(special) + 1 - len(cells))]
    for column, cell in special.items():
        filled[column] = cell
    return filled


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The path of a sheet inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - calamine read it
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for entry in book.iter(f"{_MAIN}sheet"):
        if entry.get("name") == sheet:
            target = targets.get(entry.get(_RELATION), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None
