"""Appending to the history and verifying it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy import select as columns
from sqlalchemy.dialects import sqlite
from sqlmodel import Session, col, func, select

from rollout.domain.history import GENESIS, Fact, chain, content_digest, digest
from rollout.domain.redactions import Redactions
from rollout.i18n import _
from rollout.i18n.told import stored
from rollout.store.columns import instant, instant_text
from rollout.store.tables import AuditHead, AuditRow

_BATCH = 10_000


def append(session: Session, facts: Sequence[Fact]) -> None:
    """Add `facts` to the end of the chain, in the transaction of `session`."""
    if not facts:
        return
    connection = session.connection()
    head = connection.execute(_HEAD).one_or_none()
    known, last = (0, GENESIS) if head is None else (head.rows, head.digest)
    rows = [(*fact, digest_, salt) for fact, digest_, salt in chain(last, facts)]
    _insert(connection, rows)
    written = {"rows": known + len(rows), "digest": rows[-1][-2]}
    connection.execute(_NEW_HEAD if head is None else _MOVED_HEAD, written)
    # An object of the session still shows the old end.
    for shown in session.identity_map.values():
        if isinstance(shown, AuditHead):
            session.expire(shown)


_COLUMNS = (*Fact._fields, "digest", "salt")
_INSERT = insert(AuditRow)
_HEAD = select(col(AuditHead.rows), col(AuditHead.digest)).with_for_update()
_NEW_HEAD = insert(AuditHead).values(id=1)
_MOVED_HEAD = update(AuditHead)


def _insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "sqlite":
        # A third of the time of a bulk move would go into turning each row into parameters; here
        # the rows already are what the driver wants, the moment being text in SQLite.
        connection.exec_driver_sql(_insertion(), list(rows))
        return
    connection.execute(
        _INSERT,
        [{**dict(zip(_COLUMNS, row, strict=True)), "at": instant(row[0])} for row in rows],
    )


@cache
def _insertion() -> str:
    """The statement for one row of history, as SQLite's driver takes it."""
    statement = _INSERT.compile(dialect=sqlite.dialect(), column_keys=list(_COLUMNS))
    assert statement.positiontup == list(_COLUMNS)  # noqa: S101  (order of a wrong digest)
    return str(statement)


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: how many rows hold, and the first that does not."""

    rows: int
    head: str
    broken_at: int | None = None
    why: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the whole chain holds."""
        return self.broken_at is None and self.why is None


def verify(session: Session, progress: Callable[[int], None] = lambda rows: None) -> Verdict:
    """Walk the chain from its first row and compare its end with the recorded head.

    A redacted row has lost the text that its digest covers: the digest itself is a link of the
    chain still, and what stands there instead has to be what a later fact says.
    `progress` is told the number of rows walked so far.
    """
    last, rows, last_id = GENESIS, 0, 0
    redactions = Redactions()
    connection = session.connection()
    while True:
        batch = connection.execute(_BEHIND, {"last": last_id}).all()
        if not batch:
            break
        for row in batch:
            last_id = row.id
            fact = _as_fact(row)
            if row.redacted_by is not None:
                content = content_digest(fact.key, fact.reason, fact.detail)
                redactions.met(last_id, row.redacted_by, content)
                last = row.digest
            else:
                last = digest(last, fact, row.salt)
                redactions.said(last_id, row.verb, row.detail)
            if row.digest != last:
                why = _("its digest does not follow from the row before")
                return Verdict(rows, last, last_id, why)
            rows += 1
        progress(rows)
    unsaid = redactions.unsaid
    if unsaid is not None:
        why = _("its text was replaced, and no later fact says so")
        return Verdict(rows, last, unsaid, why)
    head = session.get(AuditHead, 1)
    if head is None:
        missing = _("the end of the chain is not recorded") if rows else None
        return Verdict(rows, last, None, missing)
    if (head.rows, head.digest) != (rows, last):
        why = _("the recorded end is after {noted} rows, the history has {rows}").format(
            noted=head.rows, rows=rows
        )
        return Verdict(rows, last, None, why)
    return Verdict(rows, last)


# Columns and no objects: a large programme has tens of millions of facts.
_BEHIND: Any = (
    columns(*AuditRow.__table__.c)  # type: ignore[attr-defined]
    .where(col(AuditRow.id) > bindparam("last"))
    .order_by(col(AuditRow.id))
    .limit(_BATCH)
)


def _as_fact(row: Any) -> Fact:
    return Fact(
        at=instant_text(row.at),
        actor=row.actor,
        noun=row.noun,
        noun_id=row.noun_id,
        key=row.key,
        verb=row.verb,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=None if row.reason is None else stored(row.reason),
        run_id=row.run_id,
        version=row.version,
        detail=row.detail,
    )


def count(session: Session) -> int:
    """How many facts the history holds."""
    return session.exec(select(func.count()).select_from(AuditRow)).one()
