"""Fleets of tests: machines with a history, that go on by any move that their table has."""

import random
from datetime import UTC, date, datetime

from sqlmodel import Session, col, select

from rollout.domain.history import Fact, canonical
from rollout.domain.machine import MACHINE, MachineState, MachineVerb
from rollout.store import history, transitions
from rollout.store.columns import instant_text
from rollout.store.tables import Department, Machine, MachineMove, Site, Wave

START = datetime(2022, 11, 1, tzinfo=UTC)
DAY = date(2022, 11, 7)


def populate(session: Session, machines: int) -> None:
    places = [Site(key="本庁"), Site(key="尾鷲")]
    offices = [
        Department(bureau=name, division="課", valid_from=date(2022, 4, 1))
        for name in ("総務部", "税務部")
    ]
    wave = Wave(number=1, first_day=DAY, last_day=DAY, state_since=START)
    session.add_all([*places, *offices, wave])
    session.flush()
    session.add_all(
        Machine(
            asset_tag=f"DK20-{n:06d}", serial=f"S{n}", generation=f"DK{17 + n % 3}",
            site_id=places[n % 2].id, department_id=offices[n % 2].id if n % 3 else None,
            state_since=START,
        )
        for n in range(machines)
    )  # fmt: skip
    session.flush()
    history.append(session, [_registered(row) for row in session.exec(select(Machine))])


def _registered(row: Machine) -> Fact:
    at = instant_text(START)
    return Fact(at, "importer", "machine", row.id or 0, row.asset_tag, "register", None,
                "registered")  # fmt: skip


def move_one(session: Session, chance: random.Random, at: datetime) -> None:
    """One machine goes on by any move that its table has."""
    machine = chance.choice(session.exec(select(Machine).order_by(col(Machine.id))).all())
    id_ = machine.id or 0
    verb = chance.choice(MACHINE.verbs_from(MachineState(machine.state)) or [None])
    if verb is None:
        return
    detail = {"wave": 1, "day": DAY.isoformat()} if verb == MachineVerb.PLAN else None
    reason = f"because {chance.random()}"
    (moved,) = transitions.apply(
        session, Machine, [id_], verb, actor="somebody", at=at, reason=reason, detail=detail
    )
    if verb in (MachineVerb.PLAN, MachineVerb.UNPLAN) or moved.to_state == MachineState.ERASING:
        machine = session.get_one(Machine, id_)
        planned = verb == MachineVerb.PLAN
        machine.wave_id = session.exec(select(Wave.id)).one() if planned else None
        machine.planned_day = DAY if planned else None
        session.add(machine)


def amend_one(session: Session, chance: random.Random, at: datetime) -> None:
    """The ledger moves one machine to the other site, as an import writes it."""
    machine = chance.choice(session.exec(select(Machine).order_by(col(Machine.id))).all())
    sites = {site.id: site.key for site in session.exec(select(Site))}
    old = sites[machine.site_id]
    machine.site_id, new = next((id_, key) for id_, key in sites.items() if key != old)
    session.add(machine)
    detail = canonical({"site": [old, new]})
    fact = Fact(instant_text(at), "importer", "machine", machine.id or 0, machine.asset_tag,
                "amend", None, None, detail=detail)  # fmt: skip
    history.append(session, [fact])
    session.flush()


def transfer_one(session: Session, chance: random.Random, at: datetime) -> None:
    """Somebody is transferred and takes the PC along, at once or when its passage is over."""
    machine = chance.choice(session.exec(select(Machine).order_by(col(Machine.id))).all())
    waits = session.exec(
        select(MachineMove).where(
            MachineMove.machine_id == machine.id, col(MachineMove.done_at).is_(None)
        )
    ).one_or_none()
    if waits is None:
        offices = session.exec(select(Department.id).order_by(col(Department.id))).all()
        waits = MachineMove(
            machine_id=machine.id or 0, day=at.date(), why="transferred",
            from_department_id=machine.department_id, to_department_id=chance.choice(offices),
            from_site_id=machine.site_id, to_site_id=machine.site_id,
        )  # fmt: skip
        session.add(waits)
        session.flush()
        if chance.random() < 0.5:
            return
    waits.done_at = at
    machine.department_id, machine.site_id = waits.to_department_id, waits.to_site_id
    session.add_all([waits, machine])
    detail = canonical({"department_id": [waits.from_department_id, waits.to_department_id]})
    fact = Fact(instant_text(at), "transfers", "machine", machine.id or 0, machine.asset_tag,
                "amend", None, None, detail=detail)  # fmt: skip
    history.append(session, [fact])
    session.flush()
