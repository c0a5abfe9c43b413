"""Queries on retirements."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from rollout.domain.errors import NotFound
from rollout.domain.machine import MachineState, Step
from rollout.store.tables import Claim, Machine, Retirement

_HERE = (
    MachineState.SUPERSEDED,
    MachineState.RETAINED,
    MachineState.ERASING,
    MachineState.ERASED,
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


def in_state(session: Session, state: MachineState) -> Sequence[tuple[Retirement, Machine]]:
    """Replaced machines in this state, by tag."""
    return session.exec(
        select(Retirement, Machine)
        .join(Machine, and_(col(Machine.id) == col(Retirement.machine_id)))
        .where(Machine.state == state.value)
        .order_by(col(Machine.asset_tag))
    ).all()


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


def not_returned(
    session: Session, *, due_before: date | None = None
) -> Sequence[tuple[Retirement, Machine, str]]:
    """Replaced machines that are still here with their successor's tag, the earliest end of lease
    first; only those whose lease ended before a day when it is given."""
    successor = aliased(Machine)
    statement = (
        select(Retirement, Machine, successor.asset_tag)
        .join(Machine, and_(col(Machine.id) == col(Retirement.machine_id)))
        .join(successor, and_(col(successor.id) == col(Retirement.successor_id)))
        .where(
            or_(
                col(Machine.state).in_(_values(_HERE)),
                col(Machine.step) == Step.RETIRE.value,
            )
        )
        .order_by(col(Machine.lease_to).is_(None), col(Machine.lease_to), col(Machine.asset_tag))
    )
    if due_before is not None:
        statement = statement.where(col(Machine.lease_to) < due_before)
    return session.exec(statement).all()


def _values(states: Iterable[MachineState]) -> list[str]:
    return [state.value for state in states]
