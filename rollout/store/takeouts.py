"""Queries on applications to take PCs out, and on what their PCs have evidence of."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, true, tuple_, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from rollout.domain.errors import NotFound
from rollout.domain.machine import IN_USE, MachineState, Step
from rollout.domain.takeout import ALLOWING, UNDER_WAY, TakeoutState
from rollout.store.tables import (
    Claim,
    Department,
    DiskPin,
    Evidence,
    Machine,
    Person,
    Retirement,
    Takeout,
    TakeoutEmergency,
)

_GONE = [
    state.value
    for state in (MachineState.ERASING, MachineState.ERASED, MachineState.RETURNED,
                  MachineState.EXCLUDED)
]  # fmt: skip
_ALLOWING = sorted(state.value for state in ALLOWING)
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)


class Application(NamedTuple):
    """The columns of an application that a listing shows: thousands of whole rows take seconds."""

    id: int
    state: str
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
    if after is not None:
        conditions.append(tuple_(col(Takeout.period_to), col(Takeout.id)) > tuple_(*after))
    parts = ((Takeout, Application), (Machine, AppliedPc), (Person, Applicant))
    rows: Any = session.connection().execute(
        columns(
            *(getattr(table, name) for table, shown in parts for name in shown._fields),
            col(Department.bureau),
            col(Department.division),
        )
        .select_from(Takeout)
        .join(Machine, col(Machine.id) == col(Takeout.machine_id))
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
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


def overdue(today: date) -> ColumnElement[bool]:
    """Condition on applications joined with people: the PC may be outside, and should be back."""
    may_be_out = or_(
        col(Takeout.state) == TakeoutState.OUT.value,
        and_(
            col(Takeout.state) == TakeoutState.APPROVED.value,
            col(Takeout.allowed_at).is_not(None),
        ),
    )
    return and_(may_be_out, or_(col(Takeout.period_to) < today, col(Person.left_on) < today))


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


def over(session: Session, today: date) -> list[int]:
    """Applications that were never decided, or never became a PC's, and whose period is over."""
    return _ids(
        session,
        or_(
            col(Takeout.state) == TakeoutState.APPLIED.value,
            and_(
                col(Takeout.state) == TakeoutState.APPROVED.value,
                col(Takeout.allowed_at).is_(None),
            ),
        ),
        col(Takeout.period_to) < today,
    )


def of_people_gone(session: Session, today: date) -> list[int]:
    """Applications of somebody who left, whose PC was never fit to leave under them."""
    gone = select(Person.id).where(col(Person.left_on) < today)
    return _ids(
        session,
        col(Takeout.state).in_((TakeoutState.APPLIED.value, TakeoutState.APPROVED.value)),
        col(Takeout.allowed_at).is_(None),
        col(Takeout.person_id).in_(gone),
    )


def _ids(session: Session, *conditions: ColumnElement[bool]) -> list[int]:
    rows = session.exec(select(Takeout.id).where(*conditions).order_by(col(Takeout.id)))
    return [id_ or 0 for id_ in rows]


def looked_at(session: Session, today: date) -> list[Machine]:
    """PCs that may leave now, and PCs in use with an application that allows it today."""
    allowed = select(Takeout.machine_id).where(
        col(Takeout.state).in_(_ALLOWING),
        col(Takeout.period_from) <= today,
        col(Takeout.period_to) >= today,
    )
    return list(
        session.exec(
            select(Machine)
            .where(
                col(Machine.state).in_([state.value for state in sorted(IN_USE)]),
                or_(
                    col(Machine.state) == MachineState.PORTABLE.value,
                    col(Machine.id).in_(allowed),
                ),
            )
            .order_by(col(Machine.id))
        ).all()
    )


def allowing(session: Session, ids: Collection[int], today: date) -> dict[int, int]:
    """The application that lets each of these PCs leave today: its owner's, who is in service."""
    rows = session.exec(
        select(Takeout.machine_id, Takeout.id)
        .join(Machine, col(Machine.id) == col(Takeout.machine_id))
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .where(
            _among(col(Takeout.machine_id), ids),
            col(Takeout.state).in_(_ALLOWING),
            col(Takeout.period_from) <= today,
            col(Takeout.period_to) >= today,
            col(Takeout.decided_by).is_not(None),
            or_(col(Machine.owner_id).is_(None), col(Machine.owner_id) == col(Person.id)),
            or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
        )
        .order_by(col(Takeout.id).desc())
    )
    return {machine: number or 0 for machine, number in rows}


