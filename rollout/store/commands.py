"""Queries on commands."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from rollout.store.tables import Command


def ask(
    session: Session, kind: str, target_id: int, *, actor: str, at: datetime, reason: str | None
) -> Command:
    """Write a command for the daemon; one that is open already is not written twice."""
    for known in open_ones(session):
        if (known.kind, known.target_id) == (kind, target_id):
            return known
    command = Command(kind=kind, target_id=target_id, actor=actor, reason=reason, created_at=at)
    session.add(command)
    session.flush()
    return command


def open_ones(session: Session, kind: str | None = None) -> Sequence[Command]:
    """Commands without an answer, oldest first; of one kind when it is given."""
    statement = select(Command).where(col(Command.answered_at).is_(None)).order_by(col(Command.id))
    if kind is not None:
        statement = statement.where(Command.kind == kind)
    return session.exec(statement).all()


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
