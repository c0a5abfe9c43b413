"""Queries on machines that are being acted on, and on what was done to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from rollout.store.batches import batches
from rollout.store.tables import Claim, HostResult, Machine, Run, Site, Wave


class Acted(NamedTuple):
    """A machine with its claim of one step; an open one has no outcome."""

    machine_id: int
    asset_tag: str
    state: str
    site: str | None
    wave: int | None
    step: str
    attempt: int
    run_id: int
    since: datetime
    deadline_at: datetime
    outcome: str | None
    ended_at: datetime | None


def open_claims(session: Session, limit: int) -> list[Acted]:
    """Machines that are acted on now, those since longest first."""
    return _acted(session, col(Claim.outcome).is_(None), limit)


def claims_of_run(session: Session, run_id: int, limit: int) -> list[Acted]:
    """The machines of a run."""
    return _acted(session, col(Claim.run_id) == run_id, limit)


def _acted(session: Session, which: object, limit: int) -> list[Acted]:
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Machine.id,
            Machine.asset_tag,
            Machine.state,
            Site.key,
            Wave.number,
            Claim.step,
            Claim.attempt,
            Claim.run_id,
            Claim.created_at,
            Claim.deadline_at,
            Claim.outcome,
            Claim.ended_at,
        )
        .select_from(Claim)
        .join(Machine, col(Machine.id) == col(Claim.machine_id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Run, col(Run.id) == col(Claim.run_id))
        .outerjoin(Wave, col(Wave.id) == col(Run.wave_id))
        .where(which)
        .order_by(col(Claim.outcome).is_not(None), col(Claim.created_at), col(Machine.asset_tag))
        .limit(limit)
    )
    return [Acted(*row) for row in rows]


def steps_of(session: Session, machine_ids: Sequence[int]) -> dict[int, dict[str, str | None]]:
    """The outcome of the newest claim of every step that each of these machines ever had."""
    found: dict[int, dict[str, str | None]] = {}
    for batch in batches(machine_ids):
        rows = session.exec(
            select(Claim.machine_id, Claim.step, Claim.outcome)
            .where(col(Claim.machine_id).in_(batch))
            .order_by(col(Claim.id))
        )
        for machine_id, step, outcome in rows:
            found.setdefault(machine_id, {})[step] = outcome
    return found


class Last(NamedTuple):
    """The newest task result of a machine in a run."""

    task: str
    status: str
    at: datetime


def last_results(session: Session, run_ids: Sequence[int]) -> dict[tuple[int, int], Last]:
    """By run and machine."""
    found: dict[tuple[int, int], Last] = {}
    for batch in batches(run_ids):
        newest = (
            select(func.max(HostResult.id))
            .where(col(HostResult.run_id).in_(batch))
            .group_by(col(HostResult.run_id), col(HostResult.machine_id))
        )
        for row in session.exec(select(HostResult).where(col(HostResult.id).in_(newest))):
            found[row.run_id, row.machine_id] = Last(row.task, row.status, row.at)
    return found
