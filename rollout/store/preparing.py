"""Queries on machines in use that are prepared for leaving the office outside every wave."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from rollout.domain.machine import MachineState, Step
from rollout.domain.takeout import ALLOWING
from rollout.store.tables import Claim, Machine, Person, Run, Takeout
from rollout.store.tables.machine import TO_ENABLE

_ALLOWING = sorted(state.value for state in ALLOWING)
_AT_ONCE = 500
_TURNED_BACK = (MachineState.VERIFIED.value, MachineState.PREPARED.value)


def was_in_use() -> ColumnElement[bool]:
    """Condition on machines: the last preparation was begun in use, by a run of no wave."""
    later = aliased(Claim)
    newest = (
        select(func.max(later.id))
        .where(later.machine_id == Machine.id, later.step == Step.ENABLE.value)
        .correlate(Machine)
        .scalar_subquery()
    )
    return (
        select(literal(1))
        .select_from(Claim)
        .join(Run, col(Run.id) == col(Claim.run_id))
        .where(Claim.id == newest, col(Run.wave_id).is_(None))
        .correlate(Machine)
        .exists()
    )


def resting(session: Session) -> list[int]:
    """Machines that were in use, and whose preparation is over or did not take place."""
    rows = session.exec(
        select(Machine.id)
        .where(col(Machine.state).in_(_TURNED_BACK), was_in_use())
        .order_by(col(Machine.id))
    )
    return [id_ or 0 for id_ in rows]


def due(
    session: Session,
    generations: Collection[str],
    today: date,
    *,
    asked_before: datetime,
    everybody: bool,
) -> Sequence[Machine]:
    """Machines in use of these generations that were never prepared since their disk was last
    rewritten, and were not asked since `asked_before`.

    Without `everybody` only those with an approved application that is not over. The one that
    waits longest first.
    """
    asked = select(literal(1)).where(
        Claim.machine_id == Machine.id,
        Claim.step == Step.ENABLE.value,
        col(Claim.created_at) > asked_before,
    )
    some = (
        select(Machine)
        .where(
            func.coalesce(Machine.serial, "") != "",
            func.coalesce(Machine.computer_name, "") != "",
            col(Machine.in_ledger).is_(True),
            ~asked.exists(),
        )
        .order_by(col(Machine.state_since), col(Machine.id))
        .limit(_AT_ONCE)
    )
    if not everybody:
        return session.exec(some.where(*_applied_for(generations, today))).all()
    # Of each generation alone, or the index would give them in no order and all would be read.
    found = [
        machine
        for generation in generations
        for machine in session.exec(some.where(text(TO_ENABLE), Machine.generation == generation))
    ]
    return sorted(found, key=lambda one: (one.state_since, one.id or 0))[:_AT_ONCE]


def _applied_for(generations: Collection[str], today: date) -> tuple[Any, ...]:
    """Conditions as those of everybody, for machines with an approved application."""
    wanted = (
        select(Takeout.machine_id)
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .where(
            col(Takeout.state).in_(_ALLOWING),
            col(Takeout.period_to) >= today,
            or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
        )
    )
    return (
        col(Machine.id).in_(wanted),
        # By their ids: as columns, SQLite would rather go through all that are in use.
        col(Machine.state) + "" == MachineState.MIGRATED.value,
        (col(Machine.generation) + "").in_(generations),
        col(Machine.enabled).is_(False),
        or_(col(Machine.may_leave).is_(None), col(Machine.may_leave).is_(True)),
    )
