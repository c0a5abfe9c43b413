"""Reading the records of a CSV file."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from rollout.adapters.ledger.columns import Column
from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.adapters.ledger.header import SEARCHED_ROWS, find_header
from rollout.application.ledger.rows import Record
from rollout.i18n import _

# Excel's "Unicode text" is UTF-16 with tabs.
_DELIMITERS = (",", "\t", ";")
_LONGEST_CELL = 1 << 20


def csv_records(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    """Row as a spreadsheet numbers it, first line in the file, cells.

    Raises LedgerUnreadable for quotes that do not pair: read on, one of them would swallow the
    machines that follow.
    """
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        line = 1
        try:
            for row, cells in enumerate(reader, 1):
                yield Record(row, line, cells)
                line = reader.line_num + 1
        except csv.Error as error:
            # Of a cell that is too long, quotes are the usual cause as well.
            raise LedgerUnreadable(
                _(
                    "{path} line {line}: the quotes of a cell do not pair; "
                    "write two for one inside a cell"
                ).format(path=path.name, line=line)
            ) from error


def detect_delimiter(path: Path, encoding: str, columns: Mapping[str, Column]) -> str:
    """The delimiter with which the most columns are recognised."""

    def recognised(delimiter: str) -> int:
        try:
            head = list(islice(csv_records(path, encoding, delimiter), SEARCHED_ROWS))
        except LedgerUnreadable:
            return 0
        header = find_header([(record.row, record.cells) for record in head], columns)
        return len(header.positions) if header else 0

    return max(_DELIMITERS, key=recognised)


def count_lines(path: Path) -> int:
    """How many lines the file has; enough for a progress bar."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
