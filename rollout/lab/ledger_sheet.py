"""Writing the rows of a generated ledger as CSV or XLSX, streaming."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

Value = str | int


class Sheet(Protocol):
    """Takes rows one after the other."""

    def append(self, cells: Sequence[Value]) -> None:
        """Write one row."""


class _CsvSheet:
    def __init__(self, writer: "csv._writer") -> None:  # type: ignore[name-defined]
        self._writer = writer

    def append(self, cells: Sequence[Value]) -> None:
        self._writer.writerow(cells)


class _XlsxSheet:
    def __init__(self, sheet: object) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._sheet, self._cell = sheet, WriteOnlyCell

    def append(self, cells: Sequence[Value]) -> None:
        self._sheet.append([self._as_text(cell) for cell in cells])  # type: ignore[attr-defined]

    def _as_text(self, value: Value) -> object:
        """Text that begins with = is text here, never a formula."""
        if not isinstance(value, str) or not value.startswith("="):
            return value
        cell = self._cell(self._sheet, value)
        cell.data_type = "s"
        return cell


@contextmanager
def open_sheet(path: Path, encoding: str) -> Iterator[Sheet]:
    """A sheet that becomes the file `path`; XLSX by its name, else CSV in `encoding`."""
    if path.suffix.lower() != ".xlsx":
        with path.open("w", encoding=encoding, newline="") as file:
            yield _CsvSheet(csv.writer(file))
        return
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    legend = book.create_sheet("凡例")
    legend.append(["可", "持出しを認める"])
    yield _XlsxSheet(book.create_sheet("台帳"))
    book.save(path)
