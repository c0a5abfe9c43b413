"""One query over everybody: which parts each person lacks."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, literal
from sqlmodel import Session, col, func, or_, select

from rollout.domain.account import AccountState, CloudService
from rollout.domain.machine import DONE, MachineState
from rollout.domain.notice import ABOUT_THE_DAY, NoticeKind, NoticeState
from rollout.domain.personal_device import DeviceState
from rollout.store.tables import (
    Account,
    Department,
    Machine,
    Notice,
    Person,
    PersonalDevice,
    TrainingRecord,
    Wave,
)
from rollout.store.training import counts_as_had

_THROUGH = sorted(state.value for state in DONE | {MachineState.EXCLUDED})
_WAITING = [
    state.value
    for state in (
        DeviceState.APPLIED,
        DeviceState.APPROVED,
        DeviceState.INVITED,
        DeviceState.ENROLLED,
        DeviceState.NONCOMPLIANT,
    )
]
_TELLS_THE_DAY = sorted(
    kind.value for kind in (*ABOUT_THE_DAY, NoticeKind.DAY_BEFORE, NoticeKind.DONE)
)
_ACCOUNT = [s.value for s in (CloudService.IDENTITY, CloudService.LICENCE, CloudService.MAILBOX)]


class Measured(NamedTuple):
    """A person in service with what was counted; `wave` is the first one of the PCs."""

    person_id: int
    staff_number: str
    name: str
    bureau: str | None
    division: str | None
    wave: int | None
    pcs: int
    pcs_open: int
    account_ready: int
    chat_ready: int
    courses: int
    notices: int
    devices_waiting: int
    promoter: bool


def measured(
    session: Session, today: date, courses: Collection[str], pass_score: float | None
) -> list[Measured]:
    """Everybody who is in service on `today`, by department and staff number; one statement."""
    owner = col(Machine.owner_id)
    pcs = (
        select(
            owner.label("id"),
            func.count().label("pcs"),
            func.sum(case((col(Machine.state).in_(_THROUGH), 0), else_=1)).label("open"),
            func.min(Wave.number).label("wave"),
        )
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(owner.is_not(None))
        .group_by(owner)
        .subquery()
    )
    accounts = _sums(
        col(Account.person_id),
        (
            col(Account.service).in_(_ACCOUNT),
            col(Account.service) == CloudService.CHAT.value,
        ),
        col(Account.state) == AccountState.READY.value,
    )
    had = (
        select(
            col(TrainingRecord.person_id).label("id"),
            func.count(func.distinct(TrainingRecord.course_key)).label("n"),
        )
        .where(col(TrainingRecord.course_key).in_(list(courses)), counts_as_had(pass_score))
        .group_by(col(TrainingRecord.person_id))
        .subquery()
    )
    told = func.coalesce(Notice.told_id, Notice.person_id, Machine.owner_id)
    notices = (
        select(told.label("id"), func.count().label("n"))
        .select_from(Notice)
        .outerjoin(Machine, col(Machine.id) == col(Notice.machine_id))
        .where(col(Notice.state) == NoticeState.SENT.value, col(Notice.kind).in_(_TELLS_THE_DAY))
        .group_by(told)
        .subquery()
    )
    devices = (
        select(col(PersonalDevice.person_id).label("id"), func.count().label("n"))
        .where(col(PersonalDevice.state).in_(_WAITING))
        .group_by(col(PersonalDevice.person_id))
        .subquery()
    )
    statement: Any = select(  # type: ignore[call-overload]
        Person.id,
        Person.staff_number,
        Person.name,
        Department.bureau,
        Department.division,
        pcs.c.wave,
        *(
            func.coalesce(column, 0)
            for column in (
                pcs.c.pcs,
                pcs.c.open,
                accounts.c.n0,
                accounts.c.n1,
                had.c.n,
                notices.c.n,
                devices.c.n,
            )
        ),
        Person.promoter,
    ).outerjoin(Department, col(Department.id) == col(Person.department_id))
    for part in (pcs, accounts, had, notices, devices):
        statement = statement.outerjoin(part, part.c.id == col(Person.id))
    rows = session.connection().execute(
        statement.where(
            col(Person.forgotten_at).is_(None),
            or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
        ).order_by(Department.bureau, Department.division, Person.staff_number)
    )
    return [Measured(*row) for row in rows]


def _sums(
    person: Any, kinds: tuple[ColumnElement[bool], ...], condition: ColumnElement[bool]
) -> Any:
    """`n0`, `n1`, ...: how many rows of each kind a person has."""
    return (
        select(
            person.label("id"),
            *(
                func.sum(case((kind, literal(1)), else_=literal(0))).label(f"n{number}")
                for number, kind in enumerate(kinds)
            ),
        )
        .where(condition)
        .group_by(person)
        .subquery()
    )
