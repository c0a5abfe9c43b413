"""Many ids in one statement."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal, select, true
from sqlmodel import Session


def as_json(session: Session) -> bool:
    """Whether ids are given as one text of JSON: one parameter instead of 20,000, whose rendering
    takes longer than the statement itself."""
    return session.connection().dialect.name == "sqlite"


def given(ids: Iterable[int | str], in_json: bool) -> Any:
    """The value of the parameter of `among`."""
    return json.dumps(list(ids)) if in_json else list(ids)


def among(column: Any, in_json: bool, name: str = "ids") -> ColumnElement[bool]:
    """`column` is one of the parameter `name`."""
    chosen: Any
    if not in_json:
        chosen = bindparam(name, expanding=True)
    else:
        chosen = select(func.json_each(bindparam(name)).table_valued("value").c.value)
    found: ColumnElement[bool] = column.in_(chosen)
    return found


_PARAMETERS = 30_000
"""PostgreSQL takes 65,535 of them in one statement, which may name the same ids twice."""


def these(session: Session, column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Condition: `column` is one of `ids`, in a statement that is made for them. Of more than a
    server takes as parameters it is left to the caller's reading to pass the others by."""
    found: ColumnElement[bool]
    if as_json(session):
        listed = func.json_each(literal(json.dumps(list(ids)))).table_valued("value")
        found = column.in_(select(listed.c.value))
    else:
        found = column.in_(list(ids)) if len(ids) <= _PARAMETERS else true()
    return found
