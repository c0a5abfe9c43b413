"""Queries on runs and on what Ansible said in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, insert, update
from sqlalchemy import select as column_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from rollout.domain.errors import NotFound
from rollout.domain.run import ALIVE, ClaimOutcome, RunState
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Claim, HostResult, Machine, Run


def by_id(session: Session, run_id: int) -> Run:
    """The run of that number. Raises NotFound."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


def add(session: Session, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert runs; their numbers, in the order of `rows`."""
    if not rows:
        return []
    return [number for (number,) in session.connection().execute(_ADD, rows)]


_ADD: Any = insert(Run).returning(col(Run.id), sort_by_parameter_order=True)


class Known(NamedTuple):
    """The columns of a run that what is said of it is judged by."""

    id: int
    purpose: str
    state: str
    step: str | None
    wave_id: int | None


def known(session: Session, run_ids: Iterable[int]) -> dict[int, Known]:
    """These runs, by number. Raises NotFound."""
    ids, in_json = set(run_ids), as_json(session)
    rows = session.connection().execute(_known(in_json), {"ids": given(sorted(ids), in_json)})
    found = {row.id: Known(*row) for row in rows}
    for missing in ids - found.keys():
        raise NotFound("run", missing)
    return found


@cache
def _known(in_json: bool) -> Select[Any]:
    columns: list[Any] = [getattr(Run, name) for name in Known._fields]
    return column_select(*columns).where(among(col(Run.id), in_json))


def find(session: Session, run_id: int) -> Run | None:
    """The run of that number, if there is one."""
    return session.get(Run, run_id)


def started(session: Session, run_ids: Sequence[int], at: datetime) -> None:
    """Note when runs were handed to their engine."""
    rows = [{"run": run_id, "moment": at} for run_id in run_ids]
    session.connection().execute(_STARTED, rows)
    session.expire_all()


def ended(session: Session, run_ids: Sequence[int], at: datetime) -> None:
    """Note when runs ended."""
    rows = [{"run": run_id, "moment": at} for run_id in run_ids]
    session.connection().execute(_ENDED, rows)
    session.expire_all()


_TABLE = Run.__table__  # type: ignore[attr-defined]
_STARTED = (
    update(_TABLE).where(_TABLE.c.id == bindparam("run")).values(started_at=bindparam("moment"))
)
_ENDED = update(_TABLE).where(_TABLE.c.id == bindparam("run")).values(ended_at=bindparam("moment"))


def latest(session: Session, limit: int = 50, states: Iterable[RunState] = ()) -> Sequence[Run]:
    """The newest runs first."""
    statement = select(Run).order_by(col(Run.id).desc()).limit(limit)
    words = [state.value for state in states]
    if words:
        statement = statement.where(col(Run.state).in_(words))
    return session.exec(statement).all()


class Alive(NamedTuple):
    """A run that has not ended."""

    id: int
    ident: str
    purpose: str
    step: str | None
    wave_id: int | None
    site_id: int | None
    size: int
    lease_epoch: int
    created_at: datetime
    started_at: datetime | None


def alive(session: Session) -> list[Alive]:
    """Runs that have not ended: rows, because every look reads them several times."""
    return [Alive(*row) for row in session.connection().execute(_ALIVE)]


_ALIVE: Any = (
    column_select(*(getattr(Run, name) for name in Alive._fields))
    .where(col(Run.state).in_((RunState.CREATED.value, RunState.RUNNING.value)))
    .order_by(col(Run.id))
)


def ended_among(session: Session, idents: Sequence[str]) -> list[str]:
    """Those of `idents` whose runs have ended; others may be those of another programme."""
    states = dict(
        session.exec(select(Run.ident, Run.state).where(col(Run.ident).in_(idents))).all()
    )
    return [ident for ident in idents if ident in states and states[ident] not in ALIVE]


def needed(session: Session) -> frozenset[str]:
    """The idents of runs that have not ended or whose machines have an open claim."""
    awaited = session.exec(
        select(Run.ident).join(Claim).where(col(Claim.outcome).is_(None)).distinct()
    )
    return frozenset(awaited) | {run.ident for run in alive(session)}


def progress(session: Session, run_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many machines of each run came through, and how many ended otherwise."""
    rows = session.exec(
        select(Claim.run_id, Claim.outcome, func.count())
        .where(col(Claim.run_id).in_(run_ids), col(Claim.outcome).is_not(None))
        .group_by(col(Claim.run_id), col(Claim.outcome))
    )
    found: dict[int, tuple[int, int]] = {}
    for run_id, outcome, number in rows:
        done, bad = found.get(run_id, (0, 0))
        good = outcome == ClaimOutcome.DONE.value
        found[run_id] = (done + number, bad) if good else (done, bad + number)
    return found


def add_results(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Insert task results in bulk.

    Those that are there already came before: the server went away after its commit and before it
    could say so, and whoever had no answer delivers again.
    """
    if rows:
        for_dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        new = for_dialect.insert(HostResult).on_conflict_do_nothing(
            index_elements=["run_id", "counter"]
        )
        session.connection().execute(new, rows)


def results(session: Session, run_id: int) -> Sequence[tuple[HostResult, str]]:
    """Task results of a run with the machine's tag, in order."""
    statement = (
        select(HostResult, Machine.asset_tag)
        .join(Machine, col(Machine.id) == col(HostResult.machine_id))
        .where(HostResult.run_id == run_id)
        .order_by(col(HostResult.counter))
    )
    return session.exec(statement).all()


def summary(session: Session, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Machines of each run that failed or did not answer, by status."""
    statement = (
        select(
            HostResult.run_id, HostResult.status, func.count(func.distinct(HostResult.machine_id))
        )
        .where(
            col(HostResult.run_id).in_(run_ids),
            col(HostResult.status).in_(("failed", "unreachable")),
        )
        .group_by(col(HostResult.run_id), col(HostResult.status))
    )
    found: dict[int, dict[str, int]] = {}
    for run_id, status, number in session.exec(statement):
        found.setdefault(run_id, {})[status] = number
    return found
