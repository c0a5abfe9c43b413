"""Queries on what the forecast reads: what is left, and what the last days brought."""

from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from rollout.domain.machine import DONE, MachineState
from rollout.store.tables import AuditRow, DayForecast, Machine, Site

_OUTCOMES = (MachineState.MIGRATED.value, MachineState.FAILED.value, MachineState.SILENT.value)


class Left(NamedTuple):
    """Machines of a site that are not done, by the day in force; None: without one."""

    site: str | None
    day: date | None
    machines: int


def left(session: Session) -> list[Left]:
    """What is not done and takes part."""
    over = [state.value for state in DONE] + [MachineState.EXCLUDED.value]
    rows = session.exec(
        select(col(Site.key), col(Machine.planned_day), func.count())
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .where(col(Machine.state).not_in(over), col(Machine.in_ledger).is_(True))
        .group_by(col(Site.key), col(Machine.planned_day))
    )
    return [Left(site, day, machines) for site, day, machines in rows]


def done(session: Session) -> int:
    """Machines for which nothing is left to do."""
    return session.exec(
        select(func.count()).where(col(Machine.state).in_([state.value for state in DONE]))
    ).one()


def outcomes(session: Session, since: datetime) -> list[tuple[datetime, str]]:
    """When machines were handed over, failed or fell silent from `since` on."""
    rows = session.exec(
        select(AuditRow.at, AuditRow.to_state).where(
            AuditRow.noun == "machine", AuditRow.at >= since, col(AuditRow.to_state).in_(_OUTCOMES)
        )
    )
    return [(at, state) for at, state in rows if state is not None]


def keep(session: Session, row: DayForecast) -> None:
    """One row a day: a later forecast of the day replaces the earlier."""
    session.merge(row)


def kept(session: Session) -> list[DayForecast]:
    """The forecasts of all days, the oldest first."""
    return list(session.exec(select(DayForecast).order_by(col(DayForecast.day))))
