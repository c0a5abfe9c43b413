"""Appending to the history and verifying it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from rollout.domain.history import GENESIS, Fact, chain, digest
from rollout.store.columns import ISO, instant_text
from rollout.store.tables import AuditHead, AuditRow

_BATCH = 10_000


def append(session: Session, facts: Sequence[Fact]) -> None:
    """Add `facts` to the end of the chain, in the transaction of `session`."""
    if not facts:
        return
    head = session.exec(select(AuditHead).with_for_update()).one_or_none()
    if head is None:
        head = AuditHead(digest=GENESIS)
    moments: dict[str, datetime] = {}
    rows = []
    last = head.digest
    for fact, digest_ in chain(head.digest, facts):
        moment = moments.get(fact.at)
        if moment is None:
            moment = moments[fact.at] = datetime.strptime(fact.at, ISO).replace(tzinfo=UTC)
        last = digest_
        rows.append(
            {
                "at": moment,
                "actor": fact.actor,
                "noun": fact.noun,
                "noun_id": fact.noun_id,
                "key": fact.key,
                "verb": fact.verb,
                "from_state": fact.from_state,
                "to_state": fact.to_state,
                "reason": fact.reason,
                "run_id": fact.run_id,
                "version": fact.version,
                "detail": fact.detail,
                "digest": last,
            }
        )
    session.connection().execute(insert(AuditRow), rows)
    head.rows += len(rows)
    head.digest = last
    session.add(head)
    session.flush()


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

    `progress` is told the number of rows walked so far.
    """
    last, rows, last_id = GENESIS, 0, 0
    while True:
        batch = session.exec(
            select(AuditRow)
            .where(col(AuditRow.id) > last_id)
            .order_by(col(AuditRow.id))
            .limit(_BATCH)
        ).all()
        if not batch:
            break
        for row in batch:
            last = digest(last, _as_fact(row))
            last_id = row.id or 0
            if row.digest != last:
                why = "its digest does not follow from the row before"
                return Verdict(rows, last, last_id, why)
            rows += 1
        session.expunge_all()
        progress(rows)
    head = session.get(AuditHead, 1)
    if head is None:
        missing = "the end of the chain is not recorded" if rows else None
        return Verdict(rows, last, None, missing)
    if (head.rows, head.digest) != (rows, last):
        why = f"the recorded end is after {head.rows} rows, the history has {rows}"
        return Verdict(rows, last, None, why)
    return Verdict(rows, last)


def _as_fact(row: AuditRow) -> Fact:
    return Fact(
        at=instant_text(row.at),
        actor=row.actor,
        noun=row.noun,
        noun_id=row.noun_id,
        key=row.key,
        verb=row.verb,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=row.reason,
        run_id=row.run_id,
        version=row.version,
        detail=row.detail,
    )


def count(session: Session) -> int:
    """How many facts the history holds."""
    return session.exec(select(func.count()).select_from(AuditRow)).one()
