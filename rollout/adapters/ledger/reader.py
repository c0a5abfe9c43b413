"""Opening a ledger: which format, encoding, sheet and header it has, and streaming its rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rollout.adapters.ledger.above import Above
from rollout.adapters.ledger.columns import Column, load_columns
from rollout.adapters.ledger.csv_file import count_lines, csv_records, detect_delimiter
from rollout.adapters.ledger.encoding import check_encoding, detect_encoding
from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.adapters.ledger.header import SEARCHED_ROWS, Header, find_header
from rollout.application.ledger.rows import Cell, LedgerRow, Record, SkippedRows, cell_text
from rollout.domain.text import match_key
from rollout.i18n import _
from rollout.i18n.system_errors import why

Records = Callable[[], Iterator[Record]]
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_NAMES_A_MACHINE = ("asset_tag", "serial", "mac", "computer_name")
_has_digit = re.compile("[0-9０-９]").search
_could_be_total = re.compile("計|total", re.IGNORECASE).search
_is_total = re.compile(
    r".*(小計|合計|総計|累計|subtotal|grandtotal|total)[:：]?[0-9,]*(台|件|名)?|計"
).fullmatch


class LedgerFile:
    """A ledger on disk. Iterating reads the file anew, row by row."""

    def __init__(
        self,
        source: str,
        records: Records,
        header: Header,
        columns: Mapping[str, Column],
        *,
        encoding: str | None,
        expected_rows: int,
    ) -> None:
        self.source = source
        self.encoding = encoding
        self.columns: Mapping[str, str] = header.titles
        self.unused = header.unused
        self.skipped = SkippedRows()
        self.expected_rows = expected_rows
        self._records, self._header, self._table = records, header, columns

    def __iter__(self) -> Iterator[LedgerRow]:
        self.skipped = skipped = SkippedRows()
        places = list(self._header.positions.items())
        width = max(place for _field, place in places) + 1
        above = Above(self._table, frozenset(self._header.positions))
        identifiers = [self._header.positions[name] for name in _NAMES_A_MACHINE
                       if name in self._header.positions]  # fmt: skip
        for record in self._records():
            if record.row <= self._header.row:
                continue
            cells = record.cells
            if len(cells) < width:
                cells = [*cells, *[""] * (width - len(cells))]
            if self._names_no_machine(cells, identifiers):
                self._count(record.row, cells, skipped)
                continue
            if self._is_header_again(cells):
                skipped.repeated_header += 1
                continue
            fields = {name: cells[place] for name, place in places}
            above.fill(fields)
            yield LedgerRow(record.row, record.line, fields)

    @staticmethod
    def _names_no_machine(cells: Sequence[Cell], identifiers: Sequence[int]) -> bool:
        for place in identifiers:
            cell = cells[place]
            if cell is None or cell == "":
                continue
            if not isinstance(cell, str):
                return False
            # Identifiers with their digits are the rule: only other texts get a closer look.
            if _has_digit(cell) and not _could_be_total(cell):
                return False
            if cell.strip() and not _is_total(match_key(cell)):
                return False
        return True

    @staticmethod
    def _count(row: int, cells: Sequence[Cell], skipped: SkippedRows) -> None:
        filled = [cell_text(cell) for cell in cells if cell is not None]
        filled = [text for text in filled if text.strip()]
        if not filled:
            skipped.blank += 1
        elif any(_is_total(match_key(text)) for text in filled):
            skipped.subtotal += 1
        else:
            skipped.other.append(row)

    def _is_header_again(self, cells: Sequence[Cell]) -> bool:
        """Printed ledgers repeat their header on every page."""
        place = self._header.positions["asset_tag"]
        cell = cells[place]
        if not isinstance(cell, str) or _has_digit(cell):
            return False
        return " ".join(cell.split()) == self.columns["asset_tag"]


def open_ledger(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    synonyms: Mapping[str, Sequence[str]] | None = None,
) -> LedgerFile:
    """Find out how to read `path` and where its header is.

    `synonyms` adds column names (field -> names). Raises LedgerUnreadable when the file as a
    whole cannot be read; single bad cells are the import's business.
    """
    columns = load_columns(synonyms)
    found = locate(path, columns, encoding=encoding, sheet=sheet)
    return LedgerFile(found.source, found.records, found.header, columns,
                      encoding=found.encoding, expected_rows=found.expected_rows)  # fmt: skip


class Located(NamedTuple):
    """Where the rows of a file are, under which header; `encoding` is None for a workbook."""

    source: str
    records: Records
    header: Header
    encoding: str | None
    expected_rows: int


def locate(
    path: Path, columns: Mapping[str, Column], *, encoding: str | None, sheet: str | None
) -> Located:
    """The rows of a CSV or XLSX file below a header with `columns`. Raises LedgerUnreadable."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise LedgerUnreadable(
            _("{path} cannot be opened: {reason}").format(path=path, reason=why(error))
        ) from None
    if not head:
        raise LedgerUnreadable(_("{path} is empty").format(path=path))
    if head.startswith(_OLE):
        raise LedgerUnreadable(
            _("{path} is an old .xls file or has a password: save it as .xlsx or CSV").format(
                path=path
            )
        )
    if head.startswith(_ZIP):
        return _in_workbook(path, sheet, columns)
    return _in_csv(path, encoding, columns)


