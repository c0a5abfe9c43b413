"""Queries on machines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, update
from sqlmodel import Session, col, func, select

from rollout.domain.errors import NotFound
from rollout.domain.machine import NEEDS_A_PERSON, MachineState
from rollout.domain.machine_order import BY_TAG, Sorting
from rollout.domain.wave import WaveState
from rollout.store import notices, pending_controls
from rollout.store.batches import batches
from rollout.store.machine_order import behind, sorted_by
from rollout.store.tables import (
    AuditRow,
    Claim,
    Department,
    Evidence,
    HostResult,
    Machine,
    PendingControls,
    Person,
    Site,
    Wave,
)


@dataclass(frozen=True)
class Filter:
    """What a listing shows; an empty field does not restrict.

    `text` is looked for in asset tag, computer name and the owner's name.
    """

    states: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    generations: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    text: str = ""
    purposes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    needs_a_person: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine with the names that a reader wants beside it.

    `spare` is the tag of the spare that stands in for it, `stands_in_for` that of the machine for
    which it is out as a spare itself.
    """

    machine: Machine
    site: str | None
    bureau: str | None
    division: str | None
    owner: str | None
    staff_number: str | None
    wave: int | None
    control_cause: str | None = None
    notice_cause: str | None = None
    spare: str | None = None
    stands_in_for: str | None = None

    @property
    def cause(self) -> str | None:
        """Why it needs a person: the reason of its state, what a control of it lacks, or why its
        owner could not be told."""
        return self.machine.cause or self.control_cause or self.notice_cause


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a filter asks of machines joined with their site, owner, wave and pending controls."""
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(col(Machine.state).in_(wanted.states))
    if wanted.sites:
        found.append(col(Site.key).in_(wanted.sites))
    if wanted.generations:
        found.append(col(Machine.generation).in_(wanted.generations))
    if wanted.waves:
        found.append(col(Wave.number).in_(wanted.waves))
    if wanted.tags:
        found.append(col(Machine.asset_tag).in_(wanted.tags))
    if wanted.purposes:
        found.append(col(Machine.purpose).in_(wanted.purposes))
    if wanted.needs_a_person:
        waiting = [state.value for state in NEEDS_A_PERSON]
        found.append(
            or_(
                col(Machine.state).in_(waiting),
                col(PendingControls.cause).is_not(None),
                col(Machine.id).in_(select(notices.stuck_of_machines().c.machine_id)),
            )
        )
    if wanted.text:
        found.append(
            or_(
                col(Machine.asset_tag).contains(wanted.text, autoescape=True),
                col(Machine.computer_name).contains(wanted.text, autoescape=True),
                col(Person.name).contains(wanted.text, autoescape=True),
            )
        )
    return found


def listing(
    session: Session,
    wanted: Filter = Filter(),
    *,
    after: str = "",
    limit: int = 100,
    sorting: Sorting = BY_TAG,
) -> list[Joined]:
    """Machines in an order, the first `limit` behind the machine of the tag `after`."""
    stuck = notices.stuck_of_machines()
    statement = (
        select(  # type: ignore[call-overload]
            Machine,
            Site.key,
            Department.bureau,
            Department.division,
            Person.name,
            Person.staff_number,
            Wave.number,
            PendingControls.cause,
            stuck.c.cause,
        )
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(
            PendingControls,
            and_(col(PendingControls.machine_id) == col(Machine.id), pending_controls.lacking()),
        )
        .outerjoin(stuck, stuck.c.machine_id == col(Machine.id))
        .where(*conditions(wanted), behind(session, sorting, after))
        .order_by(*sorted_by(sorting))
        .limit(limit)
    )
    return [Joined(*row) for row in session.exec(statement)]


def one(session: Session, tag: str) -> Joined:
    """The machine of that asset tag. Raises NotFound."""
    found = listing(session, Filter(text=tag), limit=1000)
    for joined in found:
        if joined.machine.asset_tag == tag:
            return joined
    raise NotFound("machine", tag)


def by_tag(session: Session, tag: str) -> Machine:
    """The row of that asset tag. Raises NotFound."""
    machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one_or_none()
    if machine is None:
        raise NotFound("machine", tag)
    return machine


def by_id(session: Session, machine_id: int) -> Machine:
    """The row of that id. Raises NotFound."""
    machine = session.get(Machine, machine_id)
    if machine is None:
        raise NotFound("machine", machine_id)
    return machine


def by_ids(session: Session, machine_ids: Sequence[int]) -> list[Machine]:
    """The rows of these ids, in their order. Raises NotFound."""
    rows = session.exec(select(Machine).where(col(Machine.id).in_(machine_ids))).all()
    found = {row.id: row for row in rows}
    for machine_id in machine_ids:
        if machine_id not in found:
            raise NotFound("machine", machine_id)
    return [found[machine_id] for machine_id in machine_ids]


def seen(
    session: Session, reports: Sequence[tuple[int, str | None, str | None]], at: datetime
) -> None:
    """Note that machines reported themselves: id, image and boot id, None for what was not said."""
    rows = [
        {"machine": id_, "image": image_id, "boot": boot_id, "seen_at": at}
        for id_, image_id, boot_id in reports
    ]
    if rows:
        session.connection().execute(_SEEN, rows)
        session.expire_all()


_TABLE = Machine.__table__  # type: ignore[attr-defined]
_SEEN = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("machine"))
    .values(
        image_id=func.coalesce(bindparam("image"), _TABLE.c.image_id),
        boot_id=func.coalesce(bindparam("boot"), _TABLE.c.boot_id),
        last_seen_at=bindparam("seen_at"),
    )
)


def ids_of_tags(session: Session, tags: Iterable[str]) -> dict[str, int]:
    """The ids of those of these asset tags that there are, by tag."""
    found: dict[str, int] = {}
    for batch in batches(tags):
        rows = session.exec(
            select(Machine.asset_tag, Machine.id).where(col(Machine.asset_tag).in_(batch))
        )
        found |= {tag: id_ or 0 for tag, id_ in rows}
    return found


def by_tags(session: Session, tags: Sequence[str]) -> Sequence[Machine]:
    """The rows of those of these asset tags that there are."""
    found: list[Machine] = []
    # SQLite takes at most 32,766 parameters in one statement.
    for start in range(0, len(tags), 10_000):
        some = tags[start : start + 10_000]
        found += session.exec(select(Machine).where(col(Machine.asset_tag).in_(some))).all()
    return found


def of_begun_waves(session: Session) -> Sequence[Machine]:
    """The machines of waves that were let begin and are not over."""
    begun = (WaveState.RUNNING, WaveState.PAUSED, WaveState.HALTED, WaveState.SOAKING)
    return session.exec(
        select(Machine).join(Wave).where(col(Wave.state).in_([state.value for state in begun]))
    ).all()


def by_serial(session: Session, serial: str) -> Machine | None:
    """The machine whose ledger serial this is."""
    return session.exec(select(Machine).where(Machine.serial == serial)).one_or_none()


def by_mac(session: Session, mac: str) -> Machine | None:
    """The machine whose network card this is; the address in its canonical form."""
    return session.exec(select(Machine).where(Machine.mac == mac)).one_or_none()


def of_wave(session: Session, wave_id: int) -> Sequence[Machine]:
    """The machines of a wave, in the order of their tags."""
    return session.exec(
        select(Machine).where(Machine.wave_id == wave_id).order_by(col(Machine.asset_tag))
    ).all()


def in_states(session: Session, states: Iterable[MachineState]) -> Sequence[Machine]:
    """Machines in one of `states`."""
    return session.exec(
        select(Machine).where(col(Machine.state).in_([state.value for state in states]))
    ).all()


def counts(session: Session, wave_id: int | None = None) -> dict[str, int]:
    """How many machines are in each state; of one wave when it is given."""
    statement = select(Machine.state, func.count()).group_by(Machine.state)
    if wave_id is not None:
        statement = statement.where(Machine.wave_id == wave_id)
    return dict(session.exec(statement).all())


def working_by_site(session: Session, states: Iterable[MachineState]) -> dict[int | None, int]:
    """How many machines are in `states` at each site."""
    rows = session.exec(
        select(Machine.site_id, func.count())
        .where(col(Machine.state).in_([state.value for state in states]))
        .group_by(col(Machine.site_id))
    ).all()
    return dict(rows)


def owners_of(session: Session, machine_ids: Sequence[int]) -> dict[int, Person]:
    """The person to whom each of these machines belongs, by the machine's id."""
    rows = session.exec(
        select(Machine.id, Person)
        .join(Person, col(Person.id) == col(Machine.owner_id))
        .where(col(Machine.id).in_(machine_ids))
    )
    return {machine_id or 0: person for machine_id, person in rows}


