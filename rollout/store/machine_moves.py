"""Queries on PCs that changed department, site or user because somebody was transferred."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, insert, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MachineState
from rollout.store.batches import batches
from rollout.store.tables import Department, Machine, MachineMove


class Standing(NamedTuple):
    """A PC as far as a transfer changes it."""

    id: int
    asset_tag: str
    state: str
    department_id: int | None
    site_id: int | None
    owner_id: int | None
    planned_day: date | None
    purpose: str


_STANDING = (
    col(Machine.id), col(Machine.asset_tag), col(Machine.state), col(Machine.department_id),
    col(Machine.site_id), col(Machine.owner_id), col(Machine.planned_day), col(Machine.purpose),
)  # fmt: skip
_GONE = [MachineState.SUPERSEDED, MachineState.RETAINED, MachineState.ERASING,
         MachineState.ERASED, MachineState.RETURNED]  # fmt: skip


def of_owners(session: Session, people: Iterable[int]) -> list[Standing]:
    """The PCs in use of these people, by tag."""
    found: list[Standing] = []
    for batch in batches(people):
        rows: Any = session.connection().execute(
            columns(*_STANDING).where(
                col(Machine.owner_id).in_(batch),
                col(Machine.in_ledger),
                col(Machine.state).not_in([state.value for state in _GONE]),
            )
        )
        found += [Standing(*row) for row in rows]
    return sorted(found, key=lambda one: one.asset_tag)


def in_ended_departments(session: Session, day: date) -> list[Standing]:
    """PCs whose department is over by `day`, by tag."""
    over = session.exec(select(Department.id).where(col(Department.valid_to) < day)).all()
    if not over:
        return []  # without walking all PCs
    rows: Any = session.connection().execute(
        columns(*_STANDING)
        .where(col(Machine.department_id).in_(over), col(Machine.in_ledger))
        .order_by(col(Machine.asset_tag))
    )
    return [Standing(*row) for row in rows]


class Waiting(NamedTuple):
    """A move that waits for the end of its PC's passage."""

    id: int
    machine_id: int
    asset_tag: str
    state: str
    day: date
    from_department_id: int | None
    to_department_id: int | None
    from_site_id: int | None
    to_site_id: int | None
    from_owner_id: int | None
    to_owner_id: int | None


def waiting(session: Session) -> list[Waiting]:
    """Moves that are still to be done, by tag."""
    rows: Any = session.connection().execute(
        columns(
            col(MachineMove.id), col(MachineMove.machine_id), col(Machine.asset_tag),
            col(Machine.state), col(MachineMove.day),
            col(MachineMove.from_department_id), col(MachineMove.to_department_id),
            col(MachineMove.from_site_id), col(MachineMove.to_site_id),
            col(MachineMove.from_owner_id), col(MachineMove.to_owner_id),
        )
        .join(Machine, col(Machine.id) == col(MachineMove.machine_id))
        .where(col(MachineMove.done_at).is_(None))
        .order_by(col(Machine.asset_tag))
    )  # fmt: skip
    return [Waiting(*row) for row in rows]


def any_waiting(session: Session) -> bool:
    """Whether a move is still to be done."""
    one = select(MachineMove.id).where(col(MachineMove.done_at).is_(None)).limit(1)
    return session.exec(one).first() is not None


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep moves; of a PC that has one to be done, the new one stands in its place."""
    open_ones = [row["machine_id"] for row in rows]
    for batch in batches(open_ones):
        session.connection().execute(
            MachineMove.__table__.delete().where(  # type: ignore[attr-defined]
                col(MachineMove.machine_id).in_(batch), col(MachineMove.done_at).is_(None)
            )
        )
    for chunk in batches(list(rows), 5_000):
        session.connection().execute(insert(MachineMove), chunk)


def done(session: Session, ids: Iterable[int], at: datetime) -> None:
    """These moves are done."""
    for batch in batches(ids):
        session.connection().execute(
            update(MachineMove).where(col(MachineMove.id).in_(batch)).values(done_at=at)
        )


def department_on(day: date) -> ColumnElement[int | None]:
    """The department of each row of `machines` as it stood on `day`.

    It is the one that the first later move left; without one, that of today.
    """
    return _on(day, MachineMove.from_department_id, Machine.department_id, "department_on")


def site_on(day: date) -> ColumnElement[int | None]:
    """The site of each row of `machines` as it stood on `day`."""
    return _on(day, MachineMove.from_site_id, Machine.site_id, "site_on")


def _on(day: date, left: Any, today: Any, label: str) -> ColumnElement[int | None]:
    later = (col(MachineMove.machine_id) == col(Machine.id)) & (col(MachineMove.day) > day) & (
        col(MachineMove.done_at).is_not(None)
    )  # fmt: skip
    first = (
        columns(col(left))
        .where(later)
        .order_by(col(MachineMove.day), col(MachineMove.id))
        .limit(1)
        .correlate(Machine)
        .scalar_subquery()
    )
    moved = columns(func.count()).select_from(MachineMove).where(later).correlate(Machine)
    return case((moved.scalar_subquery() > 0, first), else_=col(today)).label(label)