def _in_csv(path: Path, encoding: str | None, columns: Mapping[str, Column]) -> Located:
    if encoding is None:
        encoding = detect_encoding(path)
    else:
        check_encoding(path, encoding)
    delimiter = detect_delimiter(path, encoding, columns)

    def records() -> Iterator[Record]:
        return csv_records(path, encoding, delimiter)

    header = _complete(_header_of(records, columns), str(path), columns)
    return Located(path.name, records, header, encoding, count_lines(path))


def _in_workbook(path: Path, sheet: str | None, columns: Mapping[str, Column]) -> Located:
    from rollout.adapters.ledger.xlsx_file import Workbook

    book = Workbook(path)
    if sheet is not None and not book.has(sheet):
        raise LedgerUnreadable(
            _("{path} has no sheet {sheet}: it has {sheets}").format(
                path=path, sheet=sheet, sheets=", ".join(book.sheet_names)
            )
        )

    def records_of(name: str) -> Records:
        return lambda: book.records(name)

    names = [sheet] if sheet is not None else book.sheet_names
    headers = {name: _header_of(records_of(name), columns) for name in names}
    complete = [name for name, header in headers.items() if header and header.complete]
    if len(complete) > 1:
        raise LedgerUnreadable(
            _("{path} has a ledger on several sheets: choose one with --sheet: {sheets}").format(
                path=path, sheets=", ".join(complete)
            )
        )
    best = max(names, key=lambda name: len(headers[name].positions) if headers[name] else 0)  # type: ignore[union-attr]
    chosen = complete[0] if complete else best
    header = _complete(headers[chosen], f"{path} [{chosen}]", columns)
    source = f"{path.name} [{chosen}]"
    return Located(source, records_of(chosen), header, None, book.height(chosen))


def _header_of(records: Records, columns: Mapping[str, Column]) -> Header | None:
    head = islice(records(), SEARCHED_ROWS)
    return find_header([(record.row, record.cells) for record in head], columns)


def _complete(header: Header | None, where: str, columns: Mapping[str, Column]) -> Header:
    """`header`, or the error that names what is missing and what could be meant."""
    if header is None:
        wanted = ", ".join(column.names[0] for column in columns.values() if column.required)
        raise LedgerUnreadable(
            _("{where}: no header in the first {rows} rows; the columns {wanted} are needed")
            .format(where=where, rows=SEARCHED_ROWS, wanted=wanted)
        )  # fmt: skip
    if header.missing:
        raise LedgerUnreadable(
            _(
                "{where} row {row}: the header lacks {missing} (not understood: {unused}); "
                "add the column, or its name under [ledger_columns] in rollout.toml"
            ).format(
                where=where,
                row=header.row,
                missing=", ".join(header.missing),
                unused=", ".join(header.unused) or "-",
            )
        )
    return header
