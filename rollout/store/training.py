"""Queries on training records."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, true, update
from sqlmodel import Session, col, func, select

from rollout.store.tables import Department, Machine, Person, TrainingRecord, Wave

_CHUNK = 10_000

RecordKey = tuple[int, str, date]
"""Person, course as it is compared, day: what a record is known by."""


class KnownRecord(NamedTuple):
    """What a file may say otherwise of a record."""

    id: int
    score: float | None
    passed: bool | None


def records(session: Session) -> dict[RecordKey, KnownRecord]:
    """Every record."""
    rows = session.exec(
        select(  # type: ignore[call-overload]
            TrainingRecord.person_id,
            TrainingRecord.course_key,
            TrainingRecord.taken_on,
            TrainingRecord.id,
            TrainingRecord.score,
            TrainingRecord.passed,
        )
    )
    return {(person, key, day): KnownRecord(*rest) for person, key, day, *rest in rows}


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new records; each row has every column but `id`."""
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(
            insert(TrainingRecord), [dict(row) for row in rows[start : start + _CHUNK]]
        )


def change(session: Session, changes: Mapping[int, tuple[float | None, bool | None]]) -> None:
    """Write score and passing of known records, by id."""
    if changes:
        table = TrainingRecord.__table__  # type: ignore[attr-defined]
        session.connection().execute(
            update(table).where(table.c.id == bindparam("row_id")),
            [
                {"row_id": id_, "score": score, "passed": passed}
                for id_, (score, passed) in changes.items()
            ],
        )


def courses(session: Session) -> list[tuple[str, str, int]]:
    """Key, name and number of records of every course that there is a record of, by name."""
    rows = session.exec(
        select(TrainingRecord.course_key, func.min(TrainingRecord.course), func.count())
        .group_by(col(TrainingRecord.course_key))
        .order_by(func.min(TrainingRecord.course))
    ).all()
    return [(key, name, count) for key, name, count in rows]


def recorded(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the courses `keys` that there is any record of."""
    return set(
        session.exec(
            select(TrainingRecord.course_key)
            .where(col(TrainingRecord.course_key).in_(keys))
            .distinct()
        ).all()
    )


def counts_as_had(pass_score: float | None) -> ColumnElement[bool]:
    """Records of a course that was had: not failed, and with a pass score proven by a score or
    by a word on passing."""
    not_failed = or_(col(TrainingRecord.passed).is_(None), col(TrainingRecord.passed) == true())
    if pass_score is None:
        return not_failed
    score, passed = col(TrainingRecord.score), col(TrainingRecord.passed)
    return and_(not_failed, or_(score >= pass_score, and_(score.is_(None), passed == true())))


def trained(
    session: Session,
    machines: ColumnElement[bool],
    keys: Collection[str],
    pass_score: float | None,
) -> tuple[int, int]:
    """People who own one of `machines`, and those of them who had every course of `keys`."""
    owners = select(Machine.owner_id).where(machines, col(Machine.owner_id).is_not(None)).distinct()
    everyone = session.exec(select(func.count()).select_from(owners.subquery())).one()
    complete = (
        select(TrainingRecord.person_id)
        .where(
            col(TrainingRecord.course_key).in_(keys),
            col(TrainingRecord.person_id).in_(owners),
            counts_as_had(pass_score),
        )
        .group_by(col(TrainingRecord.person_id))
        .having(func.count(func.distinct(TrainingRecord.course_key)) == len(keys))
    )
    return everyone, session.exec(select(func.count()).select_from(complete.subquery())).one()


def had(session: Session, keys: Collection[str], pass_score: float | None) -> dict[int, set[str]]:
    """The courses of `keys` that each person has had, by the person's id."""
    found: dict[int, set[str]] = {}
    rows = session.exec(
        select(TrainingRecord.person_id, TrainingRecord.course_key)
        .where(col(TrainingRecord.course_key).in_(keys), counts_as_had(pass_score))
        .distinct()
    )
    for person_id, key in rows:
        found.setdefault(person_id, set()).add(key)
    return found


class Trainee(NamedTuple):
    """A member of staff, with the department and the first wave of one of their machines."""

    id: int
    staff_number: str
    name: str
    bureau: str | None
    division: str | None
    wave: int | None
    promoter: bool


def trainees(session: Session, today: date) -> list[Trainee]:
    """Everybody who has not left by `today`, by department and staff number."""
    first = (
        select(Machine.owner_id, func.min(Wave.number).label("wave"))
        .join(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(col(Machine.owner_id).is_not(None))
        .group_by(col(Machine.owner_id))
        .subquery()
    )
    rows = session.exec(
        select(  # type: ignore[call-overload]
            Person.id,
            Person.staff_number,
            Person.name,
            Department.bureau,
            Department.division,
            first.c.wave,
            Person.promoter,
        )
        .outerjoin(Department, col(Department.id) == col(Person.department_id))
        .outerjoin(first, first.c.owner_id == col(Person.id))
        .where(or_(col(Person.left_on).is_(None), col(Person.left_on) > today))
        .order_by(Department.bureau, Department.division, Person.staff_number)
    )
    return [Trainee(*row) for row in rows]


def any_promoter(session: Session) -> bool:
    """Whether the people's list marks anybody as a promoter."""
    marked = select(Person.id).where(col(Person.promoter).is_(True)).limit(1)
    return session.exec(marked).first() is not None


def people(session: Session) -> dict[str, tuple[int, str]]:
    """Staff number -> id and name of everybody."""
    rows = session.exec(select(Person.staff_number, Person.id, Person.name))
    return {number: (id_ or 0, name) for number, id_, name in rows}
