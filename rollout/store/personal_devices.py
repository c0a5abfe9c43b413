"""Queries on personal devices."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, Subquery, and_, cast, false
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, or_, select

from rollout.domain.notice import NoticeKind, NoticeState
from rollout.domain.personal_device import ENDED, LEAVING, DeviceState, Ownership
from rollout.store.columns import Why
from rollout.store.tables import (
    Account,
    Department,
    Notice,
    Person,
    PersonalDevice,
    StrayDevice,
)


def person(session: Session, staff_number: str) -> Person | None:
    """The person of a staff number who was not forgotten."""
    return session.exec(
        select(Person).where(
            Person.staff_number == staff_number, col(Person.forgotten_at).is_(None)
        )
    ).one_or_none()


def counted(session: Session, person_id: int) -> int:
    """Devices and open applications that count against the limit of a person."""
    return session.exec(
        select(func.count())
        .select_from(PersonalDevice)
        .where(
            PersonalDevice.person_id == person_id,
            col(PersonalDevice.state).not_in([state.value for state in ENDED]),
        )
    ).one()


def service_states(session: Session, person_id: int) -> dict[str, str]:
    """State by cloud service of a person."""
    rows = session.exec(
        select(Account.service, Account.state).where(Account.person_id == person_id)
    ).all()
    return dict(rows)


def approved(session: Session) -> list[int]:
    """Applications that were approved and whose owners were not invited yet."""
    rows = session.exec(
        select(PersonalDevice.id)
        .where(PersonalDevice.state == DeviceState.APPROVED.value)
        .order_by(col(PersonalDevice.id))
    )
    return [number or 0 for number in rows]


def one(session: Session, number: int) -> tuple[PersonalDevice, Person] | None:
    """An application with its person."""
    return session.exec(
        select(PersonalDevice, Person)
        .join(Person, col(Person.id) == col(PersonalDevice.person_id))
        .where(PersonalDevice.id == number)
    ).one_or_none()


@dataclass(frozen=True)
class Wanted:
    """Which devices; what is empty does not restrict.

    `department` is a bureau, or bureau and division with a space between; `text` is part of staff
    number, name or model. `alarmed` are those that somebody should look at: called the
    organisation's, leaving since before `pending_before`, or refused by the service. `after` and
    `limit` make a window in the order of numbers.
    """

    states: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    staff_number: str | None = None
    department: str | None = None
    text: str = ""
    alarmed: bool = False
    pending_before: datetime | None = None
    number: int | None = None
    after: int = 0
    limit: int | None = None


def listed(session: Session, wanted: Wanted) -> list[Any]:
    """Devices with staff number, name, bureau and division of their people, newest last.

    Columns instead of objects: 10,000 rows are listed in a fraction of the time.
    """
    table: Any = PersonalDevice
    invitation = _returned_invitations()
    statement: Any = (
        columns(
            *table.__table__.columns,
            col(Person.staff_number),
            col(Person.name),
            col(Department.bureau),
            col(Department.division),
            invitation.c.number.label("invitation"),
            invitation.c.why.label("invitation_why"),
        )
        .select_from(_joined(invitation))
        .where(*_conditions(wanted, invitation))
        .order_by(col(PersonalDevice.id))
    )
    if wanted.limit is not None:
        statement = statement.limit(wanted.limit)
    return list(session.connection().execute(statement).all())


def how_many(session: Session, wanted: Wanted) -> int:
    """How many devices there are of those that are asked for, whatever the window."""
    invitation = _returned_invitations()
    return session.exec(
        select(func.count())
        .select_from(_joined(invitation))
        .where(*_conditions(wanted, invitation))
    ).one()


def _joined(invitation: Subquery) -> Any:
    table: Any = PersonalDevice
    return (
        table.__table__.outerjoin(invitation, invitation.c.about == cast(PersonalDevice.id, String))
        .join(Person, col(Person.id) == col(PersonalDevice.person_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
    )


def _conditions(wanted: Wanted, invitation: Subquery) -> Iterator[ColumnElement[bool]]:
    if wanted.states:
        yield col(PersonalDevice.state).in_(wanted.states)
    if wanted.platforms:
        yield col(PersonalDevice.platform).in_(wanted.platforms)
    if wanted.staff_number is not None:
        yield col(Person.staff_number) == wanted.staff_number
    if wanted.department is not None:
        full = col(Department.bureau) + " " + col(Department.division)
        yield or_(col(Department.bureau) == wanted.department, full == wanted.department)
    if wanted.text:
        searched = (col(Person.staff_number), col(Person.name), col(PersonalDevice.model))
        yield or_(*(column.contains(wanted.text, autoescape=True) for column in searched))
    if wanted.number is not None:
        yield col(PersonalDevice.id) == wanted.number
    if wanted.after:
        yield col(PersonalDevice.id) > wanted.after
    if wanted.alarmed:
        without = and_(
            col(PersonalDevice.state) == DeviceState.INVITED.value,
            invitation.c.number.is_not(None),
        )
        yield or_(without, _alarmed(wanted.pending_before))


def _returned_invitations() -> Subquery:
    """Invitations that were refused or came back and wait for a person, by their device."""
    return (
        select(
            col(Notice.about),
            func.max(Notice.id).label("number"),
            func.max(Notice.cause, type_=Why()).label("why"),
        )
        .where(
            col(Notice.kind) == NoticeKind.BYOD_INVITATION.value,
            col(Notice.state) == NoticeState.FAILED.value,
            col(Notice.next_at).is_(None),
        )
        .group_by(col(Notice.about))
        .subquery()
    )


def _alarmed(pending_before: datetime | None) -> ColumnElement[bool]:
    live = col(PersonalDevice.state).not_in([state.value for state in ENDED])
    leaving = col(PersonalDevice.state).in_([state.value for state in LEAVING])
    late = (
        false()
        if pending_before is None
        else and_(leaving, col(PersonalDevice.leaving_since) < pending_before)
    )
    return or_(
        and_(live, col(PersonalDevice.seen_as) == Ownership.COMPANY.value),
        and_(live, col(PersonalDevice.trouble).is_not(None)),
        late,
    )


def by_state(session: Session) -> dict[str, int]:
    """How many devices are in each state that any is in."""
    rows = session.exec(select(PersonalDevice.state, func.count()).group_by(PersonalDevice.state))
    return dict(rows.all())


def strays(session: Session) -> list[Any]:
    """Registered devices without an application, with their people as far as they are known."""
    table: Any = StrayDevice
    statement: Any = (
        columns(
            *table.__table__.columns,
            col(Person.staff_number),
            col(Person.name),
            col(Department.bureau),
            col(Department.division),
        )
        .select_from(StrayDevice)
        .outerjoin(Person, col(Person.id) == col(StrayDevice.person_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
        .order_by(col(StrayDevice.reason), col(Person.staff_number), col(StrayDevice.key))
    )
    return list(session.connection().execute(statement).all())
