"""The only writer of states.

`apply` moves any number of rows of one noun by one verb: it asks the noun's table, writes with
compare-and-set, and appends to the history, all in the caller's transaction. Either every row
moves, or it raises and the caller's transaction is rolled back.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, Update, bindparam, select, update
from sqlmodel import Session, SQLModel, col

from rollout.domain.errors import NotAllowed, NotFound, StaleState
from rollout.domain.history import Fact, canonical
from rollout.domain.lifecycle import Lifecycle
from rollout.i18n.told import stored, typed
from rollout.store import history
from rollout.store.columns import instant_text
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import AuditRow

# Bounds memory, and the parameters of one statement (PostgreSQL takes 65,535).
_CHUNK = 20_000


class Moved(NamedTuple):
    """One row that moved; `version` is the new one."""

    id: int
    key: str
    from_state: str
    to_state: str
    version: int


def apply(
    session: Session,
    table: type[SQLModel],
    ids: Iterable[int],
    verb: StrEnum,
    *,
    actor: str,
    at: datetime,
    reason: str | None = None,
    run_id: int | Mapping[int, int] | None = None,
    detail: Mapping[str, Any] | None = None,
    details: Mapping[int, Mapping[str, Any]] | None = None,
    versions: Mapping[int, int] | None = None,
) -> list[Moved]:
    """Move the rows `ids` of `table` by `verb`.

    `run_id` is the run in which it happens, or that of each row by its id. `detail` goes into the
    history, as do the `details` of single rows by their id, instead of it.
    `reason` is kept in the history, and as the row's `cause` while its state is an explained
    one; a row that returns to such a state has its old cause again. `versions` are those that the
    caller saw; a row that is newer is refused. Every object of `session` is expired.
    Raises NotFound, NotAllowed (the table has no such move), StaleState (changed meanwhile).
    """
    # What the caller has changed and not yet written would be lost when its objects are expired.
    session.flush()
    moved: list[Moved] = []
    moment, word = instant_text(at), str(verb)
    reason = None if reason is None else typed(reason)
    kept = None if reason is None else stored(reason)
    extra = canonical(detail) if detail else None
    own = {id_: canonical(one) for id_, one in (details or {}).items()}
    rows_of = _columns(table)
    with _collector_paused():
        for chunk in _chunks(ids):
            facts: list[Fact] = []
            for group in _groups(session, rows_of, chunk, verb, versions):
                explained = group.written["state"] in rows_of.lifecycle.explained
                cause: Any = reason if explained else None
                if explained and rows_of.lifecycle.returns(group.memory, verb):
                    cause = _known_cause(rows_of, str(group.written["state"]), word)
                _write(session, rows_of, group, at=at, cause=cause)
                from_state, to_state = group.memory["state"], str(group.written["state"])
                version = group.version + 1
                moved += [Moved(id_, key, from_state, to_state, version) for id_, key in group.rows]
                facts += [
                    Fact(
                        moment,
                        actor,
                        rows_of.lifecycle.noun,
                        id_,
                        key,
                        word,
                        from_state,
                        to_state,
                        kept,
                        run_id[id_] if isinstance(run_id, Mapping) else run_id,
                        version,
                        own.get(id_, extra),
                    )
                    for id_, key in group.rows
                ]
            history.append(session, facts)
    # Objects of the session still show the old state.
    session.expire_all()
    return moved


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No cycles are looked for in the block, which makes none.

    A bulk move makes 100,000s of small tuples; walking all of them over and over would take a
    third of its time. With several threads in here the first that leaves may switch the
    collector on early, which costs only time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, eq=False)
class _Columns:
    table: Table
    key: str
    lifecycle: Lifecycle


@dataclass(frozen=True)
class _Group:
    """Rows of one version that remember the same, and therefore move alike: (id, key)."""

    version: int
    memory: Mapping[str, Any]
    written: Mapping[str, Any]
    rows: Sequence[tuple[int, str]]


@cache
def _columns(table: type[SQLModel]) -> _Columns:
    lifecycle: Lifecycle = table.__lifecycle__  # type: ignore[attr-defined]
    return _Columns(table.__table__, table.__key__, lifecycle)  # type: ignore[attr-defined]


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(ids)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def _groups(
    session: Session,
    columns: _Columns,
    ids: list[int],
    verb: StrEnum,
    versions: Mapping[int, int] | None,
) -> Iterator[_Group]:
    lifecycle = columns.lifecycle
    in_json = as_json(session)
    found = session.connection().execute(_selection(columns, in_json), {"ids": given(ids, in_json)})
    grouped: dict[tuple[Any, ...], list[tuple[int, str]]] = {}
    seen = 0
    stale: list[str] = []
    for id_, key, *memory in found.all():
        seen += 1
        if versions is not None and versions.get(id_, memory[0]) != memory[0]:
            stale.append(str(key))
        grouped.setdefault(tuple(memory), []).append((id_, str(key)))
    if stale:
        raise StaleState(lifecycle.noun, stale)
    if seen != len(set(ids)):
        known = {id_ for rows in grouped.values() for id_, _ in rows}
        raise NotFound(lifecycle.noun, next(id_ for id_ in ids if id_ not in known))
    for (version, *values), rows in grouped.items():
        remembered = dict(zip(lifecycle.remembers, values, strict=True))
        yield _Group(version, remembered, lifecycle.move(remembered, verb, key=rows[0][1]), rows)


def _known_cause(columns: _Columns, state: str, release: str) -> Any:
    """Why the row came to `state` the last time, other than by a `release`, as the history has
    it."""
    return (
        select(col(AuditRow.reason))
        .where(
            col(AuditRow.noun) == columns.lifecycle.noun,
            col(AuditRow.noun_id) == columns.table.c.id,
            col(AuditRow.to_state) == state,
            col(AuditRow.verb) != release,
        )
        .order_by(col(AuditRow.id).desc())
        .limit(1)
        .correlate(columns.table)
        .scalar_subquery()
    )


def _write(session: Session, columns: _Columns, group: _Group, *, at: datetime, cause: Any) -> None:
    in_json = as_json(session)
    written = {name: _plain(value) for name, value in group.written.items()}
    written |= {"state_since": at, "version": group.version + 1}
    if not isinstance(cause, ColumnElement):
        written["cause"] = cause
    statement = _change(columns, tuple(written), in_json)
    if isinstance(cause, ColumnElement):
        statement = statement.values(cause=cause)
    result = session.connection().execute(
        statement,
        {
            "ids": given([id_ for id_, _ in group.rows], in_json),
            "was_state": group.memory["state"],
            "was_version": group.version,
            **{f"new_{name}": value for name, value in written.items()},
        },
    )
    if result.rowcount != len(group.rows):
        raise StaleState(columns.lifecycle.noun, [key for _, key in group.rows])


# Statements are made once: to make them takes longer than to execute them for a few rows.


@cache
def _selection(columns: _Columns, in_json: bool) -> Select[Any]:
    table = columns.table
    return select(
        table.c.id,
        table.c[columns.key],
        table.c.version,
        *(table.c[name] for name in columns.lifecycle.remembers),
    ).where(among(table.c.id, in_json))


@cache
def _change(columns: _Columns, names: tuple[str, ...], in_json: bool) -> Update:
    table = columns.table
    return (
        update(table)
        .where(
            among(table.c.id, in_json),
            # By their ids: as a column, SQLite would rather go through all rows of that state.
            table.c.state + "" == bindparam("was_state"),
            table.c.version == bindparam("was_version"),
        )
        .values({name: bindparam(f"new_{name}") for name in names})
    )


def _plain(value: object) -> object:
    return value.value if isinstance(value, StrEnum) else value


def can(table: type[SQLModel], row: SQLModel, verb: StrEnum) -> bool:
    """Whether `row` may follow `verb` now; for listings that offer only what is possible."""
    lifecycle: Lifecycle = table.__lifecycle__  # type: ignore[attr-defined]
    try:
        lifecycle.move({name: getattr(row, name) for name in lifecycle.remembers}, verb)
    except NotAllowed:
        return False
    return True
