"""`transitions.apply`: all or nothing, and nobody's change is lost."""

import multiprocessing
import threading
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import event, insert
from sqlmodel import col, func, select

from rollout.domain.errors import NotAllowed, NotFound, StaleState
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.wave import WaveVerb
from rollout.store import history, transitions
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Machine, Wave

NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)


def fill(database: Database, machines: int) -> None:
    with database.write() as session:
        session.connection().execute(
            insert(Machine),
            [
                {"asset_tag": f"DK20-{n:06d}", "generation": "DK20", "state_since": NOW}
                for n in range(1, machines + 1)
            ],
        )


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.exec(select(Machine.state)).all())


def move(database: Database, ids: Any, verb: MachineVerb, **more: Any) -> list[transitions.Moved]:
    with database.write() as session:
        return transitions.apply(session, Machine, ids, verb, actor="x", at=NOW, **more)


def test_what_the_session_has_changed_before_a_move_is_written_with_it(migrated: Database) -> None:
    with migrated.write() as session:
        session.add_all([
            Machine(asset_tag="A", generation="DK20", state_since=NOW),
            Machine(asset_tag="B", generation="DK20", state_since=NOW),
        ])  # fmt: skip
        session.flush()
        other = session.get(Machine, 2)
        assert other is not None
        other.remark = "seen"
        transitions.apply(session, Machine, [1], MachineVerb.PLAN, actor="a", at=NOW)
    with migrated.read() as session:
        assert session.get(Machine, 2).remark == "seen"


