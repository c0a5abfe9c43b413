"""What has happened since somebody last looked that may change which PCs leave the office.

Whatever decides that is told by the history (PCs, take-outs, PINs, people with their courses) or
is evidence, and both are numbered in the order in which they were committed: there is one writer
at a time.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, or_, union
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MACHINE, MachineState
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.store.batches import batches
from rollout.store.id_lists import these
from rollout.store.tables import AuditRow, DiskPin, Evidence, Machine, Person, Takeout

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
    told: dict[str, set[int]] = defaultdict(set)
    # By number alone: with the noun as a condition each look would walk all facts about PCs.
    for noun, id_ in session.connection().execute(_FACTS, {"fact": before.fact}):
        told[noun].add(id_)
    found = told[MACHINE.noun]
    found |= set(session.connection().execute(_MEASURED, {"row": before.evidence}).scalars())
    for column, key, noun in (
        (Takeout.machine_id, Takeout.id, TAKEOUT.noun),
        (DiskPin.machine_id, DiskPin.id, DISK_PIN.noun),
        (Machine.id, Machine.owner_id, PERSON),
        (Takeout.machine_id, Takeout.person_id, PERSON),
    ):
        for some in batches(told[noun]):
            chosen = columns(col(column)).where(these(session, col(key), some))
            found |= {id_ or 0 for (id_,) in session.connection().execute(chosen)}
    return found


def by_day(session: Session, before: date, today: date) -> set[int]:
    """The PCs on which something depends that begins or ends with a day after `before`."""
    periods = columns(col(Takeout.machine_id)).where(
        or_(
            col(Takeout.period_from).between(before, today),
            col(Takeout.period_to).between(before, today),
        )
    )
    gone = columns(col(Person.id)).where(col(Person.left_on).between(before, today))
    owned = columns(col(Machine.id)).where(col(Machine.owner_id).in_(gone))
    applied = columns(col(Takeout.machine_id)).where(col(Takeout.person_id).in_(gone))
    return set(session.connection().execute(union(periods, owned, applied)).scalars())


def every(session: Session) -> set[int]:
    """Every PC that somebody ever applied for or that may be outside."""
    outside = columns(col(Machine.id)).where(col(Machine.state) == MachineState.PORTABLE.value)
    applied = columns(col(Takeout.machine_id))
    return set(session.connection().execute(union(outside, applied)).scalars())


_FACTS = columns(col(AuditRow.noun), col(AuditRow.noun_id)).where(
    col(AuditRow.id) > bindparam("fact")
)
_MEASURED = columns(col(Evidence.machine_id)).where(col(Evidence.id) > bindparam("row"))
