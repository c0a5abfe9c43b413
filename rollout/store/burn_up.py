"""Queries on how many machines were done, minute by minute."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, and_, case, or_, type_coerce
from sqlalchemy import select as columns
from sqlmodel import Session, col, func

from rollout.domain.machine import DONE
from rollout.store.tables import AuditRow

_DONE = [state.value for state in DONE]
_MINUTE = "%Y-%m-%dT%H:%M"


def finished(session: Session, moment: datetime) -> list[tuple[datetime, int]]:
    """How many machines more (or fewer) were done in each minute up to `moment`, in order."""
    was, became = col(AuditRow.from_state), col(AuditRow.to_state)
    arrives = and_(became.in_(_DONE), or_(was.is_(None), was.not_in(_DONE)))
    leaves = and_(was.in_(_DONE), became.not_in(_DONE))
    is_text = session.connection().dialect.name == "sqlite"
    # Grouped by the database: a big fleet has a fact for each machine, a programme few minutes.
    minute: Any = (
        func.substr(type_coerce(AuditRow.at, String), 1, 16)
        if is_text
        else func.date_trunc("minute", AuditRow.at)
    ).label("minute")
    rows = session.execute(
        columns(minute, func.sum(case((arrives, 1), else_=-1)))
        .where(col(AuditRow.noun) == "machine", col(AuditRow.at) <= moment, or_(arrives, leaves))
        .group_by(minute)
        .order_by(minute)
    )
    return [(_moment(found), int(machines)) for found, machines in rows]


def _moment(found: str | datetime) -> datetime:
    if isinstance(found, str):
        return datetime.strptime(found, _MINUTE).replace(tzinfo=UTC)
    return found.astimezone(UTC)
