"""Queries on applications to take PCs out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, tuple_
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, or_, select

from rollout.domain.errors import NotFound
from rollout.domain.takeout import UNDER_WAY, TakeoutState
from rollout.store.id_lists import these
from rollout.store.tables import Department, Machine, Person, Takeout, TakeoutEmergency

_UNDER_WAY = sorted(state.value for state in UNDER_WAY)


class Application(NamedTuple):
    """The columns of an application that a listing shows: thousands of whole rows take seconds."""

    id: int
    state: str
    state_since: datetime
    period_from: date
    period_to: date
    place: str
    purpose: str
    applied_by: str
    decided_by: str | None
    emergency_id: int | None
    allowed_at: datetime | None
    out_on: date | None
    returned_on: date | None
    cause: str | None


class AppliedPc(NamedTuple):
    """Its PC."""

    id: int
    asset_tag: str
    generation: str
    state: str
    may_leave: bool | None
    planned_day: date | None
    owner_id: int | None


class Applicant(NamedTuple):
    """Who applied."""

    staff_number: str
    name: str
    left_on: date | None


class Row(NamedTuple):
    """An application with its PC, the applicant and the applicant's department."""

    takeout: Application
    machine: AppliedPc
    person: Applicant
    bureau: str | None
    division: str | None


@dataclass(frozen=True)
class Filter:
    """Which applications are wanted; what is empty wants all.

    `text` is looked for in asset tag, staff number, name and place.
    """

    states: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    staff_numbers: tuple[str, ...] = ()
    overdue_on: date | None = None
    text: str = ""


Place = tuple[date, int]
"""Where an application stands in the order of a listing: its last day and its number."""


def add(session: Session, row: Takeout) -> int:
    """Keep a new application; its number."""
    session.add(row)
    session.flush()
    return row.id or 0


def by_id(session: Session, id_: int) -> Takeout:
    """The application of that number. Raises NotFound."""
    found = session.get(Takeout, id_)
    if found is None:
        raise NotFound("takeout", id_)
    return found


def of_department(name: str) -> ColumnElement[bool]:
    """Condition: the department is 部局 `name`, or 部局 and 所属 with a space between."""
    bureau, division = col(Department.bureau), col(Department.division)
    return or_(bureau == name, bureau + " " + division == name)


