"""Rows of a ledger between the reader and the import, and how a row becomes a machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final, NamedTuple, Protocol


class Uncomputed(Enum):
    """A formula whose result the file does not hold."""

    UNCOMPUTED = "formula without a result"


UNCOMPUTED: Final = Uncomputed.UNCOMPUTED

Cell = str | int | float | bool | date | datetime | time | timedelta | Uncomputed | None


class Record(NamedTuple):
    """One row of a file: its number in a spreadsheet, its first line in the file, its cells."""

    row: int
    line: int
    cells: Sequence[Cell]


class LedgerRow(NamedTuple):
    """A row that names a machine; `cells` by field, 'as above' already filled in."""

    row: int
    line: int
    cells: Mapping[str, Cell]


@dataclass
class SkippedRows:
    """Rows that name no machine; `other` are row numbers, for somebody to look at."""

    blank: int = 0
    subtotal: int = 0
    repeated_header: int = 0
    other: list[int] = field(default_factory=list)


class Ledger(Protocol):
    """A file as the import sees it. Iterating reads it anew and refills `skipped`."""

    @property
    def source(self) -> str:
        """File name, with the sheet where there is one."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Field -> the title of its column in the file."""

    @property
    def unused(self) -> Sequence[str]:
        """Titles of columns that mean nothing to the import."""

    @property
    def skipped(self) -> SkippedRows:
        """What was passed over; complete after iteration."""

    @property
    def expected_rows(self) -> int:
        """About how many rows there are, for a progress bar."""

    def __iter__(self) -> Iterator[LedgerRow]: ...


def cell_text(cell: Cell) -> str:
    """The cell as text: whole numbers without a point, dates in ISO form."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime | date):
        midnight = isinstance(cell, datetime) and not any(cell.timetuple()[3:6])
        return cell.date().isoformat() if isinstance(cell, datetime) and midnight else (
            cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
        )  # fmt: skip
    return cell.value if isinstance(cell, Uncomputed) else str(cell)
