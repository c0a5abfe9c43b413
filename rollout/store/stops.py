"""Queries on stops."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from rollout.domain.stop import Stopped, StopScope
from rollout.domain.wave import WaveState
from rollout.store.tables import Machine, Site, Stop, Wave


def in_force(session: Session) -> Sequence[Stop]:
    """The stops that nobody has ended, oldest first."""
    return session.exec(
        select(Stop).where(col(Stop.ended_at).is_(None)).order_by(col(Stop.id))
    ).all()


def everything(session: Session) -> Sequence[Stop]:
    """Every stop that there ever was, oldest first."""
    return session.exec(select(Stop).order_by(col(Stop.id))).all()


def stopped(session: Session) -> Stopped:
    """What the stops in force reach."""
    return Stopped.of((stop.scope, stop.target) for stop in in_force(session))


def reaches(session: Session, machine: Machine) -> bool:
    """Whether a stop in force keeps this machine from beginning anything."""
    site = session.get(Site, machine.site_id) if machine.site_id else None
    return stopped(session).reaches(machine.generation, site.key if site else None)


class Counted(NamedTuple):
    """Machines that share generation, site, state, and whether their wave is under way."""

    generation: str
    site: str | None
    state: str
    running: bool
    machines: int


def counted(session: Session) -> list[Counted]:
    """Every machine once."""
    running = col(Wave.state).in_([WaveState.RUNNING.value, WaveState.PAUSED.value])
    under_way = case((running, 1), else_=0)
    rows = session.exec(
        select(Machine.generation, Site.key, Machine.state, under_way, func.count())  # type: ignore[call-overload]
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .group_by(Machine.generation, Site.key, Machine.state, under_way)
    )
    return [
        Counted(generation, site, state, bool(under_way), number)
        for generation, site, state, under_way, number in rows
    ]


def begin(
    session: Session, scope: StopScope, target: str, *, actor: str, at: datetime, reason: str
) -> Stop:
    """Put a stop into force."""
    stop = Stop(scope=scope.value, target=target, reason=reason, actor=actor, created_at=at)
    session.add(stop)
    session.flush()
    return stop


def end(session: Session, stop: Stop, *, actor: str, at: datetime) -> None:
    """End a stop."""
    stop.ended_at, stop.ended_by = at, actor
    session.add(stop)
    session.flush()


def known(session: Session, scope: StopScope, target: str) -> bool:
    """Whether there is such a generation or site."""
    if scope is StopScope.SITE:
        found: object = session.exec(select(Site.id).where(Site.key == target)).first()
    elif scope is StopScope.GENERATION:
        found = session.exec(select(Machine.id).where(Machine.generation == target)).first()
    else:
        return True
    return found is not None