@pytest.mark.skipif(databases.POSTGRESQL, reason="a plan of SQLite's; PostgreSQL looks at numbers")
def test_moved_rows_are_found_by_their_ids_and_not_among_all_of_their_state(
    migrated: Database,
) -> None:
    """Of a million planned machines a move of three took 40 ms, for every writer in turn."""
    fill(migrated, 3)
    plans: list[str] = []

    @event.listens_for(migrated.engine, "before_cursor_execute")
    def explain(connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.startswith("UPDATE machines"):
            raw = connection.connection.dbapi_connection
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", given))

    move(migrated, [1, 2], MachineVerb.PLAN)
    move(migrated, [1], MachineVerb.HOLD, reason="x")
    move(migrated, [1], MachineVerb.RELEASE)
    found = [plan for plan in plans if " machines" in plan]
    assert len(found) == 3
    assert all("USING INTEGER PRIMARY KEY" in plan for plan in found), found


def test_a_bulk_move_writes_every_row_and_one_fact_each(migrated: Database) -> None:
    fill(migrated, 45_000)  # more than one chunk
    moved = move(migrated, range(1, 45_001), MachineVerb.PLAN, reason="r", detail={"b": 1, "a": 2})
    assert (len(moved), moved[0]) == (45_000, (1, "DK20-000001", "registered", "planned", 2))
    assert states(migrated) == {"planned": 45_000}
    with migrated.read() as session:
        assert history.verify(session).rows == 45_000
        fact = session.exec(select(AuditRow).where(AuditRow.noun_id == 45_000)).one()
        assert (fact.key, fact.detail, fact.reason) == ("DK20-045000", '{"a":2,"b":1}', "r")
        assert fact.at == NOW


def test_one_row_that_may_not_move_stops_all(migrated: Database) -> None:
    fill(migrated, 25_000)
    move(migrated, [24_999], MachineVerb.EXCLUDE)
    with pytest.raises(NotAllowed, match="DK20-024999 is excluded: “plan” is not possible"):
        move(migrated, range(1, 25_001), MachineVerb.PLAN)
    assert states(migrated) == {"registered": 24_999, "excluded": 1}
    with migrated.read() as session:
        assert history.verify(session).rows == 1


def test_a_row_that_does_not_exist_is_named(migrated: Database) -> None:
    fill(migrated, 2)
    with pytest.raises(NotFound, match="there is no machine 7"):
        move(migrated, [1, 7], MachineVerb.PLAN)
    assert states(migrated) == {"registered": 2}


def test_no_rows_are_no_change(migrated: Database) -> None:
    assert move(migrated, [], MachineVerb.PLAN) == []
    with migrated.read() as session:
        assert history.count(session) == 0


def test_rows_with_different_memories_move_each_to_its_own_state(migrated: Database) -> None:
    fill(migrated, 3)
    move(migrated, [1, 2], MachineVerb.PLAN)
    move(migrated, [2], MachineVerb.BEGIN)
    move(migrated, [2], MachineVerb.FAIL, reason="no power")
    move(migrated, [1, 2, 3], MachineVerb.HOLD, reason="strike")
    moved = move(migrated, [1, 2, 3], MachineVerb.RELEASE)
    assert {row.id: row.to_state for row in moved} == {1: "planned", 2: "failed", 3: "registered"}
    with migrated.read() as session:
        failed = session.get_one(Machine, 2)
        assert (failed.step, failed.attempt) == (Step.PREFLIGHT, 1)


def test_a_step_that_began_as_a_retry_remembers_its_attempt(migrated: Database) -> None:
    fill(migrated, 1)
    for verb in (MachineVerb.PLAN, MachineVerb.BEGIN, MachineVerb.FAIL, MachineVerb.RETRY):
        move(migrated, [1], verb)
    with migrated.read() as session:
        machine = session.get_one(Machine, 1)
        assert (machine.state, machine.attempt, machine.step) == ("planned", 2, None)


def test_objects_of_the_session_show_the_new_state(migrated: Database) -> None:
    fill(migrated, 1)
    with migrated.write() as session:
        machine = session.get_one(Machine, 1)
        transitions.apply(session, Machine, [1], MachineVerb.PLAN, actor="x", at=NOW)
        assert machine.state == MachineState.PLANNED
        machine.planned_day = date(2022, 11, 4)
        session.add(machine)
    with migrated.read() as session:
        machine = session.get_one(Machine, 1)
        assert (machine.state, machine.version, machine.planned_day) == (
            "planned", 2, date(2022, 11, 4),
        )  # fmt: skip


def test_a_moment_without_a_zone_is_refused(migrated: Database) -> None:
    fill(migrated, 1)
    with pytest.raises(ValueError, match="without time zone"), migrated.write() as session:
        transitions.apply(
            session,
            Machine,
            [1],
            MachineVerb.PLAN,
            actor="x",
            at=datetime(2022, 11, 1),  # noqa: DTZ001
        )


def test_the_key_of_a_wave_is_its_number(migrated: Database) -> None:
    day = date(2022, 11, 1)
    with migrated.write() as session:
        session.add(Wave(id=5, number=12, first_day=day, last_day=day, state_since=NOW))
        session.flush()
        transitions.apply(session, Wave, [5], WaveVerb.PLAN, actor="x", at=NOW)
    with migrated.read() as session:
        assert session.exec(select(AuditRow.key)).one() == "12"


def test_of_writers_that_saw_the_same_version_one_wins(migrated: Database) -> None:
    fill(migrated, 1)
    both_have_read = threading.Barrier(4, timeout=30)
    outcomes: list[str] = []

    def hold() -> None:
        with migrated.read() as session:
            seen = session.get_one(Machine, 1).version
        both_have_read.wait()
        try:
            move(migrated, [1], MachineVerb.HOLD, versions={1: seen})
        except StaleState:
            outcomes.append("stale")
        else:
            outcomes.append("won")

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(outcomes) == {"won": 1, "stale": 3}
    with migrated.read() as session:
        assert history.count(session) == 1


def _to_and_fro(url: str, machine_id: int, rounds: int) -> None:
    database = Database(url)
    for _ in range(rounds):
        move(database, [machine_id], MachineVerb.HOLD, reason="r")
        move(database, [machine_id], MachineVerb.RELEASE)
    database.close()


def test_processes_that_write_at_once_lose_nothing(migrated: Database, tmp_path: Path) -> None:
    fill(migrated, 2)
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_to_and_fro, args=(migrated.url, machine_id, 15))
        for machine_id in (1, 2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with migrated.read() as session:
        verdict = history.verify(session)
        assert (verdict.holds, verdict.rows) == (True, 60)
        versions = session.exec(select(Machine.version).order_by(col(Machine.id))).all()
        assert list(versions) == [31, 31]
        per_machine = session.exec(
            select(AuditRow.noun_id, func.count()).group_by(col(AuditRow.noun_id))
        ).all()
        assert dict(per_machine) == {1: 30, 2: 30}
