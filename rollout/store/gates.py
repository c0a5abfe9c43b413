"""Queries on what gates measure, and on their overrides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, case
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from rollout.domain.gates import Counts, Gate
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store.tables import GateOverride, Machine, Tranche, TrancheMember, Wave

_S = MachineState
_THROUGH = frozenset({_S.PREPARED, _S.PORTABLE, _S.MIGRATED})
_NO_PART = frozenset(
    {_S.REGISTERED, _S.EXCLUDED, _S.SUPERSEDED, _S.RETAINED, _S.ERASING, _S.ERASED, _S.RETURNED}
)


def counts(
    session: Session,
    wave_id: int,
    tranche: int,
    *,
    at: datetime,
    silent_before: datetime,
    replaced: Iterable[str] = (),
) -> Counts:
    """The machines of a wave's first tranches, up to `tranche`.

    A held machine takes no part, unless it is held for having failed, fallen silent or being in
    doubt: to hold it does not make the wave better. Machines of the generations in `replaced` wait
    for their successors and take no part either: nothing that was begun with them proves anything.
    """
    statement = _counting(silent_before, replaced).where(
        col(Machine.wave_id) == wave_id, col(TrancheMember.number) <= tranche
    )
    return _folded([row[1:] for row in session.execute(statement)], at)


@dataclass(frozen=True)
class Stand:
    """A running wave: the newest tranche that was let begin (0: none), its last one, its counts,
    and the values that approvers accepted in that tranche."""

    wave_id: int
    number: int
    tranche: int
    last: int
    counts: Counts
    accepted: Mapping[Gate, float | None]


@cache
def _running_waves() -> Select[Any]:
    """Made once, because every tick asks: each running wave with its newest and last tranche."""
    current = select(func.max(Tranche.number)).where(Tranche.wave_id == Wave.id)
    last = select(func.max(TrancheMember.number)).where(TrancheMember.wave_id == Wave.id)
    statement: Any = (
        select(
            Wave.id,
            Wave.number,
            func.coalesce(current.scalar_subquery(), 0),
            func.coalesce(last.scalar_subquery(), 0),
        )
        .where(Wave.state == WaveState.RUNNING.value)
        .order_by(col(Wave.number))
    )
    return cast("Select[Any]", statement)


@cache
def _overrides_in_force() -> SelectOfScalar[GateOverride]:
    return (
        select(GateOverride)
        .join(Wave, col(Wave.id) == col(GateOverride.wave_id))
        .where(Wave.state == WaveState.RUNNING.value)
        .order_by(col(GateOverride.id))
    )


def stands(
    session: Session, *, at: datetime, silent_before: datetime, replaced: Iterable[str] = ()
) -> list[Stand]:
    """Every running wave with what `counts` and `overrides` say of it, in four queries."""
    waves = session.execute(_running_waves()).all()
    begun = (
        select(col(Tranche.wave_id), func.max(Tranche.number).label("newest"))
        .join(Wave, col(Wave.id) == col(Tranche.wave_id))
        .where(Wave.state == WaveState.RUNNING.value)
        .group_by(col(Tranche.wave_id))
        .subquery()
    )
    statement = _counting(silent_before, replaced).join(
        begun,
        and_(
            begun.c.wave_id == TrancheMember.wave_id,
            col(TrancheMember.number) <= begun.c.newest,
        ),
    )
    rows: dict[int, list[Any]] = {}
    for wave_id, *row in session.execute(statement):
        rows.setdefault(wave_id, []).append(row)
    accepted: dict[tuple[int, int], dict[Gate, float | None]] = {}
    for kept in session.exec(_overrides_in_force()):
        accepted.setdefault((kept.wave_id, kept.tranche), {})[Gate(kept.gate)] = kept.value
    return [
        Stand(
            id_,
            number,
            tranche,
            final,
            _folded(rows.get(id_, []), at),
            accepted.get((id_, tranche), {}),
        )
        for id_, number, tranche, final in waves
    ]


def _counting(silent_before: datetime, replaced: Iterable[str]) -> Select[Any]:
    old = case((col(Machine.state_since) < silent_before, 1), else_=0)
    statement: Select[Any] = (
        select(  # type: ignore[call-overload]
            Machine.wave_id,
            Machine.state,
            Machine.held_from,
            func.count(),
            func.max(col(Machine.state_since)),
            func.sum(old),
        )
        .join(
            TrancheMember,
            and_(
                col(TrancheMember.machine_id) == col(Machine.id),
                col(TrancheMember.wave_id) == col(Machine.wave_id),
            ),
        )
        .group_by(col(Machine.wave_id), col(Machine.state), col(Machine.held_from))
    )
    names = list(replaced)
    return statement.where(col(Machine.generation).not_in(names)) if names else statement


def _folded(rows: Iterable[Sequence[Any]], at: datetime) -> Counts:
    size, by_state = 0, dict.fromkeys(("succeeded", "failed", "silent", "unknown"), 0)
    last: datetime | None = None
    for state, held_from, number, newest, over in rows:
        stands = held_from or state
        if stands in _NO_PART or (held_from and stands not in (_S.FAILED, _S.SILENT, _S.UNKNOWN)):
            continue
        size += number
        if stands in _THROUGH:
            by_state["succeeded"] += number
            last = newest if last is None else max(last, newest)
        elif stands == _S.SILENT:
            by_state["silent"] += number if held_from else over
        elif stands in (_S.FAILED, _S.UNKNOWN):
            by_state[stands] += number
    quiet = None if last is None else (at - last).total_seconds() / 60
    return Counts(size, **by_state, quiet_minutes=quiet)


def coming(wave_id: int, tranche: int | None) -> ColumnElement[bool]:
    """Machines of a wave that take part in it; of one tranche when it is given."""
    taking_part = and_(
        col(Machine.wave_id) == wave_id,
        col(Machine.state).not_in([state.value for state in (*_NO_PART, _S.HELD)]),
    )
    if tranche is None:
        return taking_part
    members = select(TrancheMember.machine_id).where(
        TrancheMember.wave_id == wave_id, TrancheMember.number == tranche
    )
    return and_(taking_part, col(Machine.id).in_(members))


def days_of(session: Session, machines: ColumnElement[bool]) -> list[date]:
    """The days that these machines are planned for."""
    rows = session.exec(select(col(Machine.planned_day)).where(machines).distinct()).all()
    return [day for day in rows if day is not None]


def overrides(session: Session, wave_id: int, tranche: int) -> dict[Gate, float | None]:
    """The values that approvers accepted in this tranche; of several the newest."""
    rows = session.exec(
        select(GateOverride)
        .where(GateOverride.wave_id == wave_id, GateOverride.tranche == tranche)
        .order_by(col(GateOverride.id))
    ).all()
    return {Gate(row.gate): row.value for row in rows}


def override(session: Session, row: GateOverride) -> None:
    """Keep an override."""
    session.add(row)
    session.flush()


def overrides_of(session: Session, wave: Wave) -> list[GateOverride]:
    """Every override that a wave ever had, oldest first."""
    return list(
        session.exec(
            select(GateOverride)
            .where(GateOverride.wave_id == wave.id)
            .order_by(col(GateOverride.id))
        ).all()
    )
