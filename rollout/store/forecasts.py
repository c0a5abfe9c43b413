"""Queries on what the forecast reads: what is left, and what the last days brought."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, case
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import Session, col, func, select

from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.store.batches import batches
from rollout.store.tables import AuditRow, DayForecast, Department, Machine, PlanSlot, Site, Wave
from rollout.store.tables.audit import OUTCOMES

_BATCH = 20_000
_OVER = [*(state.value for state in DONE), MachineState.EXCLUDED.value]
_PARKED = [state.value for state in NEEDS_A_PERSON]


class Left(NamedTuple):
    """Machines of one place that are not done, by the day in force; None: without one.

    `parked` ones wait for a person, not for their day.
    """

    site: str | None
    day: date | None
    parked: bool
    wave: int | None
    bureau: str | None
    division: str | None
    machines: int


def left(session: Session, plan_id: int | None = None) -> list[Left]:
    """What is not done and takes part; with the days that a proposal gives, when one is named."""
    return _left(session, plan_id)


def left_of(session: Session, ids: Iterable[int], plan_id: int | None = None) -> list[Left]:
    """Those of `left` with these ids."""
    found = []
    for batch in batches(ids):
        found += _left(session, plan_id, col(Machine.id).in_(batch))
    return found


def _left(session: Session, plan_id: int | None, *which: SQLCoreOperations[bool]) -> list[Left]:
    parked = case((col(Machine.state).in_(_PARKED), 1), else_=0)
    day: SQLCoreOperations[date | None] = col(Machine.planned_day)
    wave: SQLCoreOperations[int | None] = col(Wave.number)
    if plan_id is not None:
        day = func.coalesce(col(PlanSlot.day), day)
        wave = func.coalesce(col(PlanSlot.wave_number), wave)
    keys = (
        col(Site.key),
        day,
        parked,
        wave,
        col(Department.bureau),
        col(Department.division),
    )
    asked = (
        select(*keys, func.count())  # type: ignore[call-overload]
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .where(col(Machine.state).not_in(_OVER), col(Machine.in_ledger).is_(True), *which)
        .group_by(*keys)
    )
    if plan_id is not None:
        slot = and_(col(PlanSlot.machine_id) == col(Machine.id), col(PlanSlot.plan_id) == plan_id)
        asked = asked.outerjoin(PlanSlot, slot)
    rows = session.exec(asked)
    return [Left(site, day, bool(stands), *rest) for site, day, stands, *rest in rows]


def done(session: Session) -> int:
    """Machines for which nothing is left to do."""
    return session.exec(
        select(func.count()).where(col(Machine.state).in_([state.value for state in DONE]))
    ).one()


def left_count(session: Session) -> int:
    """How many machines `left` is about."""
    return session.exec(
        select(func.count()).where(
            col(Machine.state).not_in(_OVER), col(Machine.in_ledger).is_(True)
        )
    ).one()


def dated(session: Session, first: date, last: date) -> dict[tuple[str, date], int]:
    """How many machines have their day from `first` to `last`, done or not, by site and day."""
    rows = session.exec(
        select(col(Site.key), col(Machine.planned_day), func.count())
        .select_from(Machine)
        .join(Site, col(Site.id) == col(Machine.site_id))
        .where(col(Machine.planned_day).between(first, last))
        .group_by(col(Site.key), col(Machine.planned_day))
    )
    return {(site, day): machines for site, day, machines in rows if day is not None}


class Outcome(NamedTuple):
    """Something that happened to a machine: `verb` says how its passage ended or began anew."""

    at: datetime
    verb: MachineVerb
    site: str


def outcomes(session: Session, since: datetime) -> list[Outcome]:
    """Machines handed over or replaced, failed, silent or taken up again from `since` on."""
    rows = session.exec(
        select(AuditRow.at, AuditRow.verb, col(Site.key))
        .join(Machine, col(Machine.id) == col(AuditRow.noun_id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .where(OUTCOMES, AuditRow.at >= since, AuditRow.noun == "machine")
    )
    return [Outcome(at, MachineVerb(verb), site or "") for at, verb, site in rows]


class Step(NamedTuple):
    """One change of a machine's state; `day` is the day that a plan gave it."""

    at: datetime
    machine_id: int
    verb: MachineVerb
    state: MachineState
    day: date | None


def history(session: Session, until: datetime) -> Iterator[Step]:
    """Every change of state of every machine up to `until`, in order, streamed."""
    last = 0
    known = {verb.value: verb for verb in MachineVerb}
    while True:
        rows = session.exec(
            select(  # type: ignore[call-overload]
                AuditRow.id,
                AuditRow.at,
                AuditRow.noun_id,
                AuditRow.verb,
                AuditRow.to_state,
                AuditRow.detail,
            )
            .where(
                col(AuditRow.id) > last,
                AuditRow.noun == "machine",
                col(AuditRow.to_state).is_not(None),
            )
            .order_by(col(AuditRow.id))
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        for id_, at, machine_id, verb, state, detail in rows:
            last = id_
            if at <= until and verb in known:
                day = _planned(detail) if verb == MachineVerb.PLAN else None
                yield Step(at, machine_id, known[verb], MachineState(state), day)


def _planned(detail: str | None) -> date | None:
    """The day that `plan commit` noted; None where it was taken out of the history."""
    said = json.loads(detail) if detail else None
    day = said.get("day") if isinstance(said, dict) else None
    return date.fromisoformat(day) if day else None


def registered(session: Session) -> set[int]:
    """Machines whose coming into the ledger is in the history."""
    rows = session.exec(
        select(AuditRow.noun_id).where(AuditRow.noun == "machine", AuditRow.verb == "register")
    )
    return set(rows)


def sites_of_machines(session: Session) -> dict[int, str]:
    """Where every machine of the ledger stands today, by id."""
    rows = session.exec(
        select(col(Machine.id), col(Site.key))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .where(col(Machine.in_ledger).is_(True))
    )
    return {id_: site or "" for id_, site in rows if id_ is not None}


def keep(session: Session, row: DayForecast) -> None:
    """One row a day: a later forecast of the day replaces the earlier."""
    session.merge(row)


def of_day(session: Session, day: date) -> DayForecast | None:
    """The forecast that is kept for a day."""
    return session.get(DayForecast, day)


def kept(session: Session) -> list[DayForecast]:
    """The forecasts of all days, the oldest first."""
    return list(session.exec(select(DayForecast).order_by(col(DayForecast.day))))
