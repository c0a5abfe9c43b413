"""Queries on nightly work."""

from datetime import date, datetime

from sqlmodel import Session, col, select

from rollout.store.tables import NightlyWork


def of(session: Session, name: str) -> NightlyWork | None:
    """The last try of this work."""
    return session.get(NightlyWork, name)


def all_of(session: Session) -> list[NightlyWork]:
    """Every work that was ever due."""
    return list(session.exec(select(NightlyWork).order_by(col(NightlyWork.name))))


def keep(session: Session, name: str, day: date, *, at: datetime, ok: bool, note: str) -> None:
    """Note a try; when it went well last stays as it was after one that did not."""
    row = session.get(NightlyWork, name)
    if row is None:
        row = NightlyWork(name=name, day=day, tried_at=at, ok=ok, note=note)
    row.day, row.tried_at, row.ok, row.note = day, at, ok, note
    if ok:
        row.good_at = at
    session.add(row)


def expect(session: Session, name: str, day: date, *, at: datetime) -> None:
    """Begin to count with `day`: nothing before it is made up for."""
    session.add(NightlyWork(name=name, day=day, tried_at=at, ok=True, note=""))
