"""What the history tells of a moment is what the tables said at that moment."""

import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from rollout.domain.history import Fact, canonical
from rollout.domain.machine import MACHINE, NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.store import as_of, history, reports, transitions
from rollout.store.circumstances import circumstances
from rollout.store.columns import instant_text
from rollout.store.tables import Department, Machine, Site, Wave

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


def live(session: Session) -> dict[int, tuple[Any, ...]]:
    numbers = {wave.id: wave.number for wave in session.exec(select(Wave))}
    return {
        row.id or 0: (row.state, row.state_since, numbers.get(row.wave_id), row.planned_day)
        for row in session.exec(select(Machine))
    }


def then(session: Session, moment: datetime) -> dict[int, tuple[Any, ...]]:
    found = as_of.machines_at(session, moment)
    wanted = (found.c.machine_id, found.c.state, found.c.state_since, found.c.wave)
    rows = session.execute(select(*wanted, found.c.planned_day))  # type: ignore[call-overload]
    return {row[0]: tuple(row[1:]) for row in rows}


def explained(session: Session) -> dict[int, tuple[Any, ...]]:
    return {
        row.id or 0: (row.cause, row.step, row.attempt)
        for row in session.exec(
            select(Machine).where(col(Machine.state).in_([s.value for s in NEEDS_A_PERSON]))
        )
    }


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), machines=st.integers(1, 9), steps=st.integers(0, 60))
def test_any_moment_of_any_fleet_comes_back_from_the_history(
    seed: int, machines: int, steps: int
) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        database = databases.migrated(Path(folder) / f"{seed}-{machines}-{steps}.db")
        seen = []
        with database.write() as session:
            populate(session, machines)
            for step in range(steps + 1):
                at = START + timedelta(minutes=step)
                (amend_one if chance.random() < 0.15 else move_one)(session, chance, at)
                session.flush()
                session.expire_all()
                if step == steps or chance.random() < 0.15:
                    counted = sorted(reports.groups(session, at.date()), key=str)
                    seen.append((at, live(session), counted, explained(session)))
        with database.read() as session:
            for at, rows, counted, causes in seen:
                assert then(session, at) == rows
                assert sorted(as_of.groups(session, at, at.date()), key=str) == counted
                assert {line.asset_tag for line in as_of.exceptions(session, at, at.date())} == {
                    f"DK20-{id_ - 1:06d}" for id_ in causes
                }
                told = circumstances(session, causes, at)
                assert {
                    id_: (one.cause, one.step, one.attempt) for id_, one in told.items()
                } == causes
        database.close()


def test_a_machine_that_was_registered_later_is_not_counted_before(tmp_path: Path) -> None:
    database = databases.migrated(tmp_path / "rollout.db")
    with database.write() as session:
        populate(session, 2)
    with database.read() as session:
        before = START - timedelta(seconds=1)
        assert as_of.counts(session, before, DAY) == []
        assert sum(row.machines for row in as_of.counts(session, START, DAY)) == 2
    database.close()
