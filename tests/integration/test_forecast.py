"""`plan forecast` from the dates in force and the history of a real database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import databases
import pytest
from sqlmodel import col, select

from rollout.application.planning import effect
from rollout.application.planning.effect import NewPlace
from rollout.application.planning.forecasting import forecast, sentence
from rollout.domain.machine import PASSAGE, MachineState, MachineVerb, Step
from rollout.settings import Settings, load
from rollout.store import forecasts, plans, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Site

NOW = datetime(2022, 11, 14, 9, tzinfo=UTC)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2022-12-28
[sites."本庁"]
machines_per_day = 5
[sites."尾鷲"]
machines_per_day = 1
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        sites = [Site(key="本庁"), Site(key="尾鷲")]
        session.add_all(sites)
        session.flush()
        session.add_all(
            Machine(
                asset_tag=f"DK20-{n:06d}",
                generation="DK20",
                site_id=sites[n % 2].id,
                planned_day=date(2022, 11, 15),
                state_since=NOW,
            )
            for n in range(80)
        )
    yield opened
    opened.close()


def migrate_some(database: Database, day: datetime, ids: list[int]) -> None:
    """Take machines through every step of their passage, as the daemon would."""
    with database.write() as session:
        verbs = [MachineVerb.PLAN]
        for step in PASSAGE:
            if step is not Step.ENABLE:
                verbs += [MachineVerb.BEGIN, MachineVerb.FINISH]
        for verb in [*verbs, MachineVerb.HAND_OVER]:
            transitions.apply(session, Machine, ids, verb, actor="daemon", at=day)


def test_without_history_it_is_not_computable_and_says_why(
    database: Database, configuration: Settings
) -> None:
    made = forecast(database, configuration, now=NOW)
    assert made.outlook is None
    assert made.missing is not None
    assert "0 working days" in sentence(made.missing)
    assert (made.done, made.left) == (0, 80)


def test_a_slow_site_is_seen_weeks_ahead(database: Database, configuration: Settings) -> None:
    with database.read() as session:
        ids = [
            machine_id
            for machine_id in session.exec(select(Machine.id).order_by(col(Machine.id)))
            if machine_id
        ]
    for number in range(4):
        migrate_some(database, NOW - timedelta(days=5 - number), ids[number * 4 : number * 4 + 4])
    made = forecast(database, configuration, now=NOW)
    assert (made.done, made.left, made.missing) == (16, 64, None)
    assert made.outlook is not None
    # 32 machines at one a day do not fit into the 31 working days that are left.
    assert made.outlook.endangered[0].name == "尾鷲"
    assert made.outlook.probability < 0.5
    assert forecast(database, configuration, now=NOW) == made
    with database.read() as session:
        (row,) = forecasts.kept(session)
        assert (row.day, row.remaining, row.endangered_by) == (date(2022, 11, 14), 64, "尾鷲")
        states = set(session.exec(select(Machine.state)))
    assert states == {MachineState.MIGRATED.value, MachineState.REGISTERED.value}


@pytest.fixture
def left(database: Database) -> list[int]:
    """Machines of 本庁 that are not done, after some days on which others were."""
    with database.read() as session:
        ids = [
            machine_id
            for machine_id in session.exec(select(Machine.id).order_by(col(Machine.id)))
            if machine_id
        ]
    for number in range(4):
        migrate_some(database, NOW - timedelta(days=5 - number), ids[number * 8 : number * 8 + 8])
    return ids[32::2]


def propose(database: Database, ids: list[int], day: date, lost: list[str]) -> None:
    """A proposal that gives `ids` that day, and takes their day from the machines `lost`."""
    with database.write() as session:
        plans.propose(
            session,
            actor="planner",
            at=NOW,
            slots=[
                {
                    "machine_id": machine_id,
                    "machine_version": 1,
                    "site_id": session.get_one(Machine, machine_id).site_id,
                    "wave_number": 7,
                    "day": day,
                }
                for machine_id in ids
            ],
            remarks={"unplaced": [], "moves": [{"asset_tag": tag, "to": None} for tag in lost]},
        )


def test_a_proposal_is_forecast_beside_the_days_in_force(
    database: Database, configuration: Settings, left: list[int]
) -> None:
    assert effect.of_proposal(database, configuration, now=NOW) is None
    with database.write() as session:
        transitions.apply(session, Machine, left[:1], MachineVerb.PLAN, actor="p", at=NOW)
        lost = session.get_one(Machine, left[0]).asset_tag
    late = date(2022, 12, 26)
    propose(database, left[1:], late, [lost])
    found = effect.of_proposal(database, configuration, now=NOW)
    assert found is not None
    assert found.before == forecast(database, configuration, now=NOW)
    assert found.after.left == found.before.left
    assert (found.before.undated, found.after.undated) == (0, 1)
    assert found.before.outlook is not None
    assert found.after.outlook is not None
    assert found.before.outlook.probability > found.after.outlook.probability
    assert found.after.outlook.p50 is not None
    assert found.after.outlook.p50 >= late


def test_a_move_is_forecast_as_it_will_be_once_it_is_proposed(
    database: Database, configuration: Settings, left: list[int]
) -> None:
    late = date(2022, 12, 26)
    moved = effect.of_move(database, configuration, dict.fromkeys(left, NewPlace(late, 7)), now=NOW)
    propose(database, left, late, [])
    proposed = effect.of_proposal(database, configuration, now=NOW)
    assert moved == proposed
    back = effect.of_move(database, configuration, dict.fromkeys(left), now=NOW)
    assert back == (moved.after, moved.before)
