"""Queries on controls that are to be measured again."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Delete, and_, delete, insert
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from rollout.domain.machine import IN_USE
from rollout.domain.wave import WaveState
from rollout.store.id_lists import among, as_json, given, these
from rollout.store.tables import Claim, Machine, PendingControls, Wave

_STOPPED = (WaveState.HALTED.value, WaveState.PAUSED.value)


def of(session: Session, machine_id: int) -> PendingControls | None:
    """What is pending on a machine, or stays so; None when nothing is."""
    return session.get(PendingControls, machine_id)


def of_machines(session: Session, machine_ids: Sequence[int]) -> dict[int, PendingControls]:
    """The same of many machines, by id."""
    in_json = as_json(session)
    rows = session.exec(_of_machines(in_json), params={"ids": given(machine_ids, in_json)})
    return {row.machine_id: row for row in rows}


@cache
def _of_machines(in_json: bool) -> SelectOfScalar[PendingControls]:
    return select(PendingControls).where(among(col(PendingControls.machine_id), in_json))


def names(session: Session, machine_id: int) -> list[str]:
    """The controls of a machine that wait for another look, or for a person."""
    row = of(session, machine_id)
    return list(json.loads(row.controls)) if row else []


def keep(session: Session, row: PendingControls) -> None:
    """Insert or change the row of a machine."""
    session.add(row)
    session.flush()


def begin(session: Session, controls: Mapping[int, str], at: datetime) -> None:
    """From now on these controls, as JSON, are to be measured again; by machine."""
    if controls:
        rows = [
            {"machine_id": id_, "controls": names, "since": at, "checked_at": at}
            for id_, names in controls.items()
        ]
        session.connection().execute(_INSERT, rows)


_INSERT = insert(PendingControls)


def drop(session: Session, rows: Sequence[PendingControls]) -> None:
    """Nothing is pending on these machines any more."""
    if not rows:
        return
    ids = [row.machine_id for row in rows]
    for row in rows:
        session.expunge(row)
    in_json = as_json(session)
    session.connection().execute(_deletion(in_json), {"ids": given(ids, in_json)})


@cache
def _deletion(in_json: bool) -> Delete:
    return delete(PendingControls).where(among(PendingControls.machine_id, in_json))


def any_open(session: Session, checked_before: datetime) -> bool:
    """Whether a look may be due: asked at every tick, without a lock."""
    found = session.exec(select(PendingControls.machine_id).where(*_open(checked_before)).limit(1))
    return found.first() is not None


def due(session: Session, *, checked_before: datetime) -> Sequence[tuple[PendingControls, Machine]]:
    """What was last looked at before then, on machines in use that can be addressed
    and that nobody is at work on, the longest waiting first; not those of a wave that stands."""
    # Their numbers first, and their state without its index: there are few, and otherwise SQLite
    # reads every machine there is.
    waiting = session.exec(select(PendingControls.machine_id).where(*_open(checked_before))).all()
    if not waiting:
        return []
    busy = select(Claim.machine_id).where(col(Claim.outcome).is_(None))
    standing = select(Wave.id).where(col(Wave.state).in_(_STOPPED))
    return session.exec(
        select(PendingControls, Machine)
        .join(Machine, and_(col(Machine.id) == col(PendingControls.machine_id)))
        .where(
            *_open(checked_before),
            these(session, col(Machine.id), waiting),
            (col(Machine.state) + "").in_([state.value for state in IN_USE]),
            col(Machine.id).not_in(busy),
            col(Machine.wave_id).is_(None) | col(Machine.wave_id).not_in(standing),
            Machine.serial != "",
            Machine.computer_name != "",
        )
        .order_by(col(PendingControls.checked_at), col(Machine.id))
    ).all()


def need_a_person(session: Session) -> int:
    """On how many machines in use a control failed or stayed pending for too long."""
    return session.exec(
        select(func.count())
        .select_from(PendingControls)
        .join(Machine, and_(col(Machine.id) == col(PendingControls.machine_id)))
        .where(lacking())
    ).one()


def lacking() -> ColumnElement[bool]:
    """Condition: the machine is in use and some control of it needs a person."""
    return and_(
        col(PendingControls.cause).is_not(None),
        col(Machine.state).in_([state.value for state in IN_USE]),
    )


def _open(checked_before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(PendingControls.cause).is_(None),
        col(PendingControls.checked_at) <= checked_before,
    )
