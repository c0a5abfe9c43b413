"""Queries on the stock of licences."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import Session, col, func, select

from rollout.store.tables import LicenceStock


def record(
    session: Session, sku: str, *, enabled: int, consumed: int, suspended: int, taken_at: datetime
) -> None:
    """Keep what the directory said of a product; said twice for a moment, the last word counts."""
    session.merge(
        LicenceStock(
            sku=sku, enabled=enabled, consumed=consumed, suspended=suspended, taken_at=taken_at
        )
    )
    session.flush()


def newest(session: Session, skus: Iterable[str]) -> dict[str, LicenceStock]:
    """The newest stock of each of these products that was ever read."""
    last = (
        select(LicenceStock.sku, func.max(col(LicenceStock.taken_at)).label("taken_at"))
        .where(col(LicenceStock.sku).in_(list(skus)))
        .group_by(col(LicenceStock.sku))
        .subquery()
    )
    rows = session.exec(
        select(LicenceStock).join(
            last,
            and_(
                col(LicenceStock.sku) == last.c.sku, col(LicenceStock.taken_at) == last.c.taken_at
            ),
        )
    ).all()
    return {row.sku: row for row in rows}


def last_reading(session: Session) -> datetime | None:
    """When the stock was last read."""
    return session.exec(select(func.max(col(LicenceStock.taken_at)))).one()
