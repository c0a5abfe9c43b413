"""Cells as a sheet has them: dates are numbers there, and texts end somewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

from rollout.application.exports.extract import Column
from rollout.application.exports.forms import Cell

LONGEST = 32_767
"""So many characters a cell has, counted as UTF-16 does."""
KEPT = 1_000
_EPOCH = date(1899, 12, 30).toordinal()
_MARK = "…"


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


class Cells:
    """A page of values for people, made ready a column at a time: texts, numbers, None.

    `shortened` names the columns whose text was too long, by the row of the page.
    """

    def __init__(self, columns: Sequence[Column], shown: Sequence[Sequence[Cell]]) -> None:
        self.shortened: dict[int, list[str]] = {}
        self._columns = [
            self._made(column, values) for column, values in zip(columns, shown, strict=True)
        ]

    def rows(self) -> Iterator[tuple[str | float | None, ...]]:
        """The cells of each row."""
        return zip(*self._columns, strict=True)

    def _made(self, column: Column, values: Sequence[Any]) -> Sequence[str | float | None]:
        match column.holds:
            case "number":
                return values
            case "day":
                return [None if value is None else day_number(value) for value in values]
            case "moment":
                return [None if value is None else moment_number(value) for value in values]
        texts = [None if value is None else str(value) for value in values]
        if max((len(text) for text in texts if text is not None), default=0) <= LONGEST // 2:
            return texts
        return [self._fitted(row, column, text) for row, text in enumerate(texts)]

    def _fitted(self, row: int, column: Column, text: str | None) -> str | None:
        fitted = text if text is None else shortened(text)
        if fitted is not text:
            self.shortened.setdefault(row, []).append(column.heading)
        return fitted


def shortened(text: str) -> str:
    """`text` itself, or what of it a cell takes, with a mark that something is missing."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) // 2 <= LONGEST:
        return text
    return units[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + _MARK


def half_widths(text: str) -> int:
    """How wide a text is, in half-width characters."""
    return sum(1 + (east_asian_width(one) in "WFA") for one in text)


@lru_cache(maxsize=65_536)
def day_number(text: str) -> float:
    """An ISO day as a sheet counts it."""
    return float(date.fromisoformat(text).toordinal() - _EPOCH)


def moment_number(text: str) -> float:
    """An ISO moment as a sheet counts it, by its own wall clock."""
    # The wall clock of the programme's zone: sheets know no zones.
    seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return day_number(text[:10]) + seconds / 86_400
