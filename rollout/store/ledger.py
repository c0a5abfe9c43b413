"""Bulk reading and writing of what the ledger knows: sites, departments, people, machines.

Core statements, because the ORM is a third as fast. No function here writes a state: new machines
begin in the initial one, which is how their rows are made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
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


class KnownPerson(NamedTuple):
    """What the ledger may say otherwise of a person."""

    id: int
    staff_number: str
    name: str
    kana: str
    department_id: int | None
    left_on: date | None
    promoter: bool


def every_person(session: Session) -> Iterator[KnownPerson]:
    """All people, streamed: reading on is cheaper than asking for a hundred thousand by name."""
    for row in _stream(session, Person, KnownPerson._fields):
        yield KnownPerson(*row)


def add_people(session: Session, rows: Sequence[Row]) -> None:
    """Make people; each row has `staff_number` and the fields of a person."""
    for chunk in _chunks(rows):
        session.connection().execute(insert(Person), chunk)


class Identity(NamedTuple):
    """By what a machine is known, and whether it is at work."""

    id: int
    asset_tag: str
    state: str
    in_ledger: bool
    serial: str | None
    mac: str | None
    computer_name: str | None


def every_identity(session: Session) -> Iterator[Identity]:
    """All machines, streamed."""
    for row in _stream(session, Machine, Identity._fields):
        yield Identity(*row)


def _stream(session: Session, table: type[SQLModel], names: Sequence[str]) -> Iterable[Any]:
    columns = _columns(table)
    statement = select(*(columns[name] for name in names)).order_by(columns.id)
    return session.connection().execute(statement, execution_options={"yield_per": _CHUNK})


def machines(session: Session, ids: Iterable[int]) -> dict[int, Row]:
    """Id -> what the ledger decides of these machines, and `in_ledger`."""
    columns = _columns(Machine)
    names = ("id", "in_ledger", *MACHINE_FIELDS)
    found: dict[int, Row] = {}
    for chunk in _chunks(ids):
        statement = select(*(columns[name] for name in names)).where(columns.id.in_(chunk))
        for row in session.connection().execute(statement).mappings():
            found[row["id"]] = dict(row)
    return found


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


def add_machines(session: Session, rows: Sequence[Row], at: datetime) -> None:
    """Make machines in their initial state; each row has `asset_tag` and MACHINE_FIELDS."""
    born = {
        "state": MACHINE.initial.value, "attempt": 1, "version": 1, "state_since": at,
        "in_ledger": True,
    }  # fmt: skip
    for chunk in _chunks(rows):
        session.connection().execute(insert(Machine), [{**row, **born} for row in chunk])


def last_id(session: Session, table: type[SQLModel]) -> int:
    """The highest id so far."""
    return session.connection().execute(select(func.max(_columns(table).id))).scalar() or 0


def made_since(session: Session, table: type[SQLModel], key: str, id_: int) -> dict[str, int]:
    """Key -> id of the rows that were added behind `id_`."""
    columns = _columns(table)
    rows = session.connection().execute(
        select(columns[key], columns.id).where(columns.id > id_).order_by(columns.id)
    )
    return {value: id_ for value, id_ in rows}  # noqa: C416 - rows are no pairs to the checker


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
