"""Claims without an end, as rows: every result and every end of a run asks for them."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlmodel import Session, col

from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Claim


class OpenClaim(NamedTuple):
    """What decides what a result or an end means to a claim."""

    epoch: int
    machine_id: int
    step: str
    run_id: int
    armed_at: datetime | None
    consumed_at: datetime | None


def of_machines(session: Session, machine_ids: Iterable[int]) -> dict[int, OpenClaim]:
    """The open claim of each of these machines that has one."""
    return {claim.machine_id: claim for claim in _found(session, "machine_id", machine_ids)}


def of_runs(session: Session, run_ids: Iterable[int]) -> list[OpenClaim]:
    """The open claims of these runs."""
    return _found(session, "run_id", run_ids)


def _found(session: Session, name: str, ids: Iterable[int]) -> list[OpenClaim]:
    in_json = as_json(session)
    rows = session.connection().execute(_selection(name, in_json), {"ids": given(ids, in_json)})
    return [OpenClaim(*row) for row in rows]


@cache
def _selection(name: str, in_json: bool) -> Select[Any]:
    columns: list[Any] = [getattr(Claim, field) for field in ("id", *OpenClaim._fields[1:])]
    return (
        select(*columns)
        .where(among(col(getattr(Claim, name)), in_json), col(Claim.outcome).is_(None))
        .order_by(col(Claim.id))
    )