_MANY = 1000
"""With more ids than this it is faster to read all rows than to name them."""


def _among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    return true() if len(ids) > _MANY else column.in_(ids)


def verdicts(session: Session, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The last verdict on each control of these PCs since their disks were last rewritten."""
    rewritten = (
        select(Claim.machine_id, func.max(Claim.id).label("epoch"))
        .where(col(Claim.step) == Step.REIMAGE.value, _among(col(Claim.machine_id), ids))
        .group_by(col(Claim.machine_id))
        .subquery()
    )
    last = (
        select(func.max(Evidence.id))
        .outerjoin(rewritten, rewritten.c.machine_id == col(Evidence.machine_id))
        .where(
            _among(col(Evidence.machine_id), ids),
            col(Evidence.epoch) > func.coalesce(rewritten.c.epoch, 0),
        )
        .group_by(col(Evidence.machine_id), col(Evidence.control))
    )
    found: dict[int, dict[str, str]] = {}
    rows = session.exec(
        select(Evidence.machine_id, Evidence.control, Evidence.verdict).where(
            col(Evidence.id).in_(last)
        )
    )
    for machine_id, control, verdict in rows:
        found.setdefault(machine_id, {})[control] = verdict
    return found


def pins(session: Session, ids: Collection[int]) -> dict[int, DiskPin]:
    """The PINs of these PCs, as far as one was asked for."""
    rows = session.exec(select(DiskPin).where(_among(col(DiskPin.machine_id), ids)))
    return {row.machine_id: row for row in rows}


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


def note_allowed(session: Session, ids: Iterable[int], at: datetime) -> None:
    """From now on the PCs of these applications may be outside."""
    session.connection().execute(
        update(Takeout)
        .where(col(Takeout.id).in_(list(ids)), col(Takeout.allowed_at).is_(None))
        .values(allowed_at=at)
    )
    session.expire_all()


class Pc(NamedTuple):
    """A PC of somebody, with its successor where it is replaced, and the newest application that is
    under way."""

    tag: str
    generation: str
    state: str
    may_leave: bool | None
    planned_day: date | None
    staff_number: str
    name: str
    bureau: str | None
    division: str | None
    successor: str | None
    successor_state: str | None
    successor_generation: str | None
    successor_day: date | None
    application: int | None


def pcs(session: Session, wanted: Filter = Filter(), generations: Sequence[str] = ()) -> list[Pc]:
    """Every PC of the ledger that somebody has, by tag; a replaced one until it is erased."""
    successor = aliased(Machine)
    application = (
        select(col(Takeout.machine_id).label("id"), func.max(Takeout.id).label("number"))
        .where(col(Takeout.state).in_(_UNDER_WAY))
        .group_by(col(Takeout.machine_id))
        .subquery()
    )
    conditions: list[ColumnElement[bool]] = [
        col(Machine.in_ledger).is_(True),
        col(Machine.state).not_in(_GONE),
    ]
    if wanted.tags:
        conditions.append(col(Machine.asset_tag).in_(wanted.tags))
    if wanted.staff_numbers:
        conditions.append(col(Person.staff_number).in_(wanted.staff_numbers))
    if wanted.departments:
        conditions.append(or_(*(of_department(name) for name in wanted.departments)))
    if generations:
        conditions.append(col(Machine.generation).in_(generations))
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Machine.asset_tag,
            Machine.generation,
            Machine.state,
            Machine.may_leave,
            Machine.planned_day,
            Person.staff_number,
            Person.name,
            Department.bureau,
            Department.division,
            successor.asset_tag,
            successor.state,
            successor.generation,
            successor.planned_day,
            application.c.number,
        )
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
        .outerjoin(Retirement, col(Retirement.machine_id) == col(Machine.id))
        .outerjoin(successor, col(successor.id) == col(Retirement.successor_id))
        .outerjoin(application, application.c.id == col(Machine.id))
        .where(*conditions)
        .order_by(col(Machine.asset_tag))
    )
    return [Pc(*row) for row in rows]
