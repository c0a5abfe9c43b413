"""The database itself refuses what the program must never write."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from rollout.store.database import Database
from rollout.store.tables import (
    Claim,
    Command,
    Department,
    Evidence,
    HostResult,
    Machine,
    Plan,
    Retirement,
    Run,
    Wave,
)

NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
DAY = date(2022, 11, 1)


def machine(**columns: Any) -> Machine:
    return Machine(**({"asset_tag": "M2", "generation": "DK20", "state_since": NOW} | columns))


def wave(**columns: Any) -> Wave:
    base = {"number": 9, "first_day": DAY, "last_day": DAY, "state_since": NOW}
    return Wave(**(base | columns))


def run(**columns: Any) -> Run:
    base = {"ident": "r9", "lease_epoch": 1, "created_at": NOW, "state_since": NOW}
    return Run(**(base | columns))


def claim(**columns: Any) -> Claim:
    base = {"machine_id": 1, "step": "preflight", "attempt": 1, "run_id": 1, "created_at": NOW,
            "deadline_at": NOW + timedelta(hours=1)}  # fmt: skip
    return Claim(**(base | columns))


@pytest.fixture
def database(migrated: Database) -> Database:
    with migrated.write() as session:
        session.add_all(
            [
                machine(id=1, asset_tag="M1", serial="S1"),
                machine(id=2, asset_tag="M0"),
                run(id=1, ident="r1"),
            ]
        )
    return migrated


def add(database: Database, *rows: SQLModel) -> None:
    with database.write() as session:
        session.add_all(rows)


@pytest.mark.parametrize(
    "row",
    [
        machine(state="flying"),
        machine(step="dance"),
        machine(attempt=0),
        machine(state="held"),
        machine(held_from="planned"),
        machine(state="held", held_from="nowhere"),
        machine(state="failed"),
        machine(state="unknown"),
        machine(asset_tag="M1"),
        machine(serial="S1"),
        machine(site_id=99),
        machine(wave_id=99),
        wave(state="sailing"),
        wave(last_day=DAY - timedelta(days=1)),
        wave(submitted_by="a", approved_by="a"),
        wave(approved_by="a"),
        run(state="walking"),
        run(purpose="fun"),
        run(step="dance"),
        run(ident="r1"),
        claim(step="dance"),
        claim(outcome="perhaps", ended_at=NOW),
        claim(outcome="done"),
        claim(ended_at=NOW),
        claim(consumed_at=NOW),
        claim(run_id=99),
        Command(kind="reboot_world", target_id=1, actor="x", created_at=NOW),
        Command(kind="cancel_run", target_id=1, actor="x", created_at=NOW, answer="ok"),
        Department(bureau="b", valid_from=DAY, valid_to=DAY - timedelta(days=1)),
        Plan(state="dreamt", created_at=NOW, created_by="x"),
        HostResult(run_id=1, machine_id=1, counter=1, task="t", status="fine", at=NOW),
        Retirement(machine_id=1, successor_id=1),
        Retirement(machine_id=1, successor_id=2, asked_by="a", approved_by="a"),
        Retirement(machine_id=1, successor_id=2, approved_by="a"),
        Retirement(machine_id=1, successor_id=2, epoch=1),
        Evidence(machine_id=1, control="c", value="v", verdict="maybe", source="s", epoch=1,
                 run_id=1, measured_at=NOW),
    ],
    ids=lambda row: repr(row)[:60],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_refused(database: Database, row: SQLModel) -> None:
    # A fresh object: SQLAlchemy remembers on the object that it was tried already.
    with pytest.raises(IntegrityError):
        add(database, type(row)(**row.model_dump()))


def test_an_attempt_of_a_step_is_claimed_once(database: Database) -> None:
    add(database, claim(outcome="failed", ended_at=NOW))
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        add(database, claim(outcome="failed", ended_at=NOW))
    add(database, claim(attempt=2))


def test_a_machine_has_one_open_claim_whatever_the_step(database: Database) -> None:
    add(database, claim())
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        add(database, claim(step="capture"))


def test_an_epoch_is_never_given_twice(database: Database) -> None:
    epochs = []
    for attempt in (1, 2):
        with database.write() as session:
            row = claim(attempt=attempt)
            session.add(row)
            session.flush()
            epochs.append(row.id)
        with database.write() as session:
            session.delete(session.get_one(Claim, row.id))
    assert epochs == [1, 2]


def test_a_token_belongs_to_one_claim(database: Database) -> None:
    add(database, claim(outcome="done", ended_at=NOW, arm_token_hash="h"))
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        add(database, claim(attempt=2, arm_token_hash="h"))


def test_one_plan_is_proposed_at_a_time(database: Database) -> None:
    add(database, Plan(created_at=NOW, created_by="x"))
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        add(database, Plan(created_at=NOW, created_by="x"))


def test_another_person_may_approve(database: Database) -> None:
    add(database, wave(submitted_by="a", approved_by="b"))
