"""The two shapes that every export takes: a table for people, a document for programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Headings in the language in force, and rows; `total` is the number of rows."""

    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    total: int


@dataclass(frozen=True)
class Document:
    """Keys that never change. `items` become the list `key` behind the keys of `head`."""

    head: Mapping[str, Any]
    key: str
    items: Iterable[Mapping[str, Any]]
    total: int


def iso(moment: datetime | date | None, zone: ZoneInfo) -> str | None:
    """ISO 8601; a moment with the offset of the programme's zone."""
    if isinstance(moment, datetime):
        return moment.astimezone(zone).isoformat(timespec="seconds")
    return moment.isoformat() if moment else None
