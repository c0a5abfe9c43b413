"""How far the database goes at this moment."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from rollout.domain.history import GENESIS
from rollout.domain.reach import Reach
from rollout.store.tables import AuditHead, AuditRow, Claim, Evidence


def reach_of(session: Session) -> Reach:
    """The end of the history and of the evidence, as this transaction sees them."""
    head = session.exec(select(AuditHead.rows, AuditHead.digest)).first()
    facts, digest = head or (0, GENESIS)
    last = session.exec(select(func.max(AuditRow.id))).one()
    measured = session.exec(select(func.max(Evidence.id))).one()
    claimed = session.exec(select(func.max(Claim.id))).one()
    return Reach(facts, last or 0, digest, measured or 0, claimed or 0)


def reach_at(session: Session, at: datetime | None) -> Reach:
    """How far the database went at a moment: the same whenever it is asked; None is now.

    All facts before the last one of the moment belong to it, whatever their clock said: the chain
    has no holes.
    """
    if at is None:
        return reach_of(session)
    last = session.exec(select(func.max(AuditRow.id)).where(col(AuditRow.at) <= at)).one() or 0
    measured = session.exec(
        select(func.max(Evidence.id)).where(col(Evidence.measured_at) <= at)
    ).one()
    claimed = session.exec(select(func.max(Claim.id)).where(col(Claim.created_at) <= at)).one()
    return Reach(
        facts_up_to(session, last), last, digest_at(session, last) or GENESIS,
        measured or 0, claimed or 0,
    )  # fmt: skip


def digest_at(session: Session, fact_id: int) -> str | None:
    """The digest of a fact; that of an empty history for none; None when the fact is gone."""
    if fact_id == 0:
        return GENESIS
    return session.exec(select(AuditRow.digest).where(col(AuditRow.id) == fact_id)).first()


def facts_up_to(session: Session, fact_id: int) -> int:
    """How many facts there are up to that one."""
    return session.exec(
        select(func.count()).select_from(AuditRow).where(col(AuditRow.id) <= fact_id)
    ).one()
