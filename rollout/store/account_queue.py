"""Accounts and cloud groups as a queue of work: what is due, who has taken it, what came of it.

A row is taken by a claim: `in_doubt`, and a `due_at` until which nobody else takes it. Whoever
writes what came of it compares that `due_at` first: if it is another one, somebody has asked for
something else meanwhile, or has taken the row over after the claim ran out.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    false,
    func,
    null,
    select,
    union_all,
    update,
)
from sqlmodel import Session, col

from rollout.domain.account import AccountState, Aim
from rollout.store.columns import Instant
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Account, CloudGroup, Person

WorkTable = type[Account] | type[CloudGroup]
"""The tables that are a queue."""

_OPEN = (AccountState.REQUESTED.value, AccountState.PENDING.value)


class Standing(NamedTuple):
    """Where a service of a person stands: what the queue reads of an `Account`.

    (A tuple, because objects of 50,000 rows would take longer than their requests.)
    """

    id: int
    person_id: int
    service: str
    state: str
    state_since: datetime
    aim: str
    due_at: datetime | None
    attempts: int
    in_doubt: bool
    external_id: str | None


class GroupStanding(NamedTuple):
    """Where a group or team of a department stands, as `Standing` for a `CloudGroup`."""

    id: int
    department_id: int
    kind: str
    state: str
    state_since: datetime
    due_at: datetime | None
    attempts: int
    in_doubt: bool
    external_id: str | None


class Need(NamedTuple):
    """What others that wait for a service of a person read of it."""

    state: str
    external_id: str | None


def due_services(session: Session, service: str, now: datetime, limit: int) -> Sequence[Any]:
    """(id, person id) of open accounts whose moment has come, the longest waiting first."""
    rows = session.connection().execute(_due(), {"asked": service, "now": now, "at_most": limit})
    return [(id_, person) for id_, person, _due_at in rows.all()]


def due_groups(session: Session, now: datetime, limit: int) -> Sequence[Any]:
    """Ids of open groups and teams whose moment has come, the longest waiting first."""
    statement = (
        select(col(CloudGroup.id))
        .where(col(CloudGroup.state).in_(_OPEN), col(CloudGroup.due_at) <= now)
        .order_by(col(CloudGroup.due_at), col(CloudGroup.id))
        .limit(limit)
    )
    return session.connection().execute(statement).scalars().all()


def standings(session: Session, people: Collection[int] | None = None) -> list[Standing]:
    """Every service of some people, or of all."""
    columns = _table(Account).c
    statement = select(*(columns[name] for name in Standing._fields))
    if people is None:
        rows = session.connection().execute(statement)
    else:
        in_json = as_json(session)
        rows = session.connection().execute(
            statement.where(among(columns.person_id, in_json)), {"ids": given(people, in_json)}
        )
    return [Standing._make(row) for row in rows.all()]


def standings_of(session: Session, ids: Collection[int]) -> list[Standing]:
    """Single services, by their ids."""
    in_json = as_json(session)
    rows = session.connection().execute(_standings_of(in_json), {"ids": given(ids, in_json)})
    return [Standing._make(row) for row in rows.all()]


def needs_of(session: Session, people: Collection[int]) -> dict[tuple[int, str], Need]:
    """Where every service of these people stands, by person id and service."""
    in_json = as_json(session)
    rows = session.connection().execute(_needs_of(in_json), {"ids": given(people, in_json)})
    return {(person, service): Need(state, known) for person, service, state, known in rows.all()}


def ids(session: Session) -> dict[tuple[int, str], int]:
    """The id of every account, by person id and service."""
    columns = _table(Account).c
    rows = session.connection().execute(select(columns.person_id, columns.service, columns.id))
    return {(person, service): id_ for person, service, id_ in rows.all()}


def group_standings(session: Session) -> list[GroupStanding]:
    """Every group and team."""
    columns = _table(CloudGroup).c
    rows = session.connection().execute(select(*(columns[name] for name in GroupStanding._fields)))
    return [GroupStanding._make(row) for row in rows.all()]


def claim(
    session: Session, table: WorkTable, ids: Collection[int], until: datetime, by: str | None
) -> None:
    """Take rows: nobody else does so before `until`, and who finds them after it looks first.

    Until then `by` has them, unless it is known to be dead: see `account_takers`.
    """
    if ids:
        in_json = as_json(session)
        session.connection().execute(
            _claiming(table, in_json), {"ids": given(ids, in_json), "until": until, "by": by}
        )


class Claim(NamedTuple):
    """Until when a row is taken, and what is asked of it now; groups have no aim.

    Not `open`: somebody has ended it meanwhile.
    """

    until: datetime | None
    aim: str | None
    open: bool


def claims(session: Session, table: WorkTable, ids: Collection[int]) -> dict[int, Claim]:
    """The claims on these rows, by id; a row that is gone is left out."""
    if not ids:
        return {}
    in_json, columns = as_json(session), _table(table).c
    aim = columns.aim if table is Account else null()
    rows = session.connection().execute(
        select(columns.id, columns.due_at, aim, columns.state).where(among(columns.id, in_json)),
        {"ids": given(ids, in_json)},
    )
    return {id_: Claim(until, aim, state in _OPEN) for id_, until, aim, state in rows.all()}


def write_work(session: Session, table: WorkTable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the columns of the work itself; each row names its `id`, all the same columns."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != "id")
    session.connection().execute(
        _writing(table, columns),
        [{"id_": row["id"]} | {f"new_{name}": row[name] for name in columns} for row in rows],
    )


def wake(
    session: Session,
    service: str,
    people: Collection[int],
    needed: Collection[str],
    at: datetime,
) -> None:
    """Look at once at a service that was asked for these people and nobody is at.

    Not where one of the `needed` services is open: its end wakes it.
    """
    if people:
        in_json = as_json(session)
        session.connection().execute(
            _waking(in_json),
            {"ids": given(people, in_json), "asked": service, "needed": list(needed), "at": at},
        )


def wake_groups(session: Session, departments: Collection[int], at: datetime) -> None:
    """Look at once at the groups and teams of these departments that nobody is at."""
    if departments:
        session.connection().execute(
            update(CloudGroup)
            .where(
                _nobody_at_it(_table(CloudGroup)),
                col(CloudGroup.department_id).in_(list(departments)),
            )
            .values(due_at=at)
        )


def next_due(session: Session) -> datetime | None:
    """The earliest moment at which there is something to do."""
    account = (
        select(func.min(col(Account.due_at)))
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(col(Account.state).in_(_OPEN), col(Person.forgotten_at).is_(None))
    )
    group = select(func.min(col(CloudGroup.due_at))).where(col(CloudGroup.state).in_(_OPEN))
    moments = [session.connection().execute(one).scalar() for one in (account, group)]
    return min((moment for moment in moments if moment is not None), default=None)


def open_count(session: Session) -> int:
    """How many accounts and groups are still to be done."""
    of_people = (
        select(func.count())
        .select_from(Account)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(col(Account.state).in_(_OPEN), col(Person.forgotten_at).is_(None))
    )
    of_groups = select(func.count()).select_from(CloudGroup).where(col(CloudGroup.state).in_(_OPEN))
    return sum(session.connection().execute(one).scalar_one() for one in (of_people, of_groups))


def _table(table: WorkTable) -> Table:
    found: Table = table.__table__  # type: ignore[union-attr]
    return found


def _nobody_at_it(table: Table) -> ColumnElement[bool]:
    return and_(table.c.state == AccountState.REQUESTED.value, table.c.in_doubt == false())


# Statements that every round executes are made once.


@cache
def _due() -> Select[Any]:
    """Of each open state as many as are asked for, in the order of the index, and of these the
    first: sorting everything that is due would cost more with each further person."""
    made = _table(Account)
    people: Table = Person.__table__  # type: ignore[attr-defined]
    first = [
        select(made.c.id, made.c.person_id, made.c.due_at)
        .join(people, people.c.id == made.c.person_id)
        .where(
            made.c.service == bindparam("asked"),
            made.c.state == state,
            made.c.due_at <= bindparam("now", type_=Instant),
            people.c.forgotten_at.is_(None),
        )
        .order_by(made.c.due_at, made.c.id)
        .limit(bindparam("at_most"))
        .subquery()
        for state in _OPEN
    ]
    both = union_all(*(select(one) for one in first)).subquery()
    return select(both).order_by(both.c.due_at, both.c.id).limit(bindparam("at_most"))


@cache
def _standings_of(in_json: bool) -> Select[Any]:
    made = _table(Account)
    return select(*(made.c[name] for name in Standing._fields)).where(among(made.c.id, in_json))


@cache
def _needs_of(in_json: bool) -> Select[Any]:
    made = _table(Account)
    return select(made.c.person_id, made.c.service, made.c.state, made.c.external_id).where(
        among(made.c.person_id, in_json)
    )


@cache
def _claiming(table: WorkTable, in_json: bool) -> Update:
    made = _table(table)
    return (
        update(made)
        .where(among(made.c.id, in_json))
        .values(in_doubt=True, due_at=bindparam("until"), taken_by=bindparam("by"))
    )


@cache
def _waking(in_json: bool) -> Update:
    made, need = _table(Account), _table(Account).alias("need")
    not_there = (
        select(need.c.id)
        .where(
            need.c.person_id == made.c.person_id,
            need.c.service.in_(bindparam("needed", expanding=True)),
            need.c.state.in_(_OPEN),
        )
        .exists()
    )
    return (
        update(made)
        .where(
            _nobody_at_it(made),
            # What is to be taken away waits for its day and for nothing else.
            made.c.aim == Aim.READY.value,
            made.c.service == bindparam("asked"),
            among(made.c.person_id, in_json),
            ~not_there,
        )
        .values(due_at=bindparam("at"))
    )


@cache
def _writing(table: WorkTable, columns: tuple[str, ...]) -> Update:
    made = _table(table)
    return (
        update(made)
        .where(made.c.id == bindparam("id_"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
