"""Queries on notices; their states are moved by `transitions` like all others."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from rollout.domain.notice import NoticeKind, NoticeState, NoticeVerb
from rollout.store import transitions
from rollout.store.tables import Machine, Notice

_CHUNK = 10_000
_TELLS_THE_DAY = (NoticeKind.DAYS_BEFORE.value, NoticeKind.NEW_DATE.value)


def plan_for_machines(
    session: Session, kind: NoticeKind, days: Mapping[int, date], *, at: datetime
) -> int:
    """Put a notice to the owner of each machine, by its id with the day that it is about, into the
    outbox; how many were not there yet."""
    return _plan(session, col(Notice.machine_id), kind, days, at)


def plan_for_people(
    session: Session, kind: NoticeKind, days: Mapping[int, date], *, at: datetime
) -> int:
    """The same for people, by id."""
    return _plan(session, col(Notice.person_id), kind, days, at)


def _plan(
    session: Session, column: Any, kind: NoticeKind, days: Mapping[int, date], at: datetime
) -> int:
    known: set[tuple[int, date]] = set()
    ids = list(days)
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        rows = session.exec(
            select(column, col(Notice.day)).where(column.in_(part), Notice.kind == kind.value)
        )
        known.update((id_, day) for id_, day in rows)
    new = [(id_, day) for id_, day in days.items() if (id_, day) not in known]
    for id_, day in new:
        notice = Notice(kind=kind.value, day=day, state_since=at)
        setattr(notice, column.key, id_)
        session.add(notice)
    session.flush()
    return len(new)


def in_state(session: Session, state: NoticeState) -> list[Notice]:
    """The notices in that state, oldest first."""
    return list(
        session.exec(
            select(Notice).where(Notice.state == state.value).order_by(col(Notice.id))
        ).all()
    )


def sent(session: Session, notice_ids: Iterable[int], *, actor: str, at: datetime) -> None:
    """The mail service took these planned notices at `at`. Raises NotAllowed."""
    ids = list(notice_ids)
    session.connection().execute(update(Notice).where(col(Notice.id).in_(ids)).values(sent_at=at))
    transitions.apply(session, Notice, ids, NoticeVerb.SEND, actor=actor, at=at)


def failed(
    session: Session, notice_ids: Iterable[int], *, actor: str, at: datetime, reason: str
) -> None:
    """These were refused, or came back. Raises NotAllowed."""
    transitions.apply(
        session, Notice, notice_ids, NoticeVerb.FAIL, actor=actor, at=at, reason=reason
    )


def told(
    session: Session, machines: ColumnElement[bool], deadlines: Mapping[date, datetime]
) -> tuple[int, int]:
    """Machines with an owner among `machines`, and those of them whose owner was told in time.

    `deadlines` is, for each day that machines are planned for, the moment before which the notice
    of that day has to be sent. Only a notice of the very day counts: an older one told another.
    """
    owned = and_(machines, col(Machine.owner_id).is_not(None))
    everyone = session.exec(select(Machine.id).where(owned)).all()
    if not deadlines:
        return len(everyone), 0
    in_time = or_(
        *(
            and_(col(Machine.planned_day) == day, col(Notice.sent_at) < moment)
            for day, moment in deadlines.items()
        )
    )
    reached = session.exec(
        select(Machine.id)
        .join(Notice, col(Notice.machine_id) == col(Machine.id))
        .where(
            owned,
            col(Notice.kind).in_(_TELLS_THE_DAY),
            Notice.state == NoticeState.SENT.value,
            Notice.day == Machine.planned_day,
            in_time,
        )
        .distinct()
    ).all()
    return len(everyone), len(reached)
