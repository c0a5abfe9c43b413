"""Queries on where people are posted, and the writing of whole timelines."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, delete, insert, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from rollout.domain.postings import PcFollows, Place, Posted, Timeline
from rollout.store.batches import batches
from rollout.store.tables import Person, Posting


def holds_on(day: date) -> ColumnElement[bool]:
    """The condition on `postings` that a posting is in force on `day`."""
    return and_(
        col(Posting.valid_from) <= day,
        or_(col(Posting.valid_to).is_(None), col(Posting.valid_to) >= day),
    )


def posted_on(day: date) -> Subquery:
    """`person_id`, `department_id`, `site_id`, `post` of everybody in service on `day`.

    Somebody without any posting stands where the ledger says. Nobody who has left, who begins
    later, or who was forgotten. At most one row for each person.
    """
    statement: Any = (
        columns(
            col(Person.id).label("person_id"),
            func.coalesce(Posting.department_id, _without_list()).label("department_id"),
            col(Posting.site_id).label("site_id"),
            func.coalesce(Posting.post, "").label("post"),
            col(Posting.valid_from).label("since"),
        )
        .select_from(Person)
        .outerjoin(Posting, and_(col(Posting.person_id) == col(Person.id), holds_on(day)))
        .where(in_service(day))
    )
    found: Subquery = statement.subquery("posted")
    return found


def _without_list() -> Any:
    return col(Person.department_id)


def in_service(day: date) -> ColumnElement[bool]:
    """The condition on `people` that somebody is in service on `day`."""
    own = select(Posting.id).where(col(Posting.person_id) == col(Person.id)).correlate(Person)
    here = own.where(holds_on(day)).exists()
    listed = own.exists()
    return and_(
        col(Person.forgotten_at).is_(None),
        or_(col(Person.left_on).is_(None), col(Person.left_on) >= day),
        or_(here, ~listed),
    )


def timelines(session: Session) -> dict[int, Timeline]:
    """Every posting by person, each in the order of days."""
    found: dict[int, list[Posted]] = {}
    rows: Any = session.connection().execute(
        columns(
            col(Posting.person_id),
            col(Posting.department_id),
            col(Posting.site_id),
            col(Posting.post),
            col(Posting.valid_from),
            col(Posting.valid_to),
            col(Posting.pc),
        ).order_by(col(Posting.person_id), col(Posting.valid_from))
    )
    for person, department, site, post, first, last, pc in rows:
        found.setdefault(person, []).append(
            Posted(Place(department, site, post), first, last, PcFollows(pc) if pc else None)
        )
    return {person: tuple(postings) for person, postings in found.items()}


def departments_of(session: Session, people: Iterable[int]) -> dict[int, set[int]]:
    """Every department to which these people are, were or will be posted."""
    found: dict[int, set[int]] = {}
    for batch in batches(people):
        rows: Any = session.connection().execute(
            columns(col(Posting.person_id), col(Posting.department_id)).where(
                col(Posting.person_id).in_(batch), col(Posting.department_id).is_not(None)
            )
        )
        for person, department in rows:
            found.setdefault(person, set()).add(department)
    return found


def replace(session: Session, by_person: Mapping[int, Timeline]) -> None:
    """Give these people exactly these postings."""
    for batch in batches(by_person):
        session.connection().execute(delete(Posting).where(col(Posting.person_id).in_(batch)))
    rows = [
        {
            "person_id": person,
            "department_id": posted.place.department_id,
            "site_id": posted.place.site_id,
            "post": posted.place.post,
            "valid_from": posted.first,
            "valid_to": posted.last,
            "pc": posted.pc.value if posted.pc else None,
        }
        for person, timeline in by_person.items()
        for posted in timeline
    ]
    for chunk in batches(rows, 5_000):
        session.connection().execute(insert(Posting), chunk)


def listed(session: Session) -> set[int]:
    """Everybody of whom a list of people has spoken."""
    return set(session.exec(select(Posting.person_id).distinct()))


class Arriving(NamedTuple):
    """Somebody whose posting in force names another department than the one noted."""

    person_id: int
    staff_number: str
    name: str
    before: int | None
    department_id: int | None
    site_id: int | None
    since: date
    pc: str | None


def arriving(session: Session, day: date) -> list[Arriving]:
    """Everybody whose department has changed by `day` and who was not looked at since."""
    rows: Any = session.connection().execute(
        columns(
            col(Person.id),
            col(Person.staff_number),
            col(Person.name),
            col(Person.department_id),
            col(Posting.department_id),
            col(Posting.site_id),
            col(Posting.valid_from),
            col(Posting.pc),
        )
        .select_from(Posting)
        .join(Person, col(Person.id) == col(Posting.person_id))
        .where(
            holds_on(day),
            col(Person.forgotten_at).is_(None),
            or_(
                col(Person.department_id).is_(None) != col(Posting.department_id).is_(None),
                col(Person.department_id) != col(Posting.department_id),
            ),
        )
        .order_by(col(Person.staff_number))
    )
    return [Arriving(*row) for row in rows]


def put_into_departments(session: Session, department_of: Mapping[int, int | None]) -> None:
    """Note the departments that are in force (person id -> department id)."""
    people: dict[int | None, list[int]] = {}
    for person, department in department_of.items():
        people.setdefault(department, []).append(person)
    for department, ids in people.items():
        for batch in batches(ids):
            session.connection().execute(
                update(Person).where(col(Person.id).in_(batch)).values(department_id=department)
            )


class Left(NamedTuple):
    """A posting that is over: whose, of which department, and its last day."""

    person_id: int
    department_id: int
    last: date


def left_departments(session: Session, day: date) -> dict[int, list[Left]]:
    """Departments that people in service on `day` have left, and are not posted to that day."""
    now = aliased(Posting)
    here = (
        select(now.id)
        .where(
            now.person_id == col(Posting.person_id),
            now.department_id == col(Posting.department_id),
            col(now.valid_from) <= day,
            or_(col(now.valid_to).is_(None), col(now.valid_to) >= day),
        )
        .correlate(Posting)
    )
    rows: Any = session.connection().execute(
        columns(col(Posting.person_id), col(Posting.department_id), func.max(col(Posting.valid_to)))
        .join(Person, col(Person.id) == col(Posting.person_id))
        .where(
            col(Posting.valid_to) < day,
            col(Posting.department_id).is_not(None),
            ~here.exists(),
            in_service(day),
        )
        .group_by(col(Posting.person_id), col(Posting.department_id))
        .order_by(col(Posting.person_id), col(Posting.department_id))
    )
    found: dict[int, list[Left]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(Left(*row))
    return found
