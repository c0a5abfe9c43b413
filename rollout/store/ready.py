"""Queries on what may begin and what is at work: read at every tick, so rows and no objects."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, or_, select

from rollout.domain.machine import MachineState, Step
from rollout.store import waves
from rollout.store.tables import Claim, Machine, Person, Tranche, TrancheMember


class Ready(NamedTuple):
    """A resting machine of a running wave."""

    id: int
    state: str
    generation: str
    site_id: int | None
    wave_id: int
    owner_id: int | None
    planned_day: date | None
    attempt: int
    state_since: datetime


_COLUMNS = (
    Machine.id,
    Machine.state,
    Machine.generation,
    Machine.site_id,
    Machine.wave_id,
    Machine.owner_id,
    Machine.planned_day,
    Machine.attempt,
    Machine.state_since,
)


def ready(
    session: Session,
    states: Iterable[MachineState],
    *,
    day: date,
    early: Iterable[MachineState] = (),
    until: date | None = None,
    full: Iterable[int] = (),
) -> list[Ready]:
    """Machines in one of `states` with a day up to `day`, or in one of `early` with a day up to
    `until`, that can be recognised and addressed; those at the sites `full`, by id, are left out.
    """
    furthest = until or day
    rows = session.exec(
        select(*_COLUMNS)  # type: ignore[call-overload]
        .join(
            TrancheMember,
            and_(
                col(TrancheMember.machine_id) == col(Machine.id),
                col(TrancheMember.wave_id) == col(Machine.wave_id),
            ),
        )
        .join(
            Tranche,
            and_(
                col(Tranche.wave_id) == col(TrancheMember.wave_id),
                col(Tranche.number) == col(TrancheMember.number),
            ),
        )
        .where(
            *_of_running_waves(session, states, furthest),
            *_addressable(full),
            or_(
                col(Machine.planned_day).is_(None),
                col(Machine.planned_day) <= day,
                col(Machine.state).in_([state.value for state in early]),
            ),
        )
    )
    return [Ready(*row) for row in rows]


def asked_for(
    session: Session,
    states: Iterable[MachineState],
    ids: Iterable[int],
    *,
    full: Iterable[int] = (),
) -> list[Ready]:
    """The same of these machines, whatever their day and whether their tranche was let begin."""
    rows = session.exec(
        select(*_COLUMNS).where(  # type: ignore[call-overload]
            col(Machine.id).in_(list(ids)),
            *_of_running_waves(session, states, date.max),
            *_addressable(full),
        )
    )
    return [Ready(*row) for row in rows]


def _addressable(full: Iterable[int]) -> list[ColumnElement[bool]]:
    return [
        col(Machine.serial) != "",
        col(Machine.computer_name) != "",
        or_(col(Machine.site_id).is_(None), col(Machine.site_id).not_in(list(full))),
    ]


def resting(session: Session, states: Iterable[MachineState], *, day: date) -> Sequence[Machine]:
    """Machines of running waves in one of `states` with a day up to `day`, oldest first."""
    return session.exec(
        select(Machine)
        .where(*_of_running_waves(session, states, day))
        .order_by(col(Machine.state_since), col(Machine.id))
    ).all()


def incomplete(session: Session, states: Iterable[MachineState], *, day: date) -> Sequence[Machine]:
    """Those of `resting` that nobody can recognise or address."""
    return session.exec(
        select(Machine)
        .where(
            *_of_running_waves(session, states, day),
            # Each by its own index: there are few, and every tick asks.
            or_(
                *(
                    missing
                    for column in (col(Machine.serial), col(Machine.computer_name))
                    for missing in (column.is_(None), column == "")
                )
            ),
        )
        .order_by(col(Machine.id))
    ).all()


def _of_running_waves(
    session: Session, states: Iterable[MachineState], day: date
) -> list[ColumnElement[bool]]:
    return [
        # As numbers: a join would be read from the state's side, through every machine that has
        # a date in the months to come.
        col(Machine.wave_id).in_(waves.running(session)),
        col(Machine.state).in_([state.value for state in states]),
        or_(col(Machine.planned_day).is_(None), col(Machine.planned_day) <= day),
    ]


@dataclass(frozen=True)
class AtWork:
    """Open claims: of each run, and of each site those that rewrite a disk."""

    of_run: Counter[int] = field(default_factory=Counter)
    rewriting: Counter[int | None] = field(default_factory=Counter)


def at_work(session: Session) -> AtWork:
    """What is claimed at this moment."""
    found = AtWork()
    # Not grouped by the database: it would walk every claim that there ever was, in their order.
    rows = session.exec(
        select(Claim.run_id, Claim.step, Machine.site_id)
        .join(Machine, and_(col(Machine.id) == col(Claim.machine_id)))
        .where(col(Claim.outcome).is_(None))
    )
    for run_id, step, site_id in rows:
        found.of_run[run_id] += 1
        # An erasure ends when somebody has looked: its place must not be one of a wave's.
        if Step(step) is Step.REIMAGE:
            found.rewriting[site_id] += 1
    return found


def people(session: Session, staff_numbers: Iterable[str]) -> frozenset[int]:
    """The ids of these people."""
    wanted = list(staff_numbers)
    if not wanted:
        return frozenset()
    rows = session.exec(select(Person.id).where(col(Person.staff_number).in_(wanted)))
    return frozenset(row for row in rows if row is not None)
