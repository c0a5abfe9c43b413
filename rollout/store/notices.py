"""Queries on notices; their states are moved by `transitions` like all others."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from rollout.domain.machine import MachineState
from rollout.domain.notice import NoticeKind, NoticeState, NoticeVerb
from rollout.domain.wave import WaveState
from rollout.store import transitions
from rollout.store.tables import Machine, Notice, Person, Wave

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


_IN_FORCE = (WaveState.APPROVED.value, WaveState.RUNNING.value, WaveState.SOAKING.value)
_TO_BE_MOVED = (MachineState.PLANNED.value, MachineState.HELD.value)


class Slot(NamedTuple):
    """A machine that waits for its day in a wave that was approved."""

    machine_id: int
    day: date
    held: bool


def slots(session: Session, today: date) -> list[Slot]:
    """Machines of staff whose day is today or later, and which nothing has begun yet."""
    rows = session.exec(
        select(col(Machine.id), col(Machine.planned_day), col(Machine.state))
        .join(Wave, col(Wave.id) == col(Machine.wave_id))
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .where(
            col(Wave.state).in_(_IN_FORCE),
            col(Machine.state).in_(_TO_BE_MOVED),
            col(Machine.planned_day) >= today,
            col(Person.forgotten_at).is_(None),
            or_(col(Person.left_on).is_(None), col(Person.left_on) > today),
        )
        .order_by(col(Machine.planned_day), col(Machine.asset_tag))
    )
    return [Slot(id_ or 0, day, state == MachineState.HELD) for id_, day, state in rows if day]


class Known(NamedTuple):
    """A notice about a machine that is in the outbox."""

    machine_id: int
    kind: str
    day: date
    state: str


def about_machines(session: Session) -> list[Known]:
    """Every notice about a machine, oldest first."""
    rows = session.exec(
        select(col(Notice.machine_id), col(Notice.kind), col(Notice.day), col(Notice.state))
        .where(col(Notice.machine_id).is_not(None))
        .order_by(col(Notice.id))
    )
    return [Known(id_ or 0, kind, day, state) for id_, kind, day, state in rows]


class Letter(NamedTuple):
    """A notice about a machine, with what its mail tells."""

    id: int
    kind: str
    day: date
    state: str
    version: int
    cause: str | None
    sent_at: datetime | None
    tried_at: datetime | None
    asset_tag: str
    planned_day: date | None
    staff_number: str
    name: str
    upn: str | None


def letters(session: Session, states: Iterable[NoticeState]) -> list[Letter]:
    """Notices about machines in one of the states, oldest first."""
    rows = session.exec(
        select(  # type: ignore[call-overload, misc]
            Notice.id,
            Notice.kind,
            Notice.day,
            Notice.state,
            Notice.version,
            Notice.cause,
            Notice.sent_at,
            Notice.tried_at,
            Machine.asset_tag,
            Machine.planned_day,
            Person.staff_number,
            Person.name,
            Person.upn,
        )
        .join(Machine, col(Machine.id) == col(Notice.machine_id))
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .where(col(Notice.state).in_([state.value for state in states]))
        .order_by(col(Notice.id))
    )
    return [Letter(*row) for row in rows]


def tried(
    session: Session, notice_id: int, at: datetime | None, *, before: datetime | None
) -> bool:
    """Keep that a planned notice is handed over at `at`; False when somebody else did so since
    `before` was read. None says that it surely did not go."""
    was = col(Notice.tried_at)
    changed = session.connection().execute(
        update(Notice)
        .where(
            col(Notice.id) == notice_id,
            col(Notice.state) == NoticeState.PLANNED.value,
            was.is_(None) if before is None else was == before,
        )
        .values(tried_at=at)
    )
    return changed.rowcount == 1
