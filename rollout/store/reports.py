"""Prepared rows for status reports and machine lists."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, or_
from sqlmodel import Session, col, func, select

from rollout.domain.machine import NEEDS_A_PERSON, MachineState
from rollout.store import pending_controls
from rollout.store.batches import batches
from rollout.store.tables import (
    Department,
    Machine,
    MachineMove,
    PendingControls,
    Person,
    Site,
    Wave,
)

_FETCH = 5_000


class Count(NamedTuple):
    """How many machines share site, bureau, generation, wave and state."""

    generation: str
    site: str | None
    bureau: str | None
    wave: int | None
    state: str
    machines: int


class Group(NamedTuple):
    """How many machines share everything that the report splits by."""

    generation: str
    site: str | None
    bureau: str | None
    division: str | None
    wave: int | None
    planned_day: date | None
    state: str
    in_ledger: bool
    machines: int


def groups(session: Session, day: date) -> list[Group]:
    """Every machine counted once, where it belongs on `day`.

    A PC whose user was transferred in the middle of its passage is moved in the tables when that
    is over; it belongs to the new department from the effective day on.
    """
    keys: list[Any] = [
        col(Machine.generation),
        col(Site.key),
        col(Department.bureau),
        col(Department.division),
        col(Wave.number),
        col(Machine.planned_day),
        col(Machine.state),
        col(Machine.in_ledger),
    ]
    statement: Select[Any] = select(*keys, func.count())  # type: ignore[call-overload]
    rows = session.execute(
        _placed(statement, day)
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .group_by(*keys)
    )
    return [Group(*row) for row in rows]


def _placed(statement: Select[Any], day: date) -> Select[Any]:
    waits = and_(
        col(MachineMove.machine_id) == col(Machine.id),
        col(MachineMove.done_at).is_(None),
        col(MachineMove.day) <= day,
    )
    moved = col(MachineMove.id).is_not(None)
    place = case((moved, col(MachineMove.to_site_id)), else_=col(Machine.site_id))
    office = case((moved, col(MachineMove.to_department_id)), else_=col(Machine.department_id))
    return (
        statement.select_from(Machine)
        .outerjoin(MachineMove, waits)
        .outerjoin(Site, col(Site.id) == place)
        .outerjoin(Department, col(Department.id) == office)
    )


def counted(found: Iterable[Group]) -> list[Count]:
    """The same machines by site, bureau, generation, wave and state only."""
    sums: Counter[tuple[str, str | None, str | None, int | None, str]] = Counter()
    for group in found:
        key = (group.generation, group.site, group.bureau, group.wave, group.state)
        sums[key] += group.machines
    return [Count(*key, machines) for key, machines in sums.items()]


class MachineLine(NamedTuple):
    """A machine with everything that is joined to it."""

    asset_tag: str
    generation: str
    model: str
    serial: str | None
    mac: str | None
    computer_name: str | None
    site: str | None
    floor: str
    bureau: str | None
    division: str | None
    staff_number: str | None
    owner: str | None
    purpose: str
    lease_from: date | None
    lease_to: date | None
    may_leave: bool | None
    in_ledger: bool
    wave: int | None
    planned_day: date | None
    state: str
    step: str | None
    attempt: int
    state_since: datetime
    cause: str | None
    held_from: str | None
    hold_until: date | None
    image_id: str | None
    last_seen_at: datetime | None
    remark: str


def total(session: Session) -> int:
    """How many machines there are."""
    return session.exec(select(func.count()).select_from(Machine)).one()


def tags_at(session: Session, sites: Iterable[str]) -> frozenset[str]:
    """The tags of the machines at these sites."""
    statement = select(Machine.asset_tag).join(Site, col(Site.id) == col(Machine.site_id))
    return frozenset(session.exec(statement.where(col(Site.key).in_(list(sites)))))


def planned_until(session: Session, day: date) -> int:
    """How many machines have their day at `day` or earlier."""
    return session.exec(
        select(func.count())
        .select_from(Machine)
        .where(col(Machine.planned_day) <= day, Machine.state != MachineState.EXCLUDED.value)
    ).one()


def lines_of(session: Session, machine_ids: Iterable[int]) -> dict[int, MachineLine]:
    """These machines as the tables have them now, by id."""
    found: dict[int, MachineLine] = {}
    lines = (
        _line()
        .add_columns(col(Machine.id))
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
    )
    for batch in batches(machine_ids):
        statement = _joined(lines).where(col(Machine.id).in_(batch))
        for *line, id_ in session.execute(statement):
            found[id_] = MachineLine(*line)
    return found


def exceptions(session: Session, day: date) -> list[MachineLine]:
    """Machines that need a person, the longest waiting first, where they belong on `day`."""
    lines = _placed(_line(cause=func.coalesce(Machine.cause, PendingControls.cause)), day)
    statement = (
        _joined(lines)
        .outerjoin(
            PendingControls,
            and_(col(PendingControls.machine_id) == col(Machine.id), pending_controls.lacking()),
        )
        .where(
            or_(
                col(Machine.state).in_([state.value for state in NEEDS_A_PERSON]),
                col(PendingControls.cause).is_not(None),
            )
        )
        .order_by(col(Machine.state_since), col(Machine.asset_tag))
    )
    return [MachineLine(*row) for row in session.execute(statement)]


def _line(cause: Any = Machine.cause) -> Select[Any]:
    columns: list[Any] = [
        Machine.asset_tag,
        Machine.generation,
        Machine.model,
        Machine.serial,
        Machine.mac,
        Machine.computer_name,
        Site.key,
        Machine.floor,
        Department.bureau,
        Department.division,
        Person.staff_number,
        Person.name,
        Machine.purpose,
        Machine.lease_from,
        Machine.lease_to,
        Machine.may_leave,
        Machine.in_ledger,
        Wave.number,
        Machine.planned_day,
        Machine.state,
        Machine.step,
        Machine.attempt,
        Machine.state_since,
        cause,
        Machine.held_from,
        Machine.hold_until,
        Machine.image_id,
        Machine.last_seen_at,
        Machine.remark,
    ]
    statement: Select[Any] = select(*columns)
    return statement


def _joined(lines: Select[Any]) -> Select[Any]:
    return lines.outerjoin(Person, col(Person.id) == col(Machine.owner_id)).outerjoin(
        Wave, col(Wave.id) == col(Machine.wave_id)
    )
