"""Queries on figures of people that no history tells."""

from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rollout.store.tables import PeopleFigures


def keep(session: Session, row: PeopleFigures) -> None:
    """Add what was counted; of the same moment the first stays."""
    if session.get(PeopleFigures, row.counted_at) is None:
        session.add(row)


def last(session: Session, since: datetime, until: datetime) -> PeopleFigures | None:
    """The newest of a span; both ends belong to it."""
    return session.exec(_of(since, until).order_by(col(PeopleFigures.counted_at).desc())).first()


def nearest(
    session: Session, since: datetime, until: datetime, moment: datetime
) -> PeopleFigures | None:
    """The one of a span that was counted nearest to `moment`; of two as near, the earlier."""
    rows = session.exec(_of(since, until).order_by(col(PeopleFigures.counted_at)))
    return min(rows, key=lambda row: abs(row.counted_at - moment), default=None)


def _of(since: datetime, until: datetime) -> SelectOfScalar[PeopleFigures]:
    at = col(PeopleFigures.counted_at)
    return select(PeopleFigures).where(at >= since, at <= until)
