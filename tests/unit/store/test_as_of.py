"""What the history tells of a moment is what the tables said at that moment."""

import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import databases
from fleets import DAY, START, amend_one, move_one, populate, transfer_one
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from rollout.domain.machine import NEEDS_A_PERSON
from rollout.store import as_of, reports
from rollout.store.circumstances import circumstances
from rollout.store.tables import Machine, Wave


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
                at = START + timedelta(days=step)
                happens = chance.choices([move_one, amend_one, transfer_one], [70, 15, 15])[0]
                happens(session, chance, at)
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
