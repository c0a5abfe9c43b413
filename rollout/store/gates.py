"""Queries on what gates measure, and on their overrides."""

from datetime import datetime

from sqlalchemy import and_, case
from sqlmodel import Session, col, func, select

from rollout.domain.gates import Counts, Gate
from rollout.domain.machine import MachineState
from rollout.store.tables import GateOverride, Machine, TrancheMember, Wave

_S = MachineState
_THROUGH = frozenset({_S.MIGRATED, _S.PORTABLE})
_NO_PART = frozenset(
    {_S.REGISTERED, _S.EXCLUDED, _S.SUPERSEDED, _S.RETAINED, _S.ERASED, _S.RETURNED}
)


def counts(
    session: Session, wave_id: int, tranche: int, *, at: datetime, silent_before: datetime
) -> Counts:
    """The machines of a wave's first tranches, up to `tranche`.

    A held machine takes no part, unless it is held for having failed, fallen silent or being in
    doubt: to hold it does not make the wave better.
    """
    old = case((col(Machine.state_since) < silent_before, 1), else_=0)
    rows = session.exec(
        select(  # type: ignore[call-overload]
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
        .where(Machine.wave_id == wave_id, col(TrancheMember.number) <= tranche)
        .group_by(col(Machine.state), col(Machine.held_from))
    ).all()
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