def listing(
    session: Session,
    wanted: Filter = Filter(),
    *,
    after: Place | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Applications in the order of their last day, the first `limit` behind `after`."""
    conditions = _conditions(wanted)
    if after is not None:
        conditions.append(tuple_(col(Takeout.period_to), col(Takeout.id)) > tuple_(*after))
    parts = ((Takeout, Application), (Machine, AppliedPc), (Person, Applicant))
    rows: Any = session.connection().execute(
        columns(
            *(getattr(table, name) for table, shown in parts for name in shown._fields),
            col(Department.bureau),
            col(Department.division),
        )
        .select_from(_joined())
        .where(*conditions)
        .order_by(col(Takeout.period_to), col(Takeout.id))
        .limit(limit)
    )
    pc = len(Application._fields)
    person = pc + len(AppliedPc._fields)
    return [
        Row(
            Application(*row[:pc]),
            AppliedPc(*row[pc:person]),
            Applicant(*row[person:-2]),
            *row[-2:],
        )
        for row in rows
    ]


def how_many(session: Session, wanted: Filter) -> int:
    """How many applications are asked for."""
    return session.exec(
        select(func.count()).select_from(_joined()).where(*_conditions(wanted))
    ).one()


def _joined() -> Any:
    table: Any = Takeout
    return (
        table.__table__.join(Machine, col(Machine.id) == col(Takeout.machine_id))
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(col(Takeout.state).in_(wanted.states))
    if wanted.tags:
        conditions.append(col(Machine.asset_tag).in_(wanted.tags))
    if wanted.staff_numbers:
        conditions.append(col(Person.staff_number).in_(wanted.staff_numbers))
    if wanted.departments:
        conditions.append(or_(*(of_department(name) for name in wanted.departments)))
    if wanted.overdue_on is not None:
        conditions.append(overdue(wanted.overdue_on))
    if wanted.text:
        searched = (Machine.asset_tag, Person.staff_number, Person.name, Takeout.place)
        conditions.append(
            or_(*(col(one).contains(wanted.text, autoescape=True) for one in searched))
        )
    return conditions


def _may_be_outside() -> ColumnElement[bool]:
    """Condition: the PC was let out under the application, and nobody said that it is back."""
    state = col(Takeout.state)
    return or_(
        state.in_((TakeoutState.OUT.value, TakeoutState.RECALLED.value)),
        and_(state == TakeoutState.APPROVED.value, col(Takeout.allowed_at).is_not(None)),
    )


def overdue(today: date) -> ColumnElement[bool]:
    """Condition on applications joined with people: the PC may be outside, and should be back."""
    return and_(
        _may_be_outside(),
        or_(
            col(Takeout.state) == TakeoutState.RECALLED.value,
            col(Takeout.period_to) < today,
            col(Person.left_on) < today,
        ),
    )


def overlapping(session: Session, machine_id: int, first: date, last: date) -> Sequence[Takeout]:
    """Applications under way for the same PC on some of the same days."""
    return session.exec(
        select(Takeout)
        .where(
            col(Takeout.machine_id) == machine_id,
            col(Takeout.state).in_(_UNDER_WAY),
            col(Takeout.period_from) <= last,
            col(Takeout.period_to) >= first,
        )
        .order_by(col(Takeout.id))
    ).all()


def over(session: Session, today: date, among: Collection[int]) -> list[int]:
    """Applications for these PCs that were never decided, or never became a PC's, and whose period
    is over."""
    return _ids(
        session,
        among,
        or_(
            col(Takeout.state) == TakeoutState.APPLIED.value,
            and_(
                col(Takeout.state) == TakeoutState.APPROVED.value,
                col(Takeout.allowed_at).is_(None),
            ),
        ),
        col(Takeout.period_to) < today,
    )


def of_people_gone(
    session: Session, today: date, among: Collection[int]
) -> tuple[list[int], list[int]]:
    """Applications for these PCs of people who left: those whose PC never left, and those whose PC
    may be outside and was not called back."""
    state = col(Takeout.state)
    theirs = (
        select(Person.id)
        .where(col(Person.id) == col(Takeout.person_id), col(Person.left_on) < today)
        .correlate(Takeout)
        .exists()
    )
    waiting = state.in_((TakeoutState.APPLIED.value, TakeoutState.APPROVED.value))
    return (
        _ids(session, among, theirs, waiting, ~_may_be_outside()),
        _ids(session, among, theirs, _may_be_outside(), state != TakeoutState.RECALLED.value),
    )


def _ids(session: Session, among: Collection[int], *conditions: ColumnElement[bool]) -> list[int]:
    chosen = these(session, col(Takeout.machine_id), among)
    rows = session.exec(select(Takeout.id).where(chosen, *conditions).order_by(col(Takeout.id)))
    return [id_ or 0 for id_ in rows]


def of_whole_department(session: Session, name: str, today: date) -> list[tuple[Machine, Person]]:
    """PCs with an owner in service in the department, by tag."""
    rows = session.exec(
        select(Machine, Person)
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .join(Department, col(Department.id) == col(Person.department_id))
        .where(
            of_department(name),
            or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
            col(Machine.in_ledger).is_(True),
        )
        .order_by(col(Machine.asset_tag))
    )
    return [(machine, person) for machine, person in rows]


def add_emergency(session: Session, row: TakeoutEmergency) -> int:
    """Keep a blanket approval; its number."""
    session.add(row)
    session.flush()
    return row.id or 0
