"""Queries on people's cloud services, on departments' groups, and on the plans of both."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, or_, select

from rollout.domain.account import AccountState, CloudService
from rollout.store import postings
from rollout.store.account_queue import WorkTable
from rollout.store.batches import batches
from rollout.store.tables import (
    Account,
    AccountPlan,
    AccountPlanItem,
    CloudGroup,
    Department,
    Machine,
    Person,
    Posting,
    Wave,
)


class AccountPerson(NamedTuple):
    """A person with what decides over his services; `first_day` is that of his first PC."""

    id: int
    staff_number: str
    name: str
    upn: str | None
    left_on: date | None
    department_id: int | None
    bureau: str | None
    division: str | None
    first_day: date | None


def people(
    session: Session,
    *,
    wave: int | None = None,
    department: str | None = None,
    staff_number: str | None = None,
    day: date | None = None,
) -> list[AccountPerson]:
    """People in the order in which they are moved; who has no date comes last.

    With a `day` everybody stands where he or she is posted that day, and who begins later is left
    out; else where somebody last looked.
    `department` is a bureau, or bureau and division with a space between.
    """
    first_day = func.min(Machine.planned_day)
    department_id: Any = col(Person.department_id)
    if day is not None:
        department_id = func.coalesce(Posting.department_id, Person.department_id)
    statement: Any = (
        columns(
            col(Person.id).label("id"),
            col(Person.staff_number),
            col(Person.name),
            col(Person.upn),
            col(Person.left_on),
            col(Department.id),
            col(Department.bureau),
            col(Department.division),
            first_day,
        )
        .select_from(Person)
        .outerjoin(
            Posting,
            and_(col(Posting.person_id) == col(Person.id), postings.holds_on(day or date.min)),
        )
        .outerjoin(Department, col(Department.id) == department_id)
        .outerjoin(Machine, and_(col(Machine.owner_id) == col(Person.id), col(Machine.in_ledger)))
        .where(col(Person.forgotten_at).is_(None))
        .group_by(
            col(Person.id),
            col(Department.id),
            col(Department.bureau),
            col(Department.division),
        )
        .order_by(first_day.is_(None), first_day, col(Person.staff_number))
    )
    if day is not None:
        statement = statement.where(or_(col(Person.left_on) < day, postings.in_service(day)))
    if wave is not None:
        statement = statement.join(Wave, col(Wave.id) == col(Machine.wave_id)).where(
            col(Wave.number) == wave
        )
    if department is not None:
        full = col(Department.bureau) + " " + col(Department.division)
        statement = statement.where(or_(col(Department.bureau) == department, full == department))
    if staff_number is not None:
        statement = statement.where(col(Person.staff_number) == staff_number)
    rows: Iterable[Any] = session.connection().execute(statement)
    return [AccountPerson(*row) for row in rows]


def of_people(session: Session, ids: Iterable[int] | None = None) -> list[Account]:
    """The accounts of some people, or of all."""
    return _accounts(session, select(Account), ids)


def identities(session: Session, ids: Iterable[int] | None = None) -> list[Account]:
    """The identities of some people, or of all; their `external_id` is that of the user."""
    identity = col(Account.service) == CloudService.IDENTITY.value
    return _accounts(session, select(Account).where(identity), ids)


def _accounts(session: Session, statement: Any, ids: Iterable[int] | None) -> list[Account]:
    if ids is None:
        return list(session.exec(statement).all())
    return [
        row
        for batch in batches(ids)
        for row in session.exec(statement.where(col(Account.person_id).in_(batch))).all()
    ]


def groups(session: Session) -> list[CloudGroup]:
    """Every group and team of a department."""
    return list(session.exec(select(CloudGroup)).all())


def add(session: Session, table: WorkTable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert accounts or cloud groups."""
    if rows:
        session.connection().execute(insert(table), list(rows))


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many accounts are in each (service, state)."""
    rows = session.exec(
        select(Account.service, Account.state, func.count())
        .join(Person, col(Person.id) == col(Account.person_id))
        .group_by(Account.service, Account.state)
    ).all()
    return {(service, state): count for service, state, count in rows}


def in_states(
    session: Session, states: Iterable[AccountState], *, limit: int
) -> list[tuple[Account, str, str]]:
    """Accounts in some states with staff number and name of their people."""
    return _with_people(session, col(Account.state).in_([state.value for state in states]), limit)


def missed(session: Session, *, limit: int) -> list[tuple[Account, str, str]]:
    """Accounts that were there and are gone from the directory."""
    gone = and_(col(Account.state) == AccountState.ABSENT.value, col(Account.cause).is_not(None))
    return _with_people(session, gone, limit)


def _with_people(
    session: Session, condition: ColumnElement[bool], limit: int
) -> list[tuple[Account, str, str]]:
    statement = (
        select(Account, Person.staff_number, Person.name)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(condition)
        .order_by(col(Account.key))
        .limit(limit)
    )
    return list(session.exec(statement).all())


def save_plan(session: Session, plan: AccountPlan, items: Sequence[Mapping[str, Any]]) -> int:
    """Keep a plan; its number."""
    session.add(plan)
    session.flush()
    number = plan.id or 0
    if items:
        session.connection().execute(
            insert(AccountPlanItem), [{**item, "plan_id": number} for item in items]
        )
    return number


def last_plan(session: Session) -> AccountPlan | None:
    """The newest plan."""
    return session.exec(select(AccountPlan).order_by(col(AccountPlan.id).desc()).limit(1)).first()


def planned_actions(session: Session, plan_id: int) -> dict[tuple[int, str], str]:
    """What a plan says of each (person id, service), `keep` aside."""
    rows = session.exec(
        select(AccountPlanItem.person_id, AccountPlanItem.service, AccountPlanItem.action).where(
            AccountPlanItem.plan_id == plan_id
        )
    )
    return {(person, service): action for person, service, action in rows.all()}


def departments(session: Session) -> dict[int, tuple[str, str]]:
    """Bureau and division by id."""
    rows = session.exec(select(Department.id, Department.bureau, Department.division)).all()
    return {id_ or 0: (bureau, division) for id_, bureau, division in rows}
