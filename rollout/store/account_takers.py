"""Processes that took rows of the queue of accounts, and are perhaps no more."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, select, update
from sqlmodel import Session

from rollout.domain.account import AccountState
from rollout.store.tables import Account, CloudGroup

_OPEN = (AccountState.REQUESTED.value, AccountState.PENDING.value)
_TABLES: tuple[Table, ...] = (Account.__table__, CloudGroup.__table__)  # type: ignore[attr-defined]


def takers(session: Session, now: datetime) -> set[str]:
    """Whoever has rows taken now."""
    found: set[str] = set()
    for table in _TABLES:
        rows = session.connection().execute(
            select(table.c.taken_by).where(*_taken(table, now)).distinct()
        )
        found.update(rows.scalars().all())
    return found


def free(session: Session, taker: str, now: datetime) -> int:
    """Let others go on at once with what a dead process had taken; how many rows.

    They stay in doubt: what it ordered may have been done.
    """
    return sum(
        session.connection()
        .execute(
            update(table)
            .where(*_taken(table, now), table.c.taken_by == taker)
            .values(due_at=now, taken_by=None)
        )
        .rowcount
        for table in _TABLES
    )


def _taken(table: Table, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Rows at which somebody is, as far as the tables know."""
    return (
        table.c.state.in_(_OPEN),
        table.c.taken_by.is_not(None),
        table.c.due_at > now,
    )
