"""Reading the cells of lists of dates."""

from collections.abc import Callable, Collection
from datetime import date
from typing import TypeVar

from rollout.application.ledger.rows import LedgerRow, cell_text
from rollout.application.ledger.words import day_of, readable, verbatim
from rollout.application.own_dates.report import DatesReport
from rollout.domain.identifiers import parse_staff_number
from rollout.domain.periods import Period, parse_days
from rollout.domain.text import ValueRefused, tidy
from rollout.domain.words import msgid

T = TypeVar("T")


class Cells:
    """One row: each cell is read once, and what is wrong with it goes into the report."""

    def __init__(self, row: LedgerRow, report: DatesReport) -> None:
        self.row, self._report = row, report
        self.good = True

    def refuse(self, name: str, refused: ValueRefused) -> None:
        """The row is bad because of the cell `name`."""
        self.good = False
        self._report.refuse(self.row, name, refused)

    def text(self, name: str) -> str:
        """The cell as it was typed; empty when the file has no such column."""
        return verbatim(cell_text(self.row.cells.get(name, "")))

    def day(self, name: str) -> date | None:
        """The day in the cell; None when it is empty or bad."""
        return self.read(name, day_of)

    def period(self, both: str, first: str, last: str) -> Period | None:
        """The period in one cell or in two; None when there is none or it is bad."""
        if self._filled(both):
            return self.read(both, parse_days)
        begin, end = self.day(first), self.day(last)
        if not self.good or (begin is None and end is None):
            return None
        if begin is None or end is None:
            # One day alone is ambiguous: the other end may have been forgotten.
            empty = first if begin is None else last
            self.refuse(
                empty,
                ValueRefused(
                    "",
                    msgid("the period has no beginning or no end"),
                    msgid("write both days; for a single day the same one twice"),
                ),
            )
            return None
        if end < begin:
            self.refuse(
                last,
                ValueRefused(
                    end.isoformat(),
                    msgid("the period ends on {last}, before it begins on {first}"),
                    msgid("swap the two days, or correct the year"),
                    first=begin.isoformat(),
                    last=end.isoformat(),
                ),
            )
            return None
        return Period(begin, end)

    def person(self, name: str, known: Collection[str]) -> str | None:
        """The staff number of somebody whom the ledger knows; None when empty or bad."""
        number = self.read(name, parse_staff_number) if self._filled(name) else None
        if number is not None and number not in known:
            self.refuse(
                name,
                ValueRefused(
                    number,
                    msgid("the ledger has nobody with the staff number {value}"),
                    msgid("correct the number, or import the ledger that has this person first"),
                ),
            )
            return None
        return number

    def _filled(self, name: str) -> bool:
        return tidy(self.text(name)) not in ("", "-")

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """The cell as `reader` understands it; None when it is empty or bad."""
        cell = self.row.cells.get(name, "")
        if cell == "" or cell is None:
            return None
        try:
            return reader(readable(name, cell))
        except ValueRefused as refused:
            self.refuse(name, refused)
            return None
