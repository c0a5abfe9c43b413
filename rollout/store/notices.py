"""Queries on notices; their states are moved by `transitions` like all others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, insert, or_, update
from sqlmodel import Session, col, func, select

from rollout.domain.notice import ABOUT_THE_DAY, NoticeKind, NoticeState, NoticeVerb
from rollout.i18n.told import Told
from rollout.store import transitions
from rollout.store.columns import Why
from rollout.store.tables import Machine, Notice, Person

_CHUNK = 10_000
_TELLS_THE_DAY = sorted(kind.value for kind in ABOUT_THE_DAY)


class New(NamedTuple):
    """A notice to be put into the outbox; `told_id` where it goes to somebody else than the
    machine's owner."""

    kind: NoticeKind
    day: date
    machine_id: int | None = None
    person_id: int | None = None
    edition: int = 1
    about: str = ""
    told_id: int | None = None


def add(session: Session, rows: Sequence[New], *, at: datetime) -> None:
    """Put notices into the outbox that are not in it."""
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(
            insert(Notice),
            [
                row._asdict()
                | {"kind": row.kind.value, "state": NoticeState.PLANNED.value, "state_since": at,
                   "version": 1, "refusals": 0}
                for row in rows[start : start + _CHUNK]
            ],
        )  # fmt: skip


def plan_for_machines(
    session: Session, kind: NoticeKind, days: Mapping[int, date], *, at: datetime
) -> int:
    """Put a notice to the owner of each machine, by its id with the day that it is about, into the
    outbox; how many were not there yet."""
    known = _known(session, col(Notice.machine_id), kind, days)
    new = [New(kind, day, machine_id=id_) for id_, day in days.items() if (id_, day) not in known]
    add(session, new, at=at)
    return len(new)


def plan_for_people(
    session: Session,
    kind: NoticeKind,
    days: Mapping[int, date],
    *,
    at: datetime,
    about: str = "",
) -> int:
    """The same for people, by id."""
    new = missing_for_people(session, kind, days, about=about)
    add(session, new, at=at)
    return len(new)


def missing_for_people(
    session: Session, kind: NoticeKind, days: Mapping[int, date], *, about: str = ""
) -> list[New]:
    """The notices to people, by id with the day, that are not in the outbox."""
    known = _known(session, col(Notice.person_id), kind, days, col(Notice.about) == about)
    return [
        New(kind, day, person_id=id_, about=about)
        for id_, day in days.items()
        if (id_, day) not in known
    ]


def _known(
    session: Session,
    column: Any,
    kind: NoticeKind,
    days: Mapping[int, date],
    *more: ColumnElement[bool],
) -> set[tuple[int, date]]:
    known: set[tuple[int, date]] = set()
    ids = list(days)
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        rows = session.exec(
            select(column, col(Notice.day)).where(
                column.in_(part), Notice.kind == kind.value, *more
            )
        )
        known.update((id_, day) for id_, day in rows)
    return known


def sent(session: Session, notice_ids: Iterable[int], *, actor: str, at: datetime) -> None:
    """The mail service took these planned notices at `at`. Raises NotAllowed."""
    ids = list(notice_ids)
    _set(session, ids, sent_at=at, next_at=None)
    transitions.apply(session, Notice, ids, NoticeVerb.SEND, actor=actor, at=at)


def failed(
    session: Session,
    notice_ids: Iterable[int],
    *,
    actor: str,
    at: datetime,
    reason: str | Told,
    next_at: datetime | None = None,
) -> None:
    """These were refused, or came back; with `next_at` they go again by themselves.
    Raises NotAllowed."""
    ids = list(notice_ids)
    _set(session, ids, next_at=next_at, refusals=col(Notice.refusals) + 1)
    transitions.apply(session, Notice, ids, NoticeVerb.FAIL, actor=actor, at=at, reason=reason)


def again(
    session: Session, notice_ids: Iterable[int], *, actor: str, at: datetime, anew: bool = False
) -> None:
    """Let failed notices go once more, each as a mail of its own; `anew` forgets how often they
    were refused. Raises NotAllowed."""
    ids = list(notice_ids)
    _set(session, ids, tried_at=None, mail_key=None, next_at=None,
         **({"refusals": 0} if anew else {}))  # fmt: skip
    transitions.apply(session, Notice, ids, NoticeVerb.RETRY, actor=actor, at=at)


def dropped(
    session: Session, notice_ids: Iterable[int], *, actor: str, at: datetime, reason: str | Told
) -> None:
    """These tell nothing that holds any more. Raises NotAllowed."""
    transitions.apply(
        session, Notice, notice_ids, NoticeVerb.DROP, actor=actor, at=at, reason=reason
    )


def _set(session: Session, ids: Sequence[int], **values: Any) -> None:
    for start in range(0, len(ids), _CHUNK):
        session.connection().execute(
            update(Notice).where(col(Notice.id).in_(ids[start : start + _CHUNK])).values(**values)
        )


def to_go_again(session: Session, at: datetime) -> list[int]:
    """Failed notices whose pause is over."""
    rows = session.exec(
        select(Notice.id)
        .where(
            col(Notice.state) == NoticeState.FAILED.value,
            col(Notice.next_at).is_not(None),
            col(Notice.next_at) <= at,
        )
        .order_by(col(Notice.id))
    )
    return [id_ or 0 for id_ in rows]


