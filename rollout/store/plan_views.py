"""Queries on plans as screens show them: every date that holds, or would hold."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MachineState
from rollout.store.batches import batches
from rollout.store.plan_inputs import MAY_CHANGE
from rollout.store.tables import Department, Machine, Person, PlanSlot, Site, Wave

_WITHOUT_A_DAY = (MachineState.EXCLUDED.value, MachineState.REGISTERED.value)


class Place(NamedTuple):
    """What machines of a plan are counted by."""

    wave: int
    pilot: bool
    day: date
    site: str
    bureau: str
    division: str


def proposed(session: Session, plan_id: int) -> Counter[Place]:
    """The machines that a proposal dates."""
    return _counted(
        session,
        _places(col(PlanSlot.wave_number), col(PlanSlot.pilot), col(PlanSlot.day))
        .select_from(PlanSlot)
        .join(Machine, col(Machine.id) == col(PlanSlot.machine_id))
        .join(Site, col(Site.id) == col(PlanSlot.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .where(col(PlanSlot.plan_id) == plan_id),
    )


def in_force(session: Session) -> Counter[Place]:
    """Every machine that has a date, done ones too."""
    return _counted(session, _in_force())


def in_force_of_plan(session: Session, plan_id: int) -> Counter[Place]:
    """Dates in force of machines that the proposal gives another one."""
    ids = select(PlanSlot.machine_id).where(PlanSlot.plan_id == plan_id)
    return _counted(session, _in_force().where(col(Machine.id).in_(ids)))


def in_force_of(session: Session, tags: Iterable[str]) -> Counter[Place]:
    """Dates in force of the machines with these tags."""
    found: Counter[Place] = Counter()
    for batch in batches(tags):
        found += _counted(session, _in_force().where(col(Machine.asset_tag).in_(batch)))
    return found


def by_day(session: Session) -> dict[date, int]:
    """Machines by the day in force, done ones too, in the order of days."""
    rows = session.connection().execute(
        select(col(Machine.planned_day), func.count())
        .where(col(Machine.planned_day).is_not(None), col(Machine.state).not_in(_WITHOUT_A_DAY))
        .group_by(col(Machine.planned_day))
        .order_by(col(Machine.planned_day))
    )
    return {day: machines for day, machines in rows if day is not None}


def _in_force() -> Select[Any]:
    return (
        _places(col(Wave.number), col(Wave.pilot), col(Machine.planned_day))
        .select_from(Machine)
        .join(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .where(col(Machine.planned_day).is_not(None), col(Machine.state).not_in(_WITHOUT_A_DAY))
    )


def _places(*when: SQLCoreOperations[Any]) -> Select[Any]:
    keys = (*when, col(Site.key), col(Department.bureau), col(Department.division))
    return select(*keys, func.count()).group_by(*keys)  # type: ignore[call-overload, no-any-return]


def _counted(session: Session, statement: Select[Any]) -> Counter[Place]:
    return Counter(
        {
            Place(wave, pilot, day, site or "", bureau or "", division or ""): machines
            for wave, pilot, day, site, bureau, division, machines in session.connection().execute(
                statement
            )
        }
    )


class Member(NamedTuple):
    """A machine of one day at one site; `before` is its day in force when the proposal has another.

    `may_move`: it can still get another day.
    """

    asset_tag: str
    generation: str
    department: str
    owner: str
    wave: int
    state: str
    before: date | None
    may_move: bool


def members(session: Session, site: str, day: date, plan_id: int | None) -> list[Member]:
    """The machines that have this day at this site, or would have it with the proposal `plan_id`.

    In the order of departments and tags.
    """
    slot = and_(col(PlanSlot.machine_id) == col(Machine.id), col(PlanSlot.plan_id) == plan_id)
    in_force = case((col(Machine.state).not_in(_WITHOUT_A_DAY), col(Machine.planned_day)))
    bureau, division = col(Department.bureau), col(Department.division)
    rows = session.connection().execute(
        select(  # type: ignore[call-overload]
            Machine.asset_tag,
            Machine.generation,
            bureau,
            division,
            Person.name,
            func.coalesce(col(PlanSlot.wave_number), col(Wave.number)),
            Machine.state,
            in_force,
            col(PlanSlot.day),
            col(Wave.state),
        )
        .select_from(Machine)
        .outerjoin(PlanSlot, slot)
        .join(Site, col(Site.id) == func.coalesce(col(Machine.site_id), col(PlanSlot.site_id)))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .where(col(Site.key) == site, func.coalesce(col(PlanSlot.day), in_force) == day)
        .order_by(bureau, division, col(Machine.asset_tag))
    )
    return [
        Member(
            tag,
            generation,
            f"{bureau or ''} {division or ''}".strip(),
            owner or "",
            wave or 0,
            state,
            was if proposed is not None and was != proposed else None,
            state == MachineState.REGISTERED
            or (state == MachineState.PLANNED and wave_state in MAY_CHANGE),
        )
        for tag, generation, bureau, division, owner, wave, state, was, proposed, wave_state in rows
    ]


class Named(NamedTuple):
    """Where a machine stands and whose it is, for listings by tag."""

    asset_tag: str
    site: str
    department: str
    owner: str


def named(session: Session, tags: Iterable[str]) -> dict[str, Named]:
    """Site, department and owner of the machines with these tags."""
    found: dict[str, Named] = {}
    for batch in batches(tags):
        rows = session.exec(
            select(  # type: ignore[call-overload]
                Machine.asset_tag, Site.key, Department.bureau, Department.division, Person.name
            )
            .select_from(Machine)
            .outerjoin(Site, col(Site.id) == col(Machine.site_id))
            .outerjoin(Department, col(Department.id) == col(Machine.department_id))
            .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
            .where(col(Machine.asset_tag).in_(batch))
        )
        for tag, site, bureau, division, owner in rows:
            department = f"{bureau or ''} {division or ''}".strip()
            found[tag] = Named(tag, site or "", department, owner or "")
    return found
