"""What has happened since somebody last looked that may change which PCs leave the office.

Whatever decides that is told by the history (PCs, take-outs, PINs, people with their courses) or
is evidence, and both are numbered in the order in which they were committed: there is one writer
at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, union
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MACHINE
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.store.tables import AuditRow, DiskPin, Evidence, Machine, Takeout

PERSON = "person"
"""The noun of facts about people, training among them."""


@dataclass(frozen=True)
class Seen:
    """The last fact and the last piece of evidence that were there."""

    fact: int
    evidence: int


def seen(session: Session) -> Seen:
    """What is there now."""
    fact = session.exec(select(func.max(AuditRow.id))).one()
    evidence = session.exec(select(func.max(Evidence.id))).one()
    return Seen(fact or 0, evidence or 0)


def since(session: Session, before: Seen) -> set[int]:
    """The PCs that have to be looked at again."""

    def told_of(noun: str) -> Select[int]:
        return columns(col(AuditRow.noun_id)).where(
            col(AuditRow.id) > before.fact, col(AuditRow.noun) == noun
        )

    rows: Iterable[tuple[int]] = session.connection().execute(
        union(
            told_of(MACHINE.noun),
            columns(col(Takeout.machine_id)).where(col(Takeout.id).in_(told_of(TAKEOUT.noun))),
            columns(col(DiskPin.machine_id)).where(col(DiskPin.id).in_(told_of(DISK_PIN.noun))),
            columns(col(Machine.id)).where(col(Machine.owner_id).in_(told_of(PERSON))),
            columns(col(Evidence.machine_id)).where(col(Evidence.id) > before.evidence),
        )
    )
    return {id_ for (id_,) in rows}