def sent_under(session: Session, keys: Collection[str]) -> dict[str, int]:
    """The sent notices by the keys of their mails."""
    rows = session.exec(
        select(Notice.mail_key, Notice.id).where(
            col(Notice.mail_key).in_(keys), col(Notice.state) == NoticeState.SENT.value
        )
    )
    return {key or "": id_ or 0 for key, id_ in rows}


class Counted(NamedTuple):
    """The outbox in numbers; `stuck` failed and wait for a person."""

    planned: int
    failed: int
    stuck: int


def counted(session: Session) -> Counted:
    """How much is in the outbox that has not reached its end."""
    waits = and_(col(Notice.state) == NoticeState.FAILED.value, col(Notice.next_at).is_(None))
    rows = session.exec(
        select(Notice.state, waits, func.count())
        .where(col(Notice.state).in_([NoticeState.PLANNED.value, NoticeState.FAILED.value]))
        .group_by(Notice.state, waits)
    ).all()
    return Counted(
        sum(count for state, _stuck, count in rows if state == NoticeState.PLANNED),
        sum(count for state, _stuck, count in rows if state == NoticeState.FAILED),
        sum(count for _state, stuck, count in rows if stuck),
    )


def in_state(session: Session, state: NoticeState) -> list[Notice]:
    """The notices in that state, oldest first."""
    return list(
        session.exec(
            select(Notice).where(Notice.state == state.value).order_by(col(Notice.id))
        ).all()
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
            # An owner before this one was told: that tells this one nothing.
            or_(col(Notice.told_id).is_(None), col(Notice.told_id) == col(Machine.owner_id)),
            in_time,
        )
        .distinct()
    ).all()
    return len(everyone), len(reached)


def stuck_of_machines() -> Subquery:
    """Machines whose owner could not be told, with one `cause`; a person has to look."""
    return (
        select(col(Notice.machine_id), func.max(Notice.cause, type_=Why()).label("cause"))
        .where(
            col(Notice.machine_id).is_not(None),
            col(Notice.state) == NoticeState.FAILED.value,
            col(Notice.next_at).is_(None),
        )
        .group_by(col(Notice.machine_id))
        .subquery()
    )


class Standing(NamedTuple):
    """Where one notice stands."""

    state: NoticeState
    since: datetime
    cause: str | None
    sent_at: datetime | None


def newest(session: Session, kind: NoticeKind, about: str) -> Standing | None:
    """The newest notice of this kind about that."""
    row = session.exec(
        select(Notice)
        .where(Notice.kind == kind.value, Notice.about == about)
        .order_by(col(Notice.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Standing(NoticeState(row.state), row.state_since, row.cause, row.sent_at)


class Letter(NamedTuple):
    """A notice with what its mail tells, and to whom it goes; without a machine `asset_tag` is
    empty."""

    id: int
    kind: str
    day: date
    state: str
    version: int
    edition: int
    about: str
    cause: str | None
    sent_at: datetime | None
    tried_at: datetime | None
    mail_key: str | None
    refusals: int
    next_at: datetime | None
    machine_id: int | None
    asset_tag: str
    generation: str
    site_id: int | None
    person_id: int
    staff_number: str
    name: str
    upn: str | None


def letters(
    session: Session,
    states: Iterable[NoticeState],
    kinds: Collection[NoticeKind] = (),
    *,
    limit: int | None = None,
    after: int = 0,
) -> list[Letter]:
    """Notices in one of the states, oldest first, from the one after `after`.

    Those about a machine nobody has are not among them: they go to nobody.
    """
    to = func.coalesce(Notice.told_id, Notice.person_id, Machine.owner_id)
    conditions = [
        col(Notice.state).in_([state.value for state in states]),
        col(Notice.id) > after,
        *([col(Notice.kind).in_([kind.value for kind in kinds])] if kinds else []),
    ]
    rows = session.exec(
        select(  # type: ignore[call-overload, misc]
            Notice.id,
            Notice.kind,
            Notice.day,
            Notice.state,
            Notice.version,
            Notice.edition,
            Notice.about,
            Notice.cause,
            Notice.sent_at,
            Notice.tried_at,
            Notice.mail_key,
            Notice.refusals,
            Notice.next_at,
            Notice.machine_id,
            func.coalesce(Machine.asset_tag, ""),
            func.coalesce(Machine.generation, ""),
            Machine.site_id,
            Person.id,
            Person.staff_number,
            Person.name,
            Person.upn,
        )
        .outerjoin(Machine, col(Machine.id) == col(Notice.machine_id))
        .join(Person, col(Person.id) == to)
        .where(*conditions)
        .order_by(col(Notice.id))
        .limit(limit)
    )
    return [Letter(*row) for row in rows]


def tried(
    session: Session,
    letter: Letter,
    at: datetime | None,
    *,
    before: datetime | None,
    key: str,
) -> bool:
    """Keep that a planned notice is handed over at `at` under `key`; False when somebody else did
    so since `before` was read, or it is to be sent no more. None says that it surely did not go."""
    was = col(Notice.tried_at)
    changed = session.connection().execute(
        update(Notice)
        .where(
            col(Notice.id) == letter.id,
            col(Notice.state) == NoticeState.PLANNED.value,
            col(Notice.version) == letter.version,
            was.is_(None) if before is None else was == before,
        )
        .values(tried_at=at, mail_key=key, told_id=letter.person_id)
    )
    return changed.rowcount == 1
