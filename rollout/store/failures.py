"""Queries on what went wrong."""

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from rollout.domain.machine import MachineState, MachineVerb
from rollout.store.tables import AuditRow, Machine, Wave

_WRONG = tuple(
    state.value for state in (MachineState.FAILED, MachineState.SILENT, MachineState.UNKNOWN)
)
_RECENT = 60
"""Facts of a machine that are looked at; a step and its retry make fewer than ten."""


def wrong(session: Session, waves: tuple[int, ...] = ()) -> Sequence[Machine]:
    """Machines that failed, fell silent or are in doubt, also when they are held for it."""
    statement = (
        select(Machine)
        .where(or_(col(Machine.state).in_(_WRONG), col(Machine.held_from).in_(_WRONG)))
        .order_by(col(Machine.asset_tag))
    )
    if waves:
        statement = statement.join(Wave, col(Wave.id) == col(Machine.wave_id)).where(
            col(Wave.number).in_(waves)
        )
    return session.exec(statement).all()


def retried(session: Session) -> Sequence[Machine]:
    """Failed machines whose step was tried more than once."""
    return session.exec(
        select(Machine).where(Machine.state == MachineState.FAILED.value, col(Machine.attempt) >= 2)
    ).all()


def recent(session: Session, machine_id: int) -> Sequence[AuditRow]:
    """The newest facts of a machine, newest first."""
    return session.exec(
        select(AuditRow)
        .where(AuditRow.noun == "machine", AuditRow.noun_id == machine_id)
        .order_by(col(AuditRow.id).desc())
        .limit(_RECENT)
    ).all()


def losses(session: Session, machine_id: int) -> int:
    """How often in a row a machine's step was lost: since it last ended otherwise, or a person
    sent the machine back."""
    ends = {
        verb.value
        for verb in (
            MachineVerb.FINISH,
            MachineVerb.FAIL,
            MachineVerb.FALL_SILENT,
            MachineVerb.RETRY,
            MachineVerb.RELEASE,
        )
    }
    count = 0
    for fact in recent(session, machine_id):
        if fact.verb in ends:
            break
        count += fact.verb == MachineVerb.LOSE
    return count


def cause(session: Session, machine: Machine) -> str:
    """Why a machine is where it is, also when it was held since."""
    if machine.state != MachineState.HELD:
        return machine.cause or ""
    endings = {MachineVerb.FAIL.value, MachineVerb.FALL_SILENT.value, MachineVerb.LOSE.value}
    facts = recent(session, machine.id or 0)
    return next((fact.reason or "" for fact in facts if fact.verb in endings), machine.cause or "")