def site_keys(session: Session) -> dict[int, str]:
    """The name of each site."""
    return {id_ or 0: key for id_, key in session.exec(select(Site.id, Site.key))}


def history_of(session: Session, machine_id: int) -> Sequence[AuditRow]:
    """Everything that happened to a machine, oldest first."""
    return session.exec(
        select(AuditRow)
        .where(AuditRow.noun == "machine", AuditRow.noun_id == machine_id)
        .order_by(col(AuditRow.id))
    ).all()


def evidence_of(session: Session, machine_id: int) -> Sequence[Evidence]:
    """What was measured on a machine, newest last."""
    return session.exec(
        select(Evidence).where(Evidence.machine_id == machine_id).order_by(col(Evidence.id))
    ).all()


def claims_of(session: Session, machine_id: int) -> Sequence[Claim]:
    """Every claim on a machine, oldest first."""
    return session.exec(
        select(Claim).where(Claim.machine_id == machine_id).order_by(col(Claim.id))
    ).all()


def last_failure(session: Session, machine_id: int) -> HostResult | None:
    """The task that failed last on a machine."""
    return session.exec(
        select(HostResult)
        .where(
            HostResult.machine_id == machine_id,
            col(HostResult.status).in_(("failed", "unreachable")),
        )
        .order_by(col(HostResult.id).desc())
        .limit(1)
    ).one_or_none()


def addressable(session: Session, limit: int) -> Sequence[Machine]:
    """The first machines, by wave and tag, that can be reached and recognised."""
    return session.exec(
        select(Machine)
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(col(Machine.serial).is_not(None), col(Machine.computer_name).is_not(None))
        .order_by(col(Wave.number).is_(None), col(Wave.number), col(Machine.asset_tag))
        .limit(limit)
    ).all()
