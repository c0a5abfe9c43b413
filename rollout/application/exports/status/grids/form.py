"""What a grid is made of. A colour never stands alone: it comes with its word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Tone(StrEnum):
    """The colour of a word."""

    PLAIN = "plain"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True)
class Word:
    """A word on a colour."""

    text: str
    tone: Tone


@dataclass(frozen=True)
class Rate:
    """A part of a whole, between 0 and 1."""

    value: float


@dataclass(frozen=True)
class Change:
    """How much more or less than before; shown with its sign."""

    value: int


Cell = str | int | float | date | datetime | Word | Rate | Change | None
"""Moments are in the programme's zone already; a number is one, never its text."""


@dataclass(frozen=True)
class Column:
    """`width` in half-width characters."""

    heading: str
    width: int = 10


@dataclass(frozen=True)
class Grid:
    """`total`: the last row sums the others up. `note` stands below, `empty` in place of rows."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: bool = False
    note: str = ""
    empty: str = ""
