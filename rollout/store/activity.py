"""The history as a screen shows it: the newest first, a window at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from rollout.store.tables import AuditRow


@dataclass(frozen=True)
class Wanted:
    """Which facts; what is empty does not restrict. `text` is part of a key."""

    actors: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    text: str = ""


def page(session: Session, wanted: Wanted, *, before: int | None, limit: int) -> Sequence[AuditRow]:
    """The newest facts, older than the row `before`."""
    conditions: list[ColumnElement[bool]] = [
        column.in_(values)
        for column, values in (
            (col(AuditRow.actor), wanted.actors),
            (col(AuditRow.key), wanted.keys),
            (col(AuditRow.verb), wanted.verbs),
            (col(AuditRow.noun), wanted.nouns),
        )
        if values
    ]
    if wanted.text:
        conditions.append(
            or_(
                col(AuditRow.key).contains(wanted.text, autoescape=True),
                col(AuditRow.actor).contains(wanted.text, autoescape=True),
            )
        )
    if before is not None:
        conditions.append(col(AuditRow.id) < before)
    return session.exec(
        select(AuditRow).where(*conditions).order_by(col(AuditRow.id).desc()).limit(limit)
    ).all()
