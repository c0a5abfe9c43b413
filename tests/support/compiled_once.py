"""Statements are compiled once in a process of tests, and not anew for every test's database.

SQLAlchemy keeps what it compiled by engine and by dialect. Every test has a database, and so both,
of its own, and compiling took more than a third of the processor time of tests of use cases.
"""

from typing import Any

from sqlalchemy import Engine, util
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

ROOM = 5_000
"""Statements that are kept; the whole product has fewer."""


def share() -> None:
    """From now on, for every engine of this process: all of a kind talk to one version."""
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        setattr(kind, "__eq__", _of_one_kind)  # noqa: B010
        setattr(kind, "__hash__", _kind)  # noqa: B010
    # As `create_engine(execution_options=...)` would have it, for those that the product opens.
    Engine._execution_options = Engine._execution_options.union(
        {"compiled_cache": util.LRUCache(ROOM)}
    )


def _of_one_kind(one: Any, other: Any) -> bool:
    return type(one) is type(other)


def _kind(dialect: Any) -> int:
    return hash(type(dialect))
