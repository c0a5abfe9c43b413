"""What calls for notices: dates of machines, what was told of them, and how they came through."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import literal
from sqlmodel import Session, col, func, or_, select

from rollout.domain.machine import NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.domain.wave import WaveState
from rollout.store.tables import AuditRow, Machine, Notice, Person, Wave
from rollout.store.tables.audit import OUTCOMES

_IN_FORCE = (WaveState.APPROVED.value, WaveState.RUNNING.value, WaveState.SOAKING.value)
_BEFORE_APPROVAL = (WaveState.PLANNED.value, WaveState.AWAITING_APPROVAL.value)
_TO_BE_MOVED = (MachineState.PLANNED.value, MachineState.HELD.value)
_NO_SLOT = (MachineState.REGISTERED.value, MachineState.EXCLUDED.value)
_OF_DATES = (
    NoticeKind.DAYS_BEFORE.value,
    NoticeKind.DAY_BEFORE.value,
    NoticeKind.NEW_DATE.value,
    NoticeKind.CANCELLED.value,
)


class Slot(NamedTuple):
    """A machine that waits for its day in a wave that was approved."""

    machine_id: int
    day: date
    held: bool
    owner_id: int


def slots(session: Session, today: date) -> list[Slot]:
    """Machines of staff whose day is today or later, and which nothing has begun yet."""
    rows = session.exec(
        select(col(Machine.id), col(Machine.planned_day), col(Machine.state), col(Person.id))
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
    return [
        Slot(id_ or 0, day, state == MachineState.HELD, owner or 0)
        for id_, day, state, owner in rows
        if day is not None
    ]


def not_in_force(session: Session, today: date) -> list[tuple[int, date, int]]:
    """Wave, day and number of machines of staff whose wave is not approved yet."""
    rows = session.exec(
        select(col(Wave.number), col(Machine.planned_day), func.count())
        .join(Machine, col(Machine.wave_id) == col(Wave.id))
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .where(
            col(Wave.state).in_(_BEFORE_APPROVAL),
            col(Machine.state).in_(_TO_BE_MOVED),
            col(Machine.planned_day) > today,
        )
        .group_by(col(Wave.number), col(Machine.planned_day))
        .order_by(col(Wave.number))
    )
    return [(number, day, count) for number, day, count in rows if day is not None]


class Known(NamedTuple):
    """A notice about a machine's date that is in the outbox; `tried`: it may have gone."""

    id: int
    machine_id: int
    kind: NoticeKind
    day: date
    state: NoticeState
    edition: int
    told_id: int | None
    tried: bool


def of_dates(session: Session) -> list[Known]:
    """Every notice about a machine's date, oldest first."""
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Notice.id,
            Notice.machine_id,
            Notice.kind,
            Notice.day,
            Notice.state,
            Notice.edition,
            Notice.told_id,
            Notice.tried_at,
        )
        .where(col(Notice.machine_id).is_not(None), col(Notice.kind).in_(_OF_DATES))
        .order_by(col(Notice.id))
    )
    return [
        Known(id_, machine, NoticeKind(kind), day, NoticeState(state), edition, told, bool(tried))
        for id_, machine, kind, day, state, edition, told, tried in rows
    ]


class Had(NamedTuple):
    """A machine whose owner was told a day, as it stands now; `lost_since` is since when it has no
    day any more."""

    machine_id: int
    owner_id: int | None
    lost_since: datetime | None


def told_machines(session: Session) -> dict[int, Had]:
    """The machines of which some date was told or is to be told, by id."""
    told = select(Notice.machine_id).where(col(Notice.kind).in_(_OF_DATES))
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Machine.id, Machine.owner_id, Machine.state, Machine.planned_day, Machine.state_since
        ).where(col(Machine.id).in_(told))
    )
    return {
        id_: Had(id_, owner, since if state in _NO_SLOT or day is None else None)
        for id_, owner, state, day, since in rows
    }


class Came(NamedTuple):
    """A machine with an owner, and the day that it is told about."""

    machine_id: int
    day: date


def handed_over(session: Session, since: datetime) -> list[Came]:
    """Machines that were handed over since, and of which nobody was told."""
    told = select(literal(1)).where(
        col(Notice.machine_id) == col(Machine.id), Notice.kind == NoticeKind.DONE.value
    )
    rows = session.exec(
        select(col(Machine.id), col(Machine.planned_day))
        .join(AuditRow, col(AuditRow.noun_id) == col(Machine.id))
        .where(
            OUTCOMES,
            col(AuditRow.at) >= since,
            AuditRow.noun == "machine",
            AuditRow.verb == MachineVerb.HAND_OVER.value,
            col(Machine.owner_id).is_not(None),
            col(Machine.planned_day).is_not(None),
            ~told.exists(),
        )
        .distinct()
    )
    return [Came(id_ or 0, day) for id_, day in rows if day]


def not_through(session: Session, today: date, settled: datetime) -> list[Came]:
    """Machines whose owner was told a day that has come, and that need a person since `settled`
    at the latest; without those told so already."""
    told = select(literal(1)).where(
        col(Notice.machine_id) == col(Machine.id),
        Notice.kind == NoticeKind.NOT_DONE.value,
        col(Notice.day) == col(Machine.planned_day),
    )
    awaited = select(literal(1)).where(
        col(Notice.machine_id) == col(Machine.id),
        col(Notice.kind).in_(_OF_DATES),
        Notice.state == NoticeState.SENT.value,
        col(Notice.day) == col(Machine.planned_day),
        col(Notice.told_id) == col(Machine.owner_id),
    )
    rows = session.exec(
        select(col(Machine.id), col(Machine.planned_day)).where(
            col(Machine.state).in_([state.value for state in NEEDS_A_PERSON]),
            or_(
                col(Machine.planned_day) < today,
                (col(Machine.planned_day) == today) & col(Machine.step).is_not(None),
            ),
            col(Machine.state_since) <= settled,
            awaited.exists(),
            ~told.exists(),
        )
    )
    return [Came(id_ or 0, day) for id_, day in rows if day]


def in_service(session: Session, today: date) -> list[int]:
    """Everybody who has not left."""
    rows = session.exec(
        select(Person.id).where(
            col(Person.forgotten_at).is_(None),
            or_(col(Person.left_on).is_(None), col(Person.left_on) > today),
        )
    )
    return [id_ or 0 for id_ in rows]


def any_open_wave(session: Session) -> bool:
    """Whether some wave has not reached its end."""
    over = (WaveState.DONE.value, WaveState.CANCELLED.value)
    return (
        session.exec(select(Wave.id).where(col(Wave.state).not_in(over)).limit(1)).first()
        is not None
    )


def last_day(session: Session, kind: NoticeKind) -> date | None:
    """The newest day that a notice of this kind is about."""
    return session.exec(
        select(col(Notice.day))
        .where(Notice.kind == kind.value)
        .order_by(col(Notice.day).desc())
        .limit(1)
    ).first()


def overtaken(session: Session, today: date, kinds: tuple[NoticeKind, ...]) -> list[int]:
    """Notices of these kinds about days before `today` that did not go and will not."""
    rows = session.exec(
        select(Notice.id).where(
            col(Notice.kind).in_([kind.value for kind in kinds]),
            col(Notice.day) < today,
            or_(
                Notice.state == NoticeState.FAILED.value,
                (col(Notice.state) == NoticeState.PLANNED.value) & col(Notice.tried_at).is_(None),
            ),
        )
    )
    return [id_ or 0 for id_ in rows]
