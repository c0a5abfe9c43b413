"""Bulk reading and writing of what the ledger knows: sites, departments, people, machines.

Core statements, because the ORM is a third as fast. No function here writes a state: new machines
begin in the initial one, which is how their rows are made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, SQLModel

from rollout.domain.machine import MACHINE
from rollout.store.tables import Department, Machine, Person, Site

# SQLite takes at most 32,766 parameters in one statement.
_CHUNK = 10_000

MACHINE_FIELDS = (
    "serial", "mac", "computer_name", "generation", "model", "site_id", "floor", "department_id",
    "owner_id", "purpose", "lease_from", "lease_to", "may_leave", "remark",
)  # fmt: skip
"""The columns of a machine that the ledger decides."""
UNIQUE_FIELDS = ("serial", "mac", "computer_name")
PERSON_FIELDS = ("name", "kana", "department_id", "left_on")

Row = dict[str, Any]


def _chunks(values: Iterable[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _columns(table: type[SQLModel]) -> Any:
    return table.__table__.c  # type: ignore[attr-defined]


def sites(session: Session) -> dict[str, int]:
    """Name -> id."""
    columns = _columns(Site)
    rows = session.connection().execute(select(columns.key, columns.id))
    return {key: id_ for key, id_ in rows}  # noqa: C416 - rows are no pairs to the type checker


def add_sites(session: Session, keys: Sequence[str]) -> None:
    """Make these sites."""
    if keys:
        session.connection().execute(insert(Site), [{"key": key} for key in keys])


class KnownDepartment(NamedTuple):
    """A department as it is found by its name."""

    id: int
    bureau: str
    division: str
    valid_from: date
    valid_to: date | None


def departments(session: Session) -> list[KnownDepartment]:
    """Every department, past and future ones too, by its first day."""
    columns = _columns(Department)
    rows = session.connection().execute(
        select(*(columns[name] for name in KnownDepartment._fields)).order_by(
            columns.valid_from, columns.id
        )
    )
    return [KnownDepartment(*row) for row in rows]


def add_departments(session: Session, rows: Sequence[Row]) -> None:
    """Make departments; each row has `bureau`, `division` and `valid_from`."""
    if rows:
        session.connection().execute(insert(Department), rows)


def people(session: Session, numbers: Iterable[str]) -> dict[str, Row]:
    """Staff number -> row of those that exist."""
    return _rows(session, Person, "staff_number", numbers, ("id", "staff_number", *PERSON_FIELDS))


def add_people(session: Session, rows: Sequence[Row]) -> None:
    """Make people; each row has `staff_number` and the fields of a person."""
    for chunk in _chunks(rows):
        session.connection().execute(insert(Person), chunk)


class Identity(NamedTuple):
    """By what a machine is known, and whether it is at work."""

    id: int
    state: str
    serial: str | None
    mac: str | None
    computer_name: str | None


def identities(session: Session, tags: Iterable[str]) -> dict[str, Identity]:
    """Asset tag -> identity of the machines that exist."""
    columns = _columns(Machine)
    found: dict[str, Identity] = {}
    for chunk in _chunks(tags):
        rows = session.connection().execute(
            select(columns.asset_tag, *(columns[name] for name in Identity._fields)).where(
                columns.asset_tag.in_(chunk)
            )
        )
        found.update((tag, Identity(*values)) for tag, *values in rows)
    return found


def machines(session: Session, tags: Iterable[str]) -> dict[str, Row]:
    """Asset tag -> row of those that exist, with `in_ledger`."""
    names = ("id", "asset_tag", "in_ledger", *MACHINE_FIELDS)
    return _rows(session, Machine, "asset_tag", tags, names)


def staff_numbers(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """Person id -> staff number."""
    columns = _columns(Person)
    found: dict[int, str] = {}
    for chunk in _chunks(person_ids):
        rows = session.connection().execute(
            select(columns.id, columns.staff_number).where(columns.id.in_(chunk))
        )
        found.update((id_, number) for id_, number in rows)
    return found


def _rows(
    session: Session,
    table: type[SQLModel],
    key: str,
    values: Iterable[str],
    names: Sequence[str],
) -> dict[str, Row]:
    columns = _columns(table)
    found: dict[str, Row] = {}
    for chunk in _chunks(values):
        statement = select(*(columns[name] for name in names)).where(columns[key].in_(chunk))
        for row in session.connection().execute(statement).mappings():
            found[row[key]] = dict(row)
    return found


def add_machines(session: Session, rows: Sequence[Row], at: datetime) -> None:
    """Make machines in their initial state; each row has `asset_tag` and MACHINE_FIELDS."""
    born = {
        "state": MACHINE.initial.value, "attempt": 1, "version": 1, "state_since": at,
        "in_ledger": True,
    }  # fmt: skip
    for chunk in _chunks(rows):
        session.connection().execute(insert(Machine), [{**row, **born} for row in chunk])


def ids(session: Session, table: type[SQLModel], key: str, values: Iterable[str]) -> dict[str, int]:
    """Key -> id of the rows with these keys."""
    columns = _columns(table)
    found: dict[str, int] = {}
    for chunk in _chunks(values):
        rows = session.connection().execute(
            select(columns[key], columns.id).where(columns[key].in_(chunk))
        )
        found.update((value, id_) for value, id_ in rows)
    return found


def holders(session: Session, field: str, values: Iterable[str]) -> dict[str, str]:
    """Value of a unique field -> tag of the machine that has it now."""
    columns = _columns(Machine)
    found: dict[str, str] = {}
    for chunk in _chunks(values):
        rows = session.connection().execute(
            select(columns[field], columns.asset_tag).where(columns[field].in_(chunk))
        )
        found.update((value, tag) for value, tag in rows)
    return found


def change(session: Session, table: type[SQLModel], changes: Mapping[int, Row]) -> None:
    """Write `changes` (id -> columns).

    Unique fields are emptied first, so that two machines can swap a serial.
    """
    target = table.__table__  # type: ignore[attr-defined]
    for name in UNIQUE_FIELDS:
        moving = [id_ for id_, written in changes.items() if name in written]
        for chunk in _chunks(moving):
            session.connection().execute(
                update(target).where(target.c.id.in_(chunk)).values({name: None})
            )
    shapes: dict[tuple[str, ...], list[Row]] = {}
    for id_, written in changes.items():
        shapes.setdefault(tuple(sorted(written)), []).append({"row_id": id_, **written})
    for rows in shapes.values():
        statement = update(target).where(target.c.id == bindparam("row_id"))
        for chunk in _chunks(rows):
            session.connection().execute(statement, chunk)


def listed(session: Session) -> Iterator[tuple[int, str]]:
    """Id and tag of every machine that counts as being in the ledger, by tag."""
    columns = _columns(Machine)
    rows = session.connection().execute(
        select(columns.id, columns.asset_tag)
        .where(columns.in_ledger.is_(True))
        .order_by(columns.asset_tag)
    )
    yield from ((id_, tag) for id_, tag in rows)
