"""The shape of a long export: columns, and pages of values that are read while they are written.

A page holds one sequence per column and not per row, and values as the database keeps them; how a
person sees a value (`Column.show`) is asked once per value and not once per row.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rollout.application.exports.forms import Cell
from rollout.application.exports.stamp import Kind
from rollout.domain.reach import Reach
from rollout.i18n import _
from rollout.i18n.labels import labels
from rollout.i18n.told import retold
from rollout.store.columns import instant
from rollout.store.exporting.lines import END as END
from rollout.store.exporting.texts import FIRST as FIRST
from rollout.store.exporting.texts import SAFE as SAFE
from rollout.store.exporting.texts import TEXT as TEXT

Page = Sequence[Sequence[Any]]
Holds = Literal["text", "number", "day", "moment"]


@dataclass(frozen=True)
class Column:
    """One column. `key` never changes; `show` makes what a person reads, `tell` what a program
    reads; without them a value is both as it is. Days and moments are ISO-8601 text. Columns at the
    end that are not `printed` are for machines: on paper they would make the others too small. A
    `new_page` beside the one before begins with a column that says so. `along` is the key of a
    column of whose value `show` is given a pair with its own."""

    key: str
    heading: str
    holds: Holds = "text"
    show: Callable[[Any], Cell] | None = None
    tell: Callable[[Any], Any] | None = None
    width: int = 14
    printed: bool = True
    new_page: bool = False
    along: str | None = None

    def shown(self, values: Sequence[Any]) -> Sequence[Cell]:
        """For people."""
        return values if self.show is None else [*map(self.show, values)]

    def told(self, values: Sequence[Any]) -> Sequence[Any]:
        """For programs."""
        return values if self.tell is None else [*map(self.tell, values)]


@dataclass(frozen=True)
class Note:
    """A small table that is known when all pages have gone by."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Lines:
    """A page of `rows` lines for people in UTF-8, END between them, in which FIRST, TEXT or SAFE
    stands before each cell: SAFE before one that needs neither quotes nor a guard. `cells` reads
    the page again in columns, for when a text in it is such that a line cannot tell it (None)."""

    text: bytes | None
    rows: int
    cells: Callable[[], Page]


@dataclass
class Extract:
    """An export while it is read. `counts` and `notes` are complete when `pages` is used up.

    `head` is what is told above the rows, by key; `facts` the same for people, in pairs.
    """

    kind: Kind
    title: str
    columns: Sequence[Column]
    pages: Iterable[Page]
    total: int
    as_of: str
    past: bool
    programme: str
    reach: Reach
    head: Mapping[str, Any] = field(default_factory=dict)
    facts: Sequence[tuple[str, Cell]] = ()
    filter: Mapping[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    notes: Callable[[], Sequence[Note]] = tuple
    lines: Iterable[Lines] | None = None
    """The same pages in another way, where there is a faster one for texts; one of both is read."""
    rows: int = 0

    def shown(self) -> Iterator[Sequence[Sequence[Cell]]]:
        """The pages for people, in columns."""
        for page in self.read():
            joined = zip(self.columns, self.joined(page), strict=True)
            yield [column.shown(values) for column, values in joined]

    def joined(self, page: Page) -> Page:
        """A page as `Column.show` takes it."""
        places = {column.key: place for place, column in enumerate(self.columns)}
        return [
            values
            if column.along is None
            else [*zip(page[places[column.along]], values, strict=True)]
            for column, values in zip(self.columns, page, strict=True)
        ]

    def told(self) -> Iterator[Iterator[tuple[Any, ...]]]:
        """The pages for programs, in rows."""
        for page in self.read():
            told = [column.told(values) for column, values in zip(self.columns, page, strict=True)]
            yield zip(*told, strict=True)

    def read(self) -> Iterator[Page]:
        """The pages as the database has them, in columns."""
        for page in self.pages:
            yield page
            self.rows += len(page[0])


def words(kind: type[StrEnum]) -> Callable[[Any], Cell]:
    """Labels of an enumeration; a word that is none of it stays as it is."""
    known: dict[Any, Cell] = {None: None, **labels(kind)}
    return _Known(known).__getitem__


class _Known(dict[Any, Cell]):
    """What is not known stays as it is; a lookup is no call of Python's while it is known."""

    def __missing__(self, key: Any) -> Cell:
        found: Cell = key
        return found


def yes_no() -> Callable[[Any], Cell]:
    """Truth values in words."""
    return {None: None, True: _("yes"), False: _("no")}.__getitem__  # equal to 1 and 0


def truth(value: Any) -> bool | None:
    """SQLite has numbers for truth values where a plain row is read."""
    return None if value is None else bool(value)


def why() -> Callable[[Any], str | None]:
    """Causes and reasons, as they are kept, in the language in force."""

    @lru_cache(maxsize=8192)
    def shown(kept: str | None) -> str | None:
        return None if kept is None else str(retold(kept))

    return shown


def local(zone: ZoneInfo) -> Callable[[Any], str | None]:
    """Moments as `2022-11-01T10:00:00+09:00`. A minute is looked up once: offsets of zones never
    change within one."""

    @lru_cache(maxsize=65_536)
    def minute(text: str) -> tuple[str, str]:
        told = instant(text + ":00.000000Z").astimezone(zone).isoformat(timespec="seconds")
        return told[:17], told[19:]

    def shown(text: str | None) -> str | None:
        if text is None:
            return None
        begin, offset = minute(text[:16])
        return begin + text[17:19] + offset

    return shown
