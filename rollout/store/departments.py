"""Departments by their days, what followed which, and totals on both sides of a date."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from rollout.store import machine_moves, postings
from rollout.store.batches import batches
from rollout.store.tables import Department, DepartmentChange, Machine, Person, Posting


class DepartmentRow(NamedTuple):
    """A department between two days."""

    id: int
    bureau: str
    division: str
    valid_from: date
    valid_to: date | None

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.bureau} {self.division}".strip()

    def exists_on(self, day: date) -> bool:
        """Whether it is a department on `day`."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


def every(session: Session) -> list[DepartmentRow]:
    """All departments, past and coming ones too."""
    rows: Any = session.connection().execute(
        columns(
            col(Department.id),
            col(Department.bureau),
            col(Department.division),
            col(Department.valid_from),
            col(Department.valid_to),
        ).order_by(col(Department.bureau), col(Department.division), col(Department.valid_from))
    )
    return [DepartmentRow(*row) for row in rows]


class Followed(NamedTuple):
    """One department after another; `to_id` is None when nothing followed."""

    from_id: int
    to_id: int | None
    day: date
    kind: str
    main: bool


def lineage(session: Session) -> list[Followed]:
    """Everything that followed something, by day."""
    rows: Any = session.connection().execute(
        columns(
            col(DepartmentChange.from_id),
            col(DepartmentChange.to_id),
            col(DepartmentChange.day),
            col(DepartmentChange.kind),
            col(DepartmentChange.main),
        ).order_by(col(DepartmentChange.day), col(DepartmentChange.id))
    )
    return [Followed(*row) for row in rows]


def add(session: Session, bureau: str, division: str, valid_from: date) -> int:
    """Make a department; its id."""
    made = Department(bureau=bureau, division=division, valid_from=valid_from)
    session.add(made)
    session.flush()
    return made.id or 0


def end(session: Session, last_days: Mapping[int, date]) -> None:
    """These departments have their last day."""
    for id_, last in last_days.items():
        session.connection().execute(
            update(Department).where(col(Department.id) == id_).values(valid_to=last)
        )


def follow(session: Session, rows: Sequence[Followed]) -> None:
    """Keep what followed what; a department with one follower names it itself as well."""
    if not rows:
        return
    session.connection().execute(insert(DepartmentChange), [row._asdict() for row in rows])
    followers: dict[int, list[int]] = {}
    for row in rows:
        if row.to_id is not None:
            followers.setdefault(row.from_id, []).append(row.to_id)
    for from_id, to_ids in followers.items():
        if len(to_ids) == 1:
            session.connection().execute(
                update(Department).where(col(Department.id) == from_id).values(
                    successor_id=to_ids[0]
                )
            )  # fmt: skip


def still_posted(session: Session, department_ids: Iterable[int], day: date) -> list[int]:
    """People who are posted on `day` to one of these departments."""
    found: list[int] = []
    for batch in batches(department_ids):
        rows: Any = session.connection().execute(
            columns(col(Posting.person_id)).where(
                postings.holds_on(day), col(Posting.department_id).in_(batch)
            )
        )
        found += list(rows.scalars())
    return found


def without_list(session: Session, department_ids: Iterable[int]) -> list[int]:
    """People of these departments of whom only the ledger speaks: they have no posting."""
    own = select(Posting.id).where(col(Posting.person_id) == col(Person.id))
    listed = own.correlate(Person).exists()
    found: list[int] = []
    for batch in batches(department_ids):
        rows: Any = session.connection().execute(
            columns(col(Person.id)).where(col(Person.department_id).in_(batch), ~listed)
        )
        found += list(rows.scalars())
    return found


def totals(session: Session, day: date) -> dict[int | None, tuple[int, int]]:
    """Department id -> (people, machines) as they stood, or will stand, on `day`.

    Machines that are out of the ledger are not counted.
    """
    posted = postings.posted_on(day)
    people = session.connection().execute(
        columns(posted.c.department_id, func.count()).group_by(posted.c.department_id)
    )
    found: dict[int | None, list[int]] = {}
    for department, count in people:
        found.setdefault(department, [0, 0])[0] = count
    # Grouped outside: PostgreSQL does not see that an expression with values is the same twice.
    place = machine_moves.department_on(day).label("department_id")
    placed = columns(place).where(col(Machine.in_ledger)).subquery("placed")
    machines = session.connection().execute(
        columns(placed.c.department_id, func.count()).group_by(placed.c.department_id)
    )
    for department, count in machines:
        found.setdefault(department, [0, 0])[1] = count
    return {department: (counts[0], counts[1]) for department, counts in found.items()}
