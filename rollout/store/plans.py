"""Queries on plans: what the planner reads, and what it leaves behind."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, or_, text, update
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store.tables import Department, Machine, Plan, PlanSlot, Site, Wave

_BATCH = 20_000
_NOT_ANY_MORE = (MachineState.EXCLUDED.value, MachineState.REGISTERED.value)


class Waiting(NamedTuple):
    """A registered machine with what the planner asks of it."""

    id: int
    asset_tag: str
    version: int
    generation: str
    serial: str | None
    computer_name: str | None
    in_ledger: bool
    site_id: int | None
    site: str | None
    bureau: str | None
    division: str | None


def waiting(session: Session) -> list[Waiting]:
    """Every registered machine, in the order of tags."""
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Machine.id,
            Machine.asset_tag,
            Machine.version,
            Machine.generation,
            Machine.serial,
            Machine.computer_name,
            Machine.in_ledger,
            Machine.site_id,
            Site.key,
            Department.bureau,
            Department.division,
        )
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .where(Machine.state == MachineState.REGISTERED.value)
        .order_by(col(Machine.asset_tag))
    )
    return [Waiting(*row) for row in rows]


def taken(session: Session) -> dict[tuple[str, date], int]:
    """How many machines committed plans have on each day at each site."""
    rows = session.exec(
        select(col(Site.key), col(Machine.planned_day), func.count())
        .join(Site, col(Site.id) == col(Machine.site_id))
        .where(col(Machine.planned_day).is_not(None), col(Machine.state).not_in(_NOT_ANY_MORE))
        .group_by(col(Site.key), col(Machine.planned_day))
    )
    return {(site, day): number for site, day, number in rows if day is not None}


def last_wave_number(session: Session) -> int:
    """The highest number that any wave has; 0 when there is none."""
    return session.exec(select(func.max(Wave.number))).one() or 0


def last_day_of_pilots(session: Session) -> date | None:
    """The last day of a pilot wave that was not cancelled; None when there is no pilot."""
    return session.exec(
        select(func.max(Wave.last_day)).where(
            col(Wave.pilot).is_(True), Wave.state != WaveState.CANCELLED.value
        )
    ).one()


def proposed(session: Session) -> Plan | None:
    """The plan that waits for its commit."""
    return session.exec(select(Plan).where(Plan.state == "proposed")).one_or_none()


def newest(session: Session) -> Plan | None:
    """The proposal, else the plan that was committed last."""
    return (
        proposed(session)
        or session.exec(
            select(Plan).where(Plan.state == "committed").order_by(col(Plan.id).desc()).limit(1)
        ).one_or_none()
    )


def propose(
    session: Session,
    *,
    actor: str,
    at: datetime,
    slots: Iterable[Mapping[str, Any]],
    unplaced: Sequence[Mapping[str, str]],
) -> int:
    """Keep a plan as the proposal; an earlier one is discarded. The id of the new plan.

    `slots` are columns of PlanSlot without `plan_id`.
    """
    before = proposed(session)
    if before is not None:
        before.state = "discarded"
        session.add(before)
        session.flush()
    plan = Plan(
        created_at=at, created_by=actor, unplaced=json.dumps(list(unplaced), ensure_ascii=False)
    )
    session.add(plan)
    session.flush()
    rows = [{**slot, "plan_id": plan.id} for slot in slots]
    for begin in range(0, len(rows), _BATCH):
        session.connection().execute(insert(PlanSlot), rows[begin : begin + _BATCH])
    return plan.id or 0


class SlotGroup(NamedTuple):
    """Machines of a plan with the same wave, day and site."""

    wave: int
    pilot: bool
    day: date
    site: str
    machines: int


def groups(session: Session, plan_id: int) -> list[SlotGroup]:
    """A plan by wave, day and site."""
    keys = (col(PlanSlot.wave_number), col(PlanSlot.pilot), col(PlanSlot.day), col(Site.key))
    rows = session.exec(
        select(*keys, func.count())  # type: ignore[call-overload]
        .join(Site, col(Site.id) == col(PlanSlot.site_id))
        .where(PlanSlot.plan_id == plan_id)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [SlotGroup(*row) for row in rows]


def unplaced(plan: Plan) -> list[tuple[str, str]]:
    """Asset tag and reason of every machine without a place."""
    return [(entry["asset_tag"], entry["reason"]) for entry in json.loads(plan.unplaced)]


def machine_ids(session: Session, plan_id: int) -> dict[tuple[int, date], list[int]]:
    """The machines of a plan by wave number and day."""
    found: dict[tuple[int, date], list[int]] = {}
    rows = session.exec(
        select(col(PlanSlot.wave_number), col(PlanSlot.day), col(PlanSlot.machine_id))
        .where(PlanSlot.plan_id == plan_id)
        .order_by(col(PlanSlot.wave_number), col(PlanSlot.day), col(PlanSlot.machine_id))
    )
    for wave, day, machine_id in rows:
        found.setdefault((wave, day), []).append(machine_id)
    return found


def changed(session: Session, plan_id: int, limit: int) -> tuple[int, list[str]]:
    """How many machines are not any more what the planner saw, and the first tags of them."""
    differs = or_(
        col(Machine.state) != MachineState.REGISTERED.value,
        col(Machine.version) != col(PlanSlot.machine_version),
        col(Machine.site_id).is_distinct_from(col(PlanSlot.site_id)),
        col(Machine.serial).is_(None),
        col(Machine.computer_name).is_(None),
        col(Machine.in_ledger).is_(False),
    )
    matching = (
        select(Machine.asset_tag)
        .join(PlanSlot, col(PlanSlot.machine_id) == col(Machine.id))
        .where(PlanSlot.plan_id == plan_id, differs)
    )
    number = session.exec(select(func.count()).select_from(matching.subquery())).one()
    tags = session.exec(matching.order_by(col(Machine.asset_tag)).limit(limit)).all()
    return number, list(tags)


def put_into_waves(session: Session, plan_id: int) -> None:
    """Give every machine of a plan its wave and day; the waves exist already."""
    parameters = {"plan": plan_id}
    session.connection().execute(
        text(
            "UPDATE machines SET"
            " wave_id = (SELECT waves.id FROM plan_slots JOIN waves"
            "  ON waves.number = plan_slots.wave_number"
            "  WHERE plan_slots.plan_id = :plan AND plan_slots.machine_id = machines.id),"
            " planned_day = (SELECT day FROM plan_slots"
            "  WHERE plan_slots.plan_id = :plan AND plan_slots.machine_id = machines.id)"
            " WHERE id IN (SELECT machine_id FROM plan_slots WHERE plan_id = :plan)"
        ),
        parameters,
    )


def mark_committed(session: Session, plan: Plan, *, actor: str, at: datetime) -> None:
    """The proposal is in force."""
    session.connection().execute(
        update(Plan)
        .where(col(Plan.id) == plan.id)
        .values(state="committed", committed_at=at, committed_by=actor)
    )
