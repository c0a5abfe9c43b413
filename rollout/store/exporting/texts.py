"""Values as text in both databases, because a million objects of dates cost more than the rows."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    String,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    type_coerce,
)
from sqlmodel import Session

T = TypeVar("T", str, int)

_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def in_sqlite(session: Session) -> bool:
    """Whether the database is SQLite, which keeps days and moments as text anyway."""
    return session.connection().dialect.name == "sqlite"


def day(session: Session, column: Any) -> ColumnElement[str | None]:
    """A day as `2022-11-01`."""
    return type_coerce(column, String) if in_sqlite(session) else cast(column, Text)


def moment(session: Session, column: Any) -> ColumnElement[str | None]:
    """A moment in UTC as `store.columns.instant_text` writes it."""
    return type_coerce(column, String) if in_sqlite(session) else func.to_char(column, _MOMENT)


TEXT, SAFE = "\x1f", "\x1e"
"""Before a cell of a line: one with any text, one that needs no looking after."""
FIRST = "\x1c"
"""Before the first cell of a line, which may have any text."""
SAID = "\x1d"
"""Before a letter and what is still to be said in words of people: see `lines`."""


def fixed(value: T) -> ColumnElement[T]:
    """A value of ours in the statement itself: SQLite takes a parameter anew for every row, which
    was a seventh of an export of machines."""
    return literal(value, literal_execute=True)


def line(session: Session, *cells: tuple[str, Any]) -> ColumnElement[str]:
    """Cells behind each other as one text, each with its sign before it; what is NULL is empty.

    The function is the fastest of either database: half the time of the operator for texts.
    """
    put = func.printf if in_sqlite(session) else func.format
    template = "".join(sign + "%s" for sign, _cell in cells)
    found: ColumnElement[str] = put(fixed(template), *(cell for _sign, cell in cells), type_=String)
    return found


def strung(session: Session, cells: Any, between: str) -> ColumnElement[Any]:
    """Texts of many rows as one, in UTF-8: no object of Python's for each."""
    whole = func.aggregate_strings(cells, between)
    if in_sqlite(session):
        return cast(whole, LargeBinary)
    return func.convert_to(whole, "UTF8", type_=LargeBinary)


def worded(column: Any, words: Mapping[Any, str]) -> ColumnElement[str | None]:
    """A column of words of ours in the words of people; what is not known stays as it is."""
    known = {fixed(word): fixed(said) for word, said in words.items() if word is not None}
    if not known:
        return column  # type: ignore[no-any-return]
    # Most columns of this kind are mostly empty, and an empty one would be compared with each word.
    return case((column.is_(None), null()), else_=case(known, value=column, else_=column))


def truth(column: Any, words: Mapping[Any, str]) -> ColumnElement[str | None]:
    """A truth value in words."""
    return case((column.is_(True), fixed(words[True])), (column.is_(False), fixed(words[False])))


def kept(column: Any) -> ColumnElement[str | None]:
    """A cause or reason as it is kept, in no language; `i18n.told.retold` reads it."""
    return type_coerce(column, String)


def plain(session: Session, statement: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
    """The rows as the driver has them: tuples of texts and numbers, half the time of rows with
    names. Truth values are numbers in SQLite."""
    result = session.connection().execute(statement, values or {})
    found = list(result.cursor.fetchall()) if result.cursor is not None else []
    result.close()
    return found


def among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Condition that holds for `ids`, and may hold for others between them.

    Thousands of parameters cost more than the rows that are read in vain; ids of one page of
    machines mostly follow each other.
    """
    first, last = min(ids, default=0), max(ids, default=-1)
    if last - first <= 4 * len(ids):
        found: ColumnElement[bool] = column.between(first, last)
        return found
    chosen: ColumnElement[bool] = column.in_(list(ids))
    return chosen
