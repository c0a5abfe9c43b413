"""Reading the records of an XLSX workbook."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.application.ledger_rows import UNCOMPUTED, Cell, Record
from rollout.i18n import _

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_formula_cell = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b.*?(?:</(?:\w+:)?c>|\Z)", re.DOTALL
).finditer
_address = re.compile(rb'\br="([A-Z]+)([0-9]+)"').search
_value = re.compile(rb"<(?:\w+:)?v>[^<]").search
_BLOCK = 1 << 20


class Workbook:
    """An open workbook; `sheet_names` are those that a person can see."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._book = CalamineWorkbook.from_path(path)
        except PasswordError:
            raise LedgerUnreadable(
                _("{path} has a password: save it without one").format(path=path.name)
            ) from None
        except (CalamineError, OSError) as error:
            raise LedgerUnreadable(
                _("{path} cannot be read as XLSX ({error}): save it again, or as CSV").format(
                    path=path.name, error=error
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
        return int(self._book.get_sheet_by_name(sheet).total_height)

    def records(self, sheet: str) -> Iterator[Record]:
        """The rows of a sheet as the spreadsheet numbers them.

        A formula that was never computed comes as UNCOMPUTED, not as an empty cell.
        """
        found = self._book.get_sheet_by_name(sheet)
        if found.start is None:
            return
        uncomputed: dict[int, list[int]] = {}
        for row, column in self._uncomputed(sheet):
            uncomputed.setdefault(row, []).append(column)
        last_row = 0
        for row, cells in enumerate(found.iter_rows(), 1):
            last_row = row
            yield Record(row, row, _with_uncomputed(cells, uncomputed.get(row)))
        # A row of nothing but such formulas at the end is no row to the reader library.
        for row in sorted(uncomputed):
            if row > last_row:
                yield Record(row, row, _with_uncomputed([], uncomputed[row]))

    def _uncomputed(self, sheet: str) -> Iterator[tuple[int, int]]:
        """Row and column (from 0) of formulas without a cached result."""
        with zipfile.ZipFile(self.path) as archive:
            part = _sheet_part(archive, sheet)
            if part is None:
                return
            with archive.open(part) as xml:
                carried = b""
                while block := xml.read(_BLOCK):
                    whole, closing, carried = (carried + block).rpartition(b"</row>")
                    if b"<f" in whole or b":f" in whole:
                        yield from _formulas_without_value(whole + closing)
                yield from _formulas_without_value(carried)


def _formulas_without_value(xml: bytes) -> Iterator[tuple[int, int]]:
    for cell in _formula_cell(xml):
        place = _address(cell[1])
        # t="str" marks a result that is text; that text may be empty.
        if place and b't="str"' not in cell[1] and not _value(cell[0]):
            yield int(place[2]), _column_number(place[1].decode())


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _with_uncomputed(cells: Sequence[Cell], columns: list[int] | None) -> Sequence[Cell]:
    if columns:
        cells = [*cells] + [""] * (max(columns) + 1 - len(cells))
        for column in columns:
            cells[column] = UNCOMPUTED
    return cells


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
