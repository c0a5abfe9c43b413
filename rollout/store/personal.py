"""Where personal data stands, who may be forgotten, and the forgetting itself."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    String,
    Table,
    TypeDecorator,
    case,
    delete,
    false,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session, SQLModel
from sqlmodel import select as select_rows

from rollout.domain.errors import NotFound
from rollout.domain.machine import MachineState
from rollout.domain.personal import Traces, plain
from rollout.store.redaction import pseudonym
from rollout.store.tables import AuditRow, Claim, Machine, Person, Run

GOES = frozenset({"absences", "mailbox_moves", "person_dates", "sign_ins", "stray_devices"})
"""Tables whose rows of a person go: they say nothing without the person."""
STAYS = frozenset(
    {
        "accounts",
        "account_plan_items",
        "machine_moves",
        "machines",
        "notices",
        "personal_devices",
        "postings",
        "spare_loans",
        "takeouts",
        "training_records",
    }
)
"""Tables whose rows of a person stay and point to the pseudonym; text in them is searched."""
_MARKS = frozenset({"mail", "email", "upn", "address", "phone"})
"""Columns beside a person that identify it as a name does."""
_SEARCHED_APART = frozenset({"people", "audit", "audit_head"})
_IDENTITY = frozenset({"asset_tag", "serial", "mac", "computer_name"})
"""By these a machine is reached and recognised, whoever has it now: they are not searched."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is gone, as far as the tables say; `since` is when."""

    person_id: int
    staff_number: str
    name: str
    since: datetime | date
    machines: int


def _columns(table: type[SQLModel]) -> Any:
    return table.__table__.c  # type: ignore[attr-defined]


def gone(session: Session) -> list[Candidate]:
    """People who left or whose machines all went back, and who have no machine in use.

    A machine is in use until it is back with its lessor; that of somebody who left, until it is out
    of the ledger.
    """
    machine, person = _columns(Machine), _columns(Person)
    in_use = func.sum(
        case(
            (
                (machine.state != MachineState.RETURNED.value)
                & (machine.in_ledger.is_(True) | person.left_on.is_(None)),
                1,
            ),
            else_=0,
        )
    )
    owned, last = func.count(machine.id), func.max(machine.state_since)
    who = (person.id, person.staff_number, person.name, person.left_on)
    rows = session.connection().execute(
        select(*who, last, owned)
        .select_from(person.id.table.outerjoin(machine.id.table, machine.owner_id == person.id))
        .where(person.forgotten_at.is_(None))
        .group_by(*who)
        .having(in_use == 0, or_(person.left_on.is_not(None), owned > 0))
        .order_by(person.staff_number)
    )
    return [
        Candidate(id_, number, name, left_on or since, machines)
        for id_, number, name, left_on, since, machines in rows
    ]


def by_number(session: Session, staff_number: str) -> Person | None:
    """The person of a staff number."""
    return session.exec(
        select_rows(Person).where(Person.staff_number == staff_number)
    ).one_or_none()


def by_id(session: Session, person_id: int) -> Person:
    """The person of an id. Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("person", person_id)
    return person


def traces(session: Session, person: Person) -> Traces:
    """Every value by which the tables know a person, earlier names too.

    Except names that somebody else bears: a text with such a name may be about the other.
    """
    names, marks = {person.name, person.kana}, {person.staff_number}
    if person.upn:
        # Mail services write it into what they say of a mail that came back.
        marks.add(person.upn)
    audit = _columns(AuditRow)
    details = session.connection().execute(
        select(audit.detail).where(
            audit.noun == "person", audit.noun_id == person.id, audit.detail.is_not(None)
        )
    )
    for detail in details.scalars():
        names |= _former_names(detail)
    for table, column in _pointing_to_people():
        for mark in table.columns:
            if mark.name in _MARKS:
                rows = session.connection().execute(select(mark).where(column == person.id))
                marks |= {value for value in rows.scalars() if value}
    others = _names_of_others(session, person.id or 0)
    own = {name for name in names if plain(name) not in others}
    return Traces(pseudonym(person.id or 0), names=own, marks=marks)


def _names_of_others(session: Session, person_id: int) -> set[str]:
    person = _columns(Person)
    rows = session.connection().execute(
        select(person.name, person.kana).where(person.id != person_id)
    )
    return {plain(name) for row in rows for name in row}


def _former_names(detail: str) -> set[str]:
    said = json.loads(detail)
    if not isinstance(said, dict):
        return set()
    return {
        value
        for field in ("name", "kana")
        for value in (said.get(field) or ())
        if isinstance(value, str)
    }


def _pointing_to_people() -> Iterator[tuple[Table, Column[Any]]]:
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == "people" for key in column.foreign_keys):
                yield table, column


def undecided() -> set[str]:
    """Tables that point to people and of which nobody said what forgetting does to them."""
    return {table.name for table, _column in _pointing_to_people()} - GOES - STAYS


@dataclass(frozen=True, slots=True)
class Mention:
    """A text about a person outside the history, and what is left of it."""

    table: Table
    column: Column[Any]
    key: tuple[Any, ...]
    left: str


def mentions(session: Session, known: Traces) -> Iterator[Mention]:
    """Every text in every table but the history that is about the person."""
    for table in SQLModel.metadata.sorted_tables:
        if table.name in _SEARCHED_APART:
            continue
        keys = list(table.primary_key.columns)
        for column in table.columns:
            if not _holds_text(column):
                continue
            # As it is kept: a cause is not read in anybody's language here.
            kept = type_coerce(column, String())
            near = [kept.like(pattern, escape="\\") for pattern in known.patterns]
            for *key, text in session.connection().execute(
                select(*keys, kept).where(or_(false(), *near))
            ):
                left = known.removed(text)
                if left != text:
                    yield Mention(table, column, tuple(key), left or "")


def _holds_text(column: Column[Any]) -> bool:
    identity = column.table.name == "machines" and column.name in _IDENTITY
    kind = column.type
    kept = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return isinstance(kept, String) and not (identity or column.primary_key or column.foreign_keys)


def remove(session: Session, found: Sequence[Mention]) -> None:
    """Put what is left in the place of each text."""
    for mention in found:
        keys = mention.table.primary_key.columns
        session.connection().execute(
            update(mention.table)
            .where(*(column == value for column, value in zip(keys, mention.key, strict=True)))
            .values({mention.column.name: mention.left})
        )


def forget(session: Session, person: Person, at: datetime) -> None:
    """Leave a pseudonym of the person, and nothing that says nothing without it."""
    for table, column in _pointing_to_people():
        if table.name in GOES:
            session.connection().execute(delete(table).where(column == person.id))
    person.staff_number, person.name, person.kana = pseudonym(person.id or 0), "", ""
    # Else nobody who bears the same name to sign in with could be taken in.
    person.upn, person.forgotten_at = None, at
    session.add(person)
    session.flush()


def runs_of(session: Session, person_id: int) -> list[str]:
    """The idents of runs in which machines of a person took part."""
    run, claim, machine = _columns(Run), _columns(Claim), _columns(Machine)
    joined = run.id.table.join(claim.id.table, claim.run_id == run.id).join(
        machine.id.table, machine.id == claim.machine_id
    )
    rows = session.connection().execute(
        select(run.ident).select_from(joined).where(machine.owner_id == person_id).distinct()
    )
    return list(rows.scalars())


def forgotten(session: Session) -> list[int]:
    """The ids of everybody who was forgotten."""
    person = _columns(Person)
    rows = session.connection().execute(
        select(person.id).where(person.forgotten_at.is_not(None)).order_by(person.id)
    )
    return list(rows.scalars())
