"""Queries on the dates of single machines and people."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, insert
from sqlmodel import Session, SQLModel, col, func, select

from rollout.store.tables import Absence, Machine, MachineDates, Person, PersonDates, TrainingRecord
from rollout.store.training import counts_as_had


class Away(NamedTuple):
    """One absence."""

    first: date
    last: date
    note: str = ""


class Agreed(NamedTuple):
    """What was agreed for a machine or with a person.

    `day` is the pinned day of a machine, the training day of a person.
    """

    day: date | None = None
    window_first: date | None = None
    window_last: date | None = None
    note: str = ""

    def __bool__(self) -> bool:
        return self.day is not None or self.window_first is not None


def people(session: Session) -> dict[str, int]:
    """The ids of all people by staff number."""
    return _ids(session, Person, "staff_number")


def machines(session: Session) -> dict[str, int]:
    """The ids of all machines by asset tag."""
    return _ids(session, Machine, "asset_tag")


def _ids(session: Session, table: type[SQLModel], key: str) -> dict[str, int]:
    columns = table.__table__.c  # type: ignore[attr-defined]
    rows = session.connection().execute(select(columns[key], columns.id))
    return {name: id_ for name, id_ in rows}  # noqa: C416 - rows are no pairs to the type checker


def absences(session: Session) -> dict[int, list[Away]]:
    """All absences by person, each in the order of days."""
    found: dict[int, list[Away]] = {}
    rows = session.exec(
        select(
            col(Absence.person_id), col(Absence.first), col(Absence.last), col(Absence.note)
        ).order_by(col(Absence.person_id), col(Absence.first))
    )
    for person, first, last, note in rows:
        found.setdefault(person, []).append(Away(first, last, note))
    return found


def replace_absences(session: Session, by_person: Mapping[int, Sequence[Away]]) -> None:
    """Give these people exactly these absences."""
    connection = session.connection()
    for person in by_person:
        connection.execute(delete(Absence).where(col(Absence.person_id) == person))
    rows = [
        {"person_id": person, **away._asdict()}
        for person, entries in by_person.items()
        for away in entries
    ]
    if rows:
        connection.execute(insert(Absence), rows)


def of_machines(session: Session) -> dict[int, Agreed]:
    """What was agreed for machines, by id."""
    rows = session.exec(select(MachineDates))
    return {
        row.machine_id: Agreed(row.pinned, row.window_first, row.window_last, row.note)
        for row in rows
    }


def of_people(session: Session) -> dict[int, Agreed]:
    """What was agreed with people, by id."""
    rows = session.exec(select(PersonDates))
    return {
        row.person_id: Agreed(row.trained_on, row.window_first, row.window_last, row.note)
        for row in rows
    }


def put_machines(session: Session, agreed: Mapping[int, Agreed]) -> None:
    """Give these machines exactly these dates; nothing agreed leaves no row."""
    _put(session, MachineDates, "machine_id", "pinned", agreed)


def put_people(session: Session, agreed: Mapping[int, Agreed]) -> None:
    """Give these people exactly these dates; nothing agreed leaves no row."""
    _put(session, PersonDates, "person_id", "trained_on", agreed)


def _put(
    session: Session, table: type[SQLModel], key: str, day: str, agreed: Mapping[int, Agreed]
) -> None:
    target = table.__table__  # type: ignore[attr-defined]
    for id_, dates in agreed.items():
        session.connection().execute(delete(target).where(target.c[key] == id_))
        if dates:
            session.connection().execute(
                insert(target).values(
                    {
                        key: id_,
                        day: dates.day,
                        "window_first": dates.window_first,
                        "window_last": dates.window_last,
                        "note": dates.note,
                    }
                )
            )


def trained(
    session: Session, course_keys: Collection[str], pass_score: float | None
) -> dict[int, date]:
    """The day on which people had had all of these courses, by person; others are missing."""
    if not course_keys:
        return {}
    rows = session.exec(
        select(
            col(TrainingRecord.person_id),
            TrainingRecord.course_key,
            func.min(col(TrainingRecord.taken_on)),
        )
        .where(col(TrainingRecord.course_key).in_(course_keys), counts_as_had(pass_score))
        .group_by(col(TrainingRecord.person_id), col(TrainingRecord.course_key))
    )
    courses: dict[int, list[date]] = {}
    for person, _course, day in rows:
        courses.setdefault(person, []).append(day)
    return {person: max(days) for person, days in courses.items() if len(days) == len(course_keys)}
