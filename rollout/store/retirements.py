"""Queries on retirements."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from rollout.domain.errors import NotFound
from rollout.domain.machine import IN_USE, MachineState, Step
from rollout.store.tables import Claim, Machine, Retirement

_REPLACED = tuple(
    state.value
    for state in (
        MachineState.SUPERSEDED,
        MachineState.RETAINED,
        MachineState.ERASING,
        MachineState.ERASED,
        MachineState.RETURNED,
    )
)


def find(session: Session, machine_id: int) -> Retirement | None:
    """The retirement of a machine, if it was replaced."""
    return session.get(Retirement, machine_id)


def of(session: Session, machine: Machine) -> Retirement:
    """The retirement of a replaced machine. Raises NotFound."""
    row = find(session, machine.id or 0)
    if row is None:
        raise NotFound("machine", machine.asset_tag)
    return row


def keep(session: Session, row: Retirement) -> None:
    """Insert or change a row."""
    session.add(row)
    session.flush()


def by_successor(session: Session, successor_id: int) -> Machine | None:
    """The machine that this one replaces."""
    return session.exec(
        select(Machine)
        .join(Retirement, and_(col(Retirement.machine_id) == col(Machine.id)))
        .where(Retirement.successor_id == successor_id)
    ).one_or_none()


def to_be_kept(session: Session) -> Sequence[Retirement]:
    """Of replaced machines whose retention has not begun, and whose successor was handed over or
    replaced in its turn."""
    return session.exec(_to_be_kept()).all()


@cache
def _to_be_kept() -> SelectOfScalar[Retirement]:
    """Made once: every tick asks, and an alias made anew would be compiled anew."""
    successor = aliased(Machine)
    return (
        select(Retirement)
        .join(Machine, and_(col(Machine.id) == col(Retirement.machine_id)))
        .join(successor, and_(col(successor.id) == col(Retirement.successor_id)))
        .where(
            Machine.state == MachineState.SUPERSEDED.value,
            col(successor.state).in_([*(state.value for state in IN_USE), *_REPLACED]),
        )
        .order_by(col(Retirement.machine_id))
    )


def authorised(session: Session, today: date) -> Sequence[tuple[Retirement, Machine]]:
    """Machines whose erasure is approved, not yet begun and not too early; the longest approved
    first."""
    return session.exec(
        select(Retirement, Machine)
        .join(Machine, and_(col(Machine.id) == col(Retirement.machine_id)))
        .where(
            Machine.state == MachineState.RETAINED.value,
            col(Retirement.approved_by).is_not(None),
            col(Retirement.epoch).is_(None),
            col(Retirement.retain_until) < today,
            col(Machine.id).not_in(select(Claim.machine_id).where(col(Claim.outcome).is_(None))),
            Machine.serial != "",
            Machine.computer_name != "",
        )
        .order_by(col(Retirement.approved_at), col(Machine.id))
    ).all()


def under_way(session: Session) -> int:
    """How many erasures have begun without a known end."""
    return session.exec(
        select(func.count())
        .select_from(Claim)
        .where(col(Claim.outcome).is_(None), Claim.step == Step.RETIRE.value)
    ).one()


Listed = tuple[Retirement, Machine, str]
"""A replaced machine with its successor's tag."""


def listing(
    session: Session, *, gone: bool = False, lease_before: date | None = None
) -> Sequence[Listed]:
    """Replaced machines, the earliest end of lease first; with `gone` those too that were
    returned, with `lease_before` only those whose lease has ended before that day."""
    statement = _joined().order_by(
        col(Machine.lease_to).is_(None), col(Machine.lease_to), col(Machine.asset_tag)
    )
    if not gone:
        statement = statement.where(col(Retirement.returned_on).is_(None))
    if lease_before is not None:
        statement = statement.where(col(Machine.lease_to) < lease_before)
    return session.exec(statement).all()


def joined(session: Session, machine_id: int) -> Listed | None:
    """The retirement of one machine."""
    return session.exec(_joined().where(Retirement.machine_id == machine_id)).one_or_none()


def _joined() -> SelectOfScalar[Listed]:
    successor = aliased(Machine)
    statement: Any = (
        select(Retirement, Machine, successor.asset_tag)
        .join(Machine, and_(col(Machine.id) == col(Retirement.machine_id)))
        .join(successor, and_(col(successor.id) == col(Retirement.successor_id)))
    )
    return statement  # type: ignore[no-any-return]
