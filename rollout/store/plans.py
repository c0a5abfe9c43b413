"""Queries on plans: proposals, and what a commit writes."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, insert, or_, text, update
from sqlmodel import Session, col, select

from rollout.domain.machine import MachineState
from rollout.store.batches import batches
from rollout.store.plan_inputs import MAY_CHANGE
from rollout.store.tables import Machine, Plan, PlanSlot, Site, Wave


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
    remarks: Mapping[str, Any],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Keep a plan as the proposal; an earlier one is discarded. The id of the new plan.

    `slots` are columns of PlanSlot without `plan_id`; `remarks` go into `Plan.unplaced`.
    """
    before = proposed(session)
    if before is not None:
        discard(session, before)
    plan = Plan(created_at=at, created_by=actor, unplaced=json.dumps(remarks, ensure_ascii=False))
    session.add(plan)
    session.flush()
    rows = [{**slot, "plan_id": plan.id} for slot in slots]
    done = 0
    for batch in batches(rows, 5_000):
        session.connection().execute(insert(PlanSlot), batch)
        done += len(batch)
        progress(done, len(rows))
    return plan.id or 0


def discard(session: Session, plan: Plan) -> None:
    """Nobody waits for its commit any more."""
    plan.state = "discarded"
    session.add(plan)
    session.flush()


def remarks(plan: Plan) -> dict[str, Any]:
    """What a plan says beside its slots: see `Plan.unplaced`."""
    found = json.loads(plan.unplaced)
    # Plans of the first version are a list of machines without a place.
    return found if isinstance(found, dict) else {"unplaced": found}


def unplaced(plan: Plan) -> list[tuple[str, str]]:
    """Asset tag and reason of every machine without a place."""
    return [(entry["asset_tag"], entry["reason"]) for entry in remarks(plan)["unplaced"]]


class SlotRow(NamedTuple):
    """One machine of a plan."""

    machine_id: int
    asset_tag: str
    site: str
    wave: int
    pilot: bool
    day: date


def slots(session: Session, plan_id: int) -> list[SlotRow]:
    """Every machine of a plan, in the order of days."""
    rows = session.exec(
        select(  # type: ignore[call-overload]
            PlanSlot.machine_id,
            Machine.asset_tag,
            Site.key,
            PlanSlot.wave_number,
            PlanSlot.pilot,
            PlanSlot.day,
        )
        .join(Machine, col(Machine.id) == col(PlanSlot.machine_id))
        .join(Site, col(Site.id) == col(PlanSlot.site_id))
        .where(PlanSlot.plan_id == plan_id)
        .order_by(col(PlanSlot.day), col(Machine.asset_tag))
    )
    return [SlotRow(*row) for row in rows]


def ids_of(session: Session, tags: Iterable[str]) -> list[int]:
    """The ids of planned machines with these tags."""
    found: list[int] = []
    for batch in batches(tags):
        planned = select(Machine.id).where(
            col(Machine.asset_tag).in_(batch), Machine.state == MachineState.PLANNED.value
        )
        found += [machine_id for machine_id in session.exec(planned) if machine_id is not None]
    return found


def dated_in_plan(session: Session, plan_id: int) -> list[int]:
    """Machines of a plan that have another date already."""
    return list(
        session.exec(
            select(PlanSlot.machine_id)
            .join(Machine, col(Machine.id) == col(PlanSlot.machine_id))
            .where(PlanSlot.plan_id == plan_id, Machine.state == MachineState.PLANNED.value)
        )
    )


def take_off(session: Session, ids: Iterable[int]) -> None:
    """Machines that have no day any more."""
    for batch in batches(ids):
        session.connection().execute(
            update(Machine).where(col(Machine.id).in_(batch)).values(wave_id=None, planned_day=None)
        )


def empty_waves(session: Session) -> list[int]:
    """Ids of waves that have not begun and have no machine."""
    rows = session.exec(
        select(Wave.id)
        .outerjoin(Machine, col(Machine.wave_id) == col(Wave.id))
        .where(col(Wave.state).in_(MAY_CHANGE), col(Machine.id).is_(None))
    )
    return [wave_id for wave_id in rows if wave_id is not None]


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


def changed(
    session: Session, plan_id: int, dropped: Collection[str], limit: int
) -> tuple[int, list[str]]:
    """How many machines are not any more what the planner saw, and the first tags of them.

    `dropped`: those that are to have no date any more.
    """
    # Their rows do not change before the daemon begins with them.
    begun = and_(
        col(Machine.state) == MachineState.PLANNED.value, col(Wave.state).not_in(MAY_CHANGE)
    )
    differs = or_(
        begun,
        col(Machine.version) != col(PlanSlot.machine_version),
        # Without a site of its own a machine stands where its department does.
        and_(col(Machine.site_id).is_not(None), col(Machine.site_id) != col(PlanSlot.site_id)),
        col(Machine.serial).is_(None),
        col(Machine.computer_name).is_(None),
        col(Machine.in_ledger).is_(False),
    )
    placed = (
        select(Machine.asset_tag)
        .join(PlanSlot, col(PlanSlot.machine_id) == col(Machine.id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(PlanSlot.plan_id == plan_id, differs)
    )
    tags = set(session.exec(placed))
    for batch in batches(dropped):
        tags.update(
            session.exec(
                select(Machine.asset_tag)
                .join(Wave, col(Wave.id) == col(Machine.wave_id))
                .where(col(Machine.asset_tag).in_(batch), begun)
            )
        )
    return len(tags), sorted(tags)[:limit]


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
