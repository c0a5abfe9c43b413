"""Opening the lists that other offices keep beside the ledger: absences, dates, trainings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from rollout.adapters.ledger.above import Above
from rollout.adapters.ledger.columns import Column, load_columns, title_key
from rollout.adapters.ledger.reader import Located, locate
from rollout.application.ledger.rows import LedgerRow, SkippedRows, cell_text

ListKind = Literal[
    "absences",
    "applications",
    "constraints",
    "departments",
    "mailbox_batches",
    "people",
    "training",
]


class ListFile:
    """A list on disk: rows with anything in a known column. Iterating reads the file anew."""

    def __init__(self, found: Located, columns: Mapping[str, Column]) -> None:
        self.source = found.source
        self.columns: Mapping[str, str] = found.header.titles
        self.unused: Sequence[str] = found.header.unused
        self.skipped = SkippedRows()
        self.expected_rows = found.expected_rows
        self._found, self._table = found, columns

    def __iter__(self) -> Iterator[LedgerRow]:
        self.skipped = skipped = SkippedRows()
        header = self._found.header
        above = Above(self._table, frozenset(header.positions))
        for record in self._found.records():
            if record.row <= header.row:
                continue
            cells = {
                field: record.cells[place] if place < len(record.cells) else ""
                for field, place in header.positions.items()
            }
            if not any(cell_text(cell).strip() for cell in cells.values()):
                skipped.blank += 1
                continue
            if all(
                title_key(cell_text(cell)) == title_key(self.columns[field])
                for field, cell in cells.items()
            ):
                skipped.repeated_header += 1
                continue
            above.fill(cells)
            yield LedgerRow(record.row, record.line, cells)


def open_list(
    path: Path,
    kind: ListKind,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    synonyms: Mapping[str, Sequence[str]] | None = None,
) -> ListFile:
    """Find out how to read `path` and where its header is; `synonyms` as for a ledger.

    Raises LedgerUnreadable.
    """
    columns = load_columns(synonyms, table_of=kind)
    return ListFile(locate(path, columns, encoding=encoding, sheet=sheet), columns)
