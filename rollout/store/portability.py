"""Queries on what lets a PC leave the office: applications that allow it, evidence, PINs."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import select as columns
from sqlalchemy import update
from sqlmodel import Session, col, func, or_, select

from rollout.domain.machine import IN_USE, MachineState, Step
from rollout.domain.takeout import ALLOWING
from rollout.store.id_lists import these
from rollout.store.tables import Claim, DiskPin, Evidence, Machine, Person, Takeout
from rollout.store.takeouts import AppliedPc

_ALLOWING = sorted(state.value for state in ALLOWING)


def looked_at(session: Session, today: date, among: Collection[int]) -> list[AppliedPc]:
    """Of these PCs, those that may leave now, and those in use with an application that allows it
    today."""
    # Found once and not for each PC: SQLite would go through all of the same state every time.
    # The PCs by their ids: with an index on their state it would go through all in use.
    allowed = select(Takeout.machine_id).where(
        these(session, col(Takeout.machine_id), among),
        col(Takeout.state).in_(_ALLOWING),
        col(Takeout.period_from) <= today,
        col(Takeout.period_to) >= today,
    )
    rows: Any = session.connection().execute(
        columns(*(getattr(Machine, name) for name in AppliedPc._fields))
        .where(
            these(session, col(Machine.id), among),
            (col(Machine.state) + "").in_([state.value for state in sorted(IN_USE)]),
            or_(
                col(Machine.state) == MachineState.PORTABLE.value,
                col(Machine.id).in_(allowed),
            ),
        )
        .order_by(col(Machine.id))
    )
    return [AppliedPc(*row) for row in rows]


def allowing(session: Session, ids: Collection[int], today: date) -> dict[int, int]:
    """The application that lets each of these PCs leave today: its owner's, who is in service."""
    rows = session.exec(
        select(Takeout.machine_id, Takeout.id)
        .join(Machine, col(Machine.id) == col(Takeout.machine_id))
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .where(
            these(session, col(Takeout.machine_id), ids),
            col(Takeout.state).in_(_ALLOWING),
            col(Takeout.period_from) <= today,
            col(Takeout.period_to) >= today,
            col(Takeout.decided_by).is_not(None),
            or_(col(Machine.owner_id).is_(None), col(Machine.owner_id) == col(Person.id)),
            or_(col(Person.left_on).is_(None), col(Person.left_on) >= today),
        )
        .order_by(col(Takeout.id).desc())
    )
    return {machine: number or 0 for machine, number in rows}


def verdicts(session: Session, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The last verdict on each control of these PCs since their disks were last rewritten."""
    rewritten = (
        select(Claim.machine_id, func.max(Claim.id).label("epoch"))
        .where(col(Claim.step) == Step.REIMAGE.value, these(session, col(Claim.machine_id), ids))
        .group_by(col(Claim.machine_id))
        .subquery()
    )
    last = (
        select(func.max(Evidence.id))
        .outerjoin(rewritten, rewritten.c.machine_id == col(Evidence.machine_id))
        .where(
            these(session, col(Evidence.machine_id), ids),
            col(Evidence.epoch) > func.coalesce(rewritten.c.epoch, 0),
        )
        .group_by(col(Evidence.machine_id), col(Evidence.control))
    )
    found: dict[int, dict[str, str]] = {}
    rows = session.exec(
        select(Evidence.machine_id, Evidence.control, Evidence.verdict).where(
            col(Evidence.id).in_(last)
        )
    )
    for machine_id, control, verdict in rows:
        found.setdefault(machine_id, {})[control] = verdict
    return found


def pins(session: Session, ids: Collection[int]) -> dict[int, DiskPin]:
    """The PINs of these PCs, as far as one was asked for."""
    rows = session.exec(select(DiskPin).where(these(session, col(DiskPin.machine_id), ids)))
    return {row.machine_id: row for row in rows}


def note_allowed(session: Session, ids: Collection[int], at: datetime) -> None:
    """From now on the PCs of these applications may be outside."""
    session.connection().execute(
        update(Takeout)
        .where(these(session, col(Takeout.id), ids), col(Takeout.allowed_at).is_(None))
        .values(allowed_at=at)
    )
    session.expire_all()
