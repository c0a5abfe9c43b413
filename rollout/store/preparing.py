"""Queries on machines in use that are prepared for leaving the office outside every wave."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.takeout import ALLOWING
from rollout.store.tables import Claim, Machine, Person, Run, Takeout

_ALLOWING = sorted(state.value for state in ALLOWING)
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
    if not generations:
        return []
    rewritten = (
        select(func.coalesce(func.max(Claim.id), 0))
        .where(
            Claim.machine_id == Machine.id,
            Claim.step == Step.REIMAGE.value,
            Claim.outcome == ClaimOutcome.DONE.value,
        )
        .correlate(Machine)
        .scalar_subquery()
    )
    prepared = select(literal(1)).where(
        Claim.machine_id == Machine.id,
        Claim.step == Step.ENABLE.value,
        or_(
            (col(Claim.outcome) == ClaimOutcome.DONE.value) & (col(Claim.id) > rewritten),
            col(Claim.created_at) > asked_before,
        ),
    )
    conditions: list[Any] = [
        Machine.state == MachineState.MIGRATED.value,
        col(Machine.generation).in_(generations),
        or_(col(Machine.may_leave).is_(None), col(Machine.may_leave).is_(True)),
        func.coalesce(Machine.serial, "") != "",
        func.coalesce(Machine.computer_name, "") != "",
        col(Machine.in_ledger).is_(True),
        ~prepared.exists(),
    ]
    if not everybody:
        wanted = (
            select(Takeout.machine_id)
            .join(Person, col(Person.id) == col(Takeout.person_id))
            .where(
                col(Takeout.state).in_(_ALLOWING),
                col(Takeout.period_to) >= today,
                or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
            )
        )
        conditions.append(col(Machine.id).in_(wanted))
    return session.exec(
        select(Machine)
        .where(*conditions)
        .order_by(col(Machine.state_since), col(Machine.id))
        .limit(500)
    ).all()
