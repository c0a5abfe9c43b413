"""How far the database goes at this moment."""

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
