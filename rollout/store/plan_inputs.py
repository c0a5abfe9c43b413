"""Queries on what the planner reads: machines, their dates in force, places and waves."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store.batches import batches
from rollout.store.tables import Department, Machine, Person, Site, Wave

_NOT_ANY_MORE = (MachineState.EXCLUDED.value, MachineState.REGISTERED.value)


class Waiting(NamedTuple):
    """A machine that the planner may date, with what it asks of it.

    `day`, `wave` and `wave_state` are in force; None without a date.
    """

    id: int
    asset_tag: str
    version: int
    generation: str
    serial: str | None
    computer_name: str | None
    in_ledger: bool
    site_id: int | None
    site: str | None
    bureau: str | None
    division: str | None
    owner_id: int | None = None
    staff_number: str | None = None
    lease_to: date | None = None
    day: date | None = None
    wave: int | None = None
    wave_state: str | None = None


MAY_CHANGE = (
    WaveState.DRAFT.value,
    WaveState.PLANNED.value,
    WaveState.AWAITING_APPROVAL.value,
    WaveState.APPROVED.value,
)
"""Waves that have not begun: their dates can still be other ones."""


def _is_open() -> ColumnElement[bool]:
    """A machine without a date, or with one in a wave that has not begun."""
    return or_(
        col(Machine.state) == MachineState.REGISTERED.value,
        and_(
            col(Machine.state) == MachineState.PLANNED.value,
            col(Wave.state).in_(MAY_CHANGE),
        ),
    )


def waiting(session: Session) -> list[Waiting]:
    """Every machine that has no date, or one that may change, in the order of tags."""
    rows = session.exec(
        select(  # type: ignore[call-overload, misc]
            Machine.id,
            Machine.asset_tag,
            Machine.version,
            Machine.generation,
            Machine.serial,
            Machine.computer_name,
            Machine.in_ledger,
            Machine.site_id,
            Site.key,
            Department.bureau,
            Department.division,
            Machine.owner_id,
            Person.staff_number,
            Machine.lease_to,
            Machine.planned_day,
            Wave.number,
            Wave.state,
        )
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(_is_open())
        .order_by(col(Machine.asset_tag))
    )
    return [Waiting(*row) for row in rows]


class Dated(NamedTuple):
    """Machines of one place whose day stands for good."""

    site: str | None
    bureau: str | None
    division: str | None
    generation: str
    day: date
    machines: int


def taken(session: Session) -> list[Dated]:
    """Machines whose day stands for good: those under way, done or in a wave that runs."""
    keys = (
        col(Site.key),
        col(Department.bureau),
        col(Department.division),
        col(Machine.generation),
        col(Machine.planned_day),
    )
    rows = session.exec(
        select(*keys, func.count())  # type: ignore[call-overload]
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(
            col(Machine.planned_day).is_not(None),
            col(Machine.state).not_in(_NOT_ANY_MORE),
            ~_is_open(),
        )
        .group_by(*keys)
    )
    return [Dated(*row) for row in rows]


def department_sizes(session: Session) -> list[tuple[str | None, str | None, int]]:
    """Bureau, division and how many machines of the ledger it has."""
    keys = (col(Department.bureau), col(Department.division))
    rows = session.exec(
        select(*keys, func.count())
        .select_from(Machine)
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .where(col(Machine.state) != MachineState.EXCLUDED.value)
        .group_by(*keys)
    )
    return [(bureau, division, number) for bureau, division, number in rows]


def sites(session: Session) -> dict[str, int]:
    """The ids of the sites by key."""
    return {key: site_id or 0 for key, site_id in session.exec(select(Site.key, Site.id))}


def known_tags(session: Session, tags: Iterable[str]) -> set[str]:
    """Those of `tags` that a machine has."""
    found: set[str] = set()
    for batch in batches(tags):
        named = select(Machine.asset_tag).where(col(Machine.asset_tag).in_(batch))
        found.update(session.exec(named))
    return found


class UnseenWave(NamedTuple):
    """Machines of one generation in a wave that was not submitted yet."""

    number: int
    first_day: date
    last_day: date
    generation: str
    machines: int


def unseen_waves(session: Session) -> list[UnseenWave]:
    """Planned waves without the pilot, by generation of their machines."""
    keys = (col(Wave.number), col(Wave.first_day), col(Wave.last_day), col(Machine.generation))
    rows = session.exec(
        select(*keys, func.count())  # type: ignore[call-overload]
        .join(Machine, col(Machine.wave_id) == col(Wave.id))
        .where(Wave.state == WaveState.PLANNED.value, col(Wave.pilot).is_(False))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [UnseenWave(*row) for row in rows]


def last_wave_number(session: Session) -> int:
    """The highest number that any wave has; 0 when there is none."""
    return session.exec(select(func.max(Wave.number))).one() or 0


def last_day_of_pilots(session: Session) -> date | None:
    """The last day of a pilot wave that was not cancelled; None when there is no pilot."""
    return session.exec(
        select(func.max(Wave.last_day)).where(
            col(Wave.pilot).is_(True), Wave.state != WaveState.CANCELLED.value
        )
    ).one()
