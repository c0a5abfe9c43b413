"""Queries on commands."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from rollout.domain.run import ALIVE
from rollout.store.tables import Command, Run


def ask(
    session: Session, kind: str, target_id: int, *, actor: str, at: datetime, reason: str | None
) -> Command:
    """Write a command for the daemon; one that is open already is not written twice."""
    known = session.exec(
        select(Command)
        .where(
            Command.kind == kind,
            Command.target_id == target_id,
            col(Command.answered_at).is_(None),
        )
        .limit(1)
    ).one_or_none()
    if known is not None:
        return known
    command = Command(kind=kind, target_id=target_id, actor=actor, reason=reason, created_at=at)
    session.add(command)
    session.flush()
    return command


def open_ones(
    session: Session, kind: str | None = None, *, limit: int | None = None
) -> Sequence[Command]:
    """Commands without an answer, oldest first; of one kind, and so many, when that is given."""
    statement = select(Command).where(col(Command.answered_at).is_(None)).order_by(col(Command.id))
    if kind is not None:
        statement = statement.where(Command.kind == kind)
    return session.exec(statement.limit(limit)).all()


def any_open(session: Session, *kinds: str) -> bool:
    """Whether a command, of one of these kinds when any is given, has no answer yet."""
    statement = select(Command.id).where(col(Command.answered_at).is_(None))
    if kinds:
        statement = statement.where(col(Command.kind).in_(kinds))
    return session.exec(statement.limit(1)).first() is not None


def targets(session: Session, kind: str) -> frozenset[int]:
    """What the open commands of a kind are about."""
    return frozenset(command.target_id for command in open_ones(session, kind))


def not_taken(session: Session, kind: str, *, limit: int) -> Sequence[Command]:
    """The oldest commands of a kind that have no answer and that no living run carries out."""
    at_work = select(Run.id).where(col(Run.state).in_([state.value for state in ALIVE]))
    return session.exec(
        select(Command)
        .where(
            Command.kind == kind,
            col(Command.answered_at).is_(None),
            or_(col(Command.run_id).is_(None), col(Command.run_id).not_in(at_work)),
        )
        .order_by(col(Command.id))
        .limit(limit)
    ).all()


def give_to(session: Session, command_ids: Sequence[int], run_id: int) -> None:
    """Note the run that carries these commands out."""
    for command_id in command_ids:
        command = session.get(Command, command_id)
        if command is not None:
            command.run_id = run_id
            session.add(command)


def of_run(session: Session, run_id: int) -> Sequence[Command]:
    """Commands that a run was to carry out and that have no answer yet."""
    return session.exec(
        select(Command).where(Command.run_id == run_id, col(Command.answered_at).is_(None))
    ).all()


def answer(
    session: Session, command_id: int, text: str, *, at: datetime, refused: bool = False
) -> None:
    """Answer a command once."""
    command = session.get(Command, command_id)
    if command is not None and command.answered_at is None:
        command.answered_at, command.answer, command.refused = at, text, refused
        session.add(command)


def last_for(session: Session, kind: str, target_id: int) -> Command | None:
    """The newest command of a kind for a target."""
    return session.exec(
        select(Command)
        .where(Command.kind == kind, Command.target_id == target_id)
        .order_by(col(Command.id).desc())
        .limit(1)
    ).one_or_none()
