"""Every PC that somebody has, with its successor and the application to take it out."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from rollout.domain.machine import IN_USE, MachineState
from rollout.domain.takeout import UNDER_WAY
from rollout.store.tables import Department, Machine, Person, Retirement, Takeout
from rollout.store.takeouts import Filter, of_department

_GONE = [
    state.value
    for state in (MachineState.ERASING, MachineState.ERASED, MachineState.RETURNED,
                  MachineState.EXCLUDED)
]  # fmt: skip
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)


class Pc(NamedTuple):
    """A PC of somebody, with its successor where it is replaced, and the newest application that is
    under way."""

    tag: str
    generation: str
    state: str
    may_leave: bool | None
    planned_day: date | None
    staff_number: str
    name: str
    bureau: str | None
    division: str | None
    successor: str | None
    successor_state: str | None
    successor_generation: str | None
    successor_day: date | None
    application: int | None


def pcs(
    session: Session, wanted: Filter, generations: Sequence[str] = (), *, in_use: bool = False
) -> list[Pc]:
    """Every PC of the ledger that somebody has, by tag; a replaced one until it is erased. With
    `in_use` those that were handed over."""
    successor = aliased(Machine)
    application = (
        select(col(Takeout.machine_id).label("id"), func.max(Takeout.id).label("number"))
        .where(col(Takeout.state).in_(_UNDER_WAY))
        .group_by(col(Takeout.machine_id))
        .subquery()
    )
    conditions: list[ColumnElement[bool]] = [
        col(Machine.in_ledger).is_(True),
        col(Machine.state).not_in(_GONE),
    ]
    if in_use:
        conditions.append(col(Machine.state).in_([state.value for state in IN_USE]))
    if wanted.tags:
        conditions.append(col(Machine.asset_tag).in_(wanted.tags))
    if wanted.staff_numbers:
        conditions.append(col(Person.staff_number).in_(wanted.staff_numbers))
    if wanted.departments:
        conditions.append(or_(*(of_department(name) for name in wanted.departments)))
    if generations:
        conditions.append(col(Machine.generation).in_(generations))
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Machine.asset_tag,
            Machine.generation,
            Machine.state,
            Machine.may_leave,
            Machine.planned_day,
            Person.staff_number,
            Person.name,
            Department.bureau,
            Department.division,
            successor.asset_tag,
            successor.state,
            successor.generation,
            successor.planned_day,
            application.c.number,
        )
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
        .outerjoin(Retirement, col(Retirement.machine_id) == col(Machine.id))
        .outerjoin(successor, col(successor.id) == col(Retirement.successor_id))
        .outerjoin(application, application.c.id == col(Machine.id))
        .where(*conditions)
        .order_by(col(Machine.asset_tag))
    )
    return [Pc(*row) for row in rows]
