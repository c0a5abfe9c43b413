"""Machines as an export has them: every column joined, page by page, column by column.

A page is a list of columns and not of rows: what looks the same for thousands of machines is then
translated in one go. Names of sites, departments and waves are put in from small tables instead of
being joined to every machine.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, case, select
from sqlmodel import Session, col, func

from rollout.domain.account import CloudService
from rollout.store import pending_controls
from rollout.store.exporting.beside import Accounts, Controls, Loans, Takeouts
from rollout.store.exporting.texts import day, kept, moment, plain
from rollout.store.machines import Filter, conditions
from rollout.store.tables import (
    Department,
    Machine,
    MachineMove,
    PendingControls,
    Person,
    Site,
    Wave,
)

PAGE = 5_000
ROOM = 2_500_000
"""So many characters of free texts a page has room for, were all of them as long as the longest:
several copies of a page lie in memory at once."""

LEDGER = (
    "asset_tag", "generation", "model", "serial", "mac", "computer_name", "site", "floor",
    "department", "division", "staff_number", "owner", "purpose", "lease_from", "lease_to",
    "may_leave", "in_ledger",
)  # fmt: skip
STANDING = (
    "wave", "planned_day", "state", "step", "attempt", "state_since", "cause", "held_from",
    "hold_until", "image_id", "last_seen_at", "remark", "spare", "stands_in_for",
)  # fmt: skip
FIELDS = (
    *LEDGER,
    *STANDING,
    "upn",
    *(service.value for service in CloudService),
    *Takeouts.FIELDS,
    *Controls.FIELDS,
)
"""The columns of a page, in their order; those of IDS come after them."""
IDS = ("id", "owner_id")

Page = Sequence[Sequence[Any]]


class Names(NamedTuple):
    """What the small tables call things, by id."""

    sites: Mapping[int | None, str | None]
    bureaus: Mapping[int | None, str | None]
    divisions: Mapping[int | None, str | None]
    waves: Mapping[int | None, int | None]


def names(session: Session) -> Names:
    """Read the small tables."""
    execute = session.connection().execute
    it = Department
    departments = execute(select(col(it.id), col(it.bureau), col(it.division))).all()
    sites = execute(select(col(Site.id), col(Site.key))).all()
    waves = execute(select(col(Wave.id), col(Wave.number))).all()
    return Names(
        {None: None, **{id_: key for id_, key in sites}},  # noqa: C416
        {None: None, **{id_: bureau for id_, bureau, _division in departments}},
        {None: None, **{id_: division for id_, _bureau, division in departments}},
        {None: None, **{id_: number for id_, number in waves}},  # noqa: C416
    )


class Core(NamedTuple):
    """What one statement reads of each machine; columns of ids are named later."""

    id: Any
    owner_id: Any
    asset_tag: Any
    generation: Any
    model: Any
    serial: Any
    mac: Any
    computer_name: Any
    site: Any
    floor: Any
    department: Any
    staff_number: Any
    owner: Any
    upn: Any
    purpose: Any
    lease_from: Any
    lease_to: Any
    may_leave: Any
    in_ledger: Any
    wave: Any
    planned_day: Any
    state: Any
    step: Any
    attempt: Any
    state_since: Any
    cause: Any
    control_cause: Any
    held_from: Any
    hold_until: Any
    image_id: Any
    last_seen_at: Any
    remark: Any


def core(session: Session, today: date) -> Select[Any]:
    """Every machine with its owner, behind the tag `after` and in the order of tags.

    A PC whose user was transferred in the middle of its passage is moved in the tables when that
    is over; it belongs to the new office from the effective day on.
    """
    moved = col(MachineMove.id).is_not(None)
    site = case((moved, col(MachineMove.to_site_id)), else_=col(Machine.site_id))
    office = case((moved, col(MachineMove.to_department_id)), else_=col(Machine.department_id))
    it = Machine
    columns = Core(
        it.id, it.owner_id, it.asset_tag, it.generation, it.model, it.serial, it.mac,
        it.computer_name, site, it.floor, office, Person.staff_number,
        Person.name, Person.upn, it.purpose, day(session, it.lease_from),
        day(session, it.lease_to), it.may_leave, it.in_ledger, it.wave_id,
        day(session, it.planned_day), it.state, it.step, it.attempt,
        moment(session, it.state_since), kept(it.cause), kept(PendingControls.cause),
        it.held_from, day(session, it.hold_until), it.image_id,
        moment(session, it.last_seen_at), it.remark,
    )  # fmt: skip
    statement: Select[Any] = select(*columns)
    return (
        joined(statement, today)
        .where(col(Machine.asset_tag) > bindparam("after"))
        .order_by(col(Machine.asset_tag))
    )


def joined(statement: Select[Any], today: date) -> Select[Any]:
    """With every table that a filter may ask about."""
    waits = and_(
        col(MachineMove.machine_id) == col(Machine.id),
        col(MachineMove.done_at).is_(None),
        col(MachineMove.day) <= today,
    )
    place = case(
        (col(MachineMove.id).is_not(None), col(MachineMove.to_site_id)), else_=col(Machine.site_id)
    )
    lacking = and_(col(PendingControls.machine_id) == col(Machine.id), pending_controls.lacking())
    return (
        statement.select_from(Machine)
        .outerjoin(MachineMove, waits)
        .outerjoin(Site, col(Site.id) == place)
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(PendingControls, lacking)
    )


class Extent(NamedTuple):
    """How many machines match, and how long the longest free text of one is."""

    machines: int
    longest: int

    def fitting(self, size: int) -> int:
        """So many of `size` rows that a page keeps to its room."""
        return max(1, min(size, ROOM // max(1, self.longest)))


def extent(session: Session, wanted: Filter, today: date) -> Extent:
    """Of the machines that match."""
    texts = func.length(Machine.remark) + func.length(func.coalesce(kept(Machine.cause), ""))
    statement: Select[Any] = select(func.count(), func.coalesce(func.max(texts), 0))
    found = session.connection().execute(joined(statement, today).where(*conditions(wanted)))
    return Extent(*found.one())


def pages(
    session: Session, wanted: Filter, today: date, *, size: int = PAGE, after: str = ""
) -> Iterator[Page]:
    """The machines that match as they stand now, in the order of their tags, behind `after`."""
    known, loans = names(session), Loans(session)
    statement = core(session, today).where(*conditions(wanted)).limit(size)
    accounts, takeouts, controls = Accounts(session), Takeouts(session), Controls(session)
    while rows := plain(session, statement, {"after": after}):
        it = Core(*zip(*rows, strict=True))
        after = it.asset_tag[-1]
        yield page(it, known, loans, [
            *accounts.of(it.owner_id), *takeouts.of(it.id), *controls.of(it.id),
        ])  # fmt: skip
        if len(rows) < size:
            break


def page(it: Core, known: Names, loans: Loans, beside: Sequence[Sequence[Any]]) -> Page:
    """The columns of FIELDS, and of IDS."""
    named = it._replace(
        site=[*map(known.sites.__getitem__, it.site)],
        wave=[*map(known.waves.__getitem__, it.wave)],
        # A machine without a cause of its own may lack a control.
        cause=[own or control for own, control in zip(it.cause, it.control_cause, strict=True)],
    )._asdict()
    named["division"] = [*map(known.divisions.__getitem__, it.department)]
    named["department"] = [*map(known.bureaus.__getitem__, it.department)]
    named["spare"] = [*map(loans.spare_of.get, it.id)]
    named["stands_in_for"] = [*map(loans.lent_to.get, it.id)]
    return [*(named[name] for name in (*LEDGER, *STANDING)), it.upn, *beside, it.id, it.owner_id]
