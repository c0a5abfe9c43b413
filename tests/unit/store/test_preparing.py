"""Who is to be prepared in use is read from an index of those alone, not from all in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import databases
import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from rollout.domain.machine import MachineVerb
from rollout.store import preparing, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine

NOW = datetime(2023, 2, 1, tzinfo=UTC)
THROUGH = (
    MachineVerb.PLAN,
    *(MachineVerb.BEGIN, MachineVerb.FINISH) * 6,
    MachineVerb.HAND_OVER,
)


@pytest.fixture
def in_use(migrated: Database) -> Database:
    """Four machines at their owners', none of them prepared for leaving."""
    with migrated.write() as session:
        for number in range(1, 5):
            machine = Machine(
                asset_tag=f"A{number}",
                serial=f"S{number}",
                computer_name=f"PC{number}",
                generation=f"DK2{number % 2}",
                state_since=NOW,
            )
            session.add(machine)
            session.flush()
            move(session, number, *THROUGH)
    return migrated


def move(session: Session, id_: int, *verbs: MachineVerb) -> None:
    for verb in verbs:
        transitions.apply(session, Machine, [id_], verb, actor="x", at=NOW)


def due(database: Database) -> list[int | None]:
    with database.read() as session:
        found = preparing.due(
            session, ["DK20", "DK21"], date(2023, 2, 1), asked_before=NOW, everybody=True
        )
    return [machine.id for machine in found]


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """How the database finds the machines of every statement in the block."""
    lines: list[str] = []
    word = "EXPLAIN" if databases.POSTGRESQL else "EXPLAIN QUERY PLAN"

    @event.listens_for(database.engine, "before_cursor_execute")
    def explain(connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.startswith("SELECT machines"):
            raw = connection.connection.dbapi_connection.cursor()
            if databases.POSTGRESQL:
                # So few rows are always read as a whole: what matters is whether it could be else.
                raw.execute("SET LOCAL enable_seqscan = off")
                raw.execute("SET LOCAL enable_bitmapscan = off")
            raw.execute(f"{word} {statement}", given)
            lines.append(" ".join(str(row[-1]) for row in raw.fetchall()))

    yield lines
    event.remove(database.engine, "before_cursor_execute", explain)


def test_only_those_that_are_due_are_read_in_the_order_in_which_they_wait(in_use: Database) -> None:
    with in_use.write() as session:
        session.connection().execute(text("ANALYZE"))
    with plans(in_use) as found:
        assert due(in_use) == [1, 2, 3, 4]
    assert len(found) == 2, "one statement for each generation"
    for plan in found:
        assert "ix_machines_to_enable" in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


def test_who_was_prepared_is_not_due_until_its_disk_is_rewritten(in_use: Database) -> None:
    with in_use.write() as session:
        move(session, 2, MachineVerb.BEGIN, MachineVerb.FINISH, MachineVerb.HAND_BACK)
        move(session, 3, MachineVerb.BEGIN, MachineVerb.STAND_DOWN, MachineVerb.HAND_BACK)
    assert due(in_use) == [1, 3, 4]
    with in_use.write() as session:
        # No move leads there yet: what counts is what the step says when it is done.
        session.connection().execute(
            text("UPDATE machines SET state = 'reimaging', step = 'reimage' WHERE id = 2")
        )
        move(session, 2, MachineVerb.FINISH)
        move(session, 2, *THROUGH[7:])
    assert due(in_use) == [1, 2, 3, 4]


def test_what_the_ledger_keeps_in_is_not_due(in_use: Database) -> None:
    with in_use.write() as session:
        for id_, may_leave in ((1, True), (2, False)):
            machine = session.get(Machine, id_)
            assert machine is not None
            machine.may_leave = may_leave
            session.add(machine)
    assert due(in_use) == [1, 3, 4]
