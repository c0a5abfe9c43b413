"""Column types and constraints that several tables share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine

from rollout.i18n.told import retold, stored

ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


@lru_cache(maxsize=4096)
def instant_text(moment: datetime) -> str:
    """`moment` as UTC text of fixed width: sorts as time does, and goes into digests."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without time zone cannot be stored: {moment.isoformat()}")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}Z"


@lru_cache(maxsize=4096)
def instant(text: str) -> datetime:
    """The moment that `instant_text` wrote."""
    return datetime.strptime(text, ISO).replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware moment; UTC text in SQLite, `timestamptz` in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return instant_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, str):
            return instant(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return None


class Why(TypeDecorator[str]):
    """A cause or reason: a `Told` is kept in no language and read in the reader's own."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else stored(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else retold(value)


def one_of(
    column: str, words: Iterable[StrEnum], table: str, *, name: str | None = None
) -> CheckConstraint:
    """The database itself refuses a word outside the enumeration."""
    known = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({known})", name=name or f"ck_{table}_{column}")
