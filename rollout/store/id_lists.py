"""Many ids in one statement."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
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
