"""What the measurements of a machine come to is kept as evidence and claims have it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import databases
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from rollout.domain.machine import Step
from rollout.domain.run import ClaimOutcome
from rollout.store import claims, evidence, migrate
from rollout.store.database import Database
from rollout.store.evidence import Measured
from rollout.store.exporting.beside import Controls, Until
from rollout.store.exporting.beside_past import ControlsThen
from rollout.store.tables import ControlSummary, Machine, Run

NOW = datetime(2023, 2, 1, tzinfo=UTC)
CONTROLS = ("edr_service", "Firewall", "tpm", "控え", "a, b")

verdicts = st.dictionaries(
    st.sampled_from(CONTROLS), st.sampled_from(["pass", "fail", "pending", "?"])
)
passages = st.lists(verdicts | st.sampled_from([Step.REIMAGE, Step.CONNECT]), max_size=6)
"""Of one machine: a look at some controls, or another step."""


class Told(NamedTuple):
    """A machine as its passage is told by hand."""

    passed: int
    failed: int
    pending: int
    lacking: str | None


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = databases.migrated(tmp_path_factory.mktemp("summaries") / "rollout.db")
    yield opened
    opened.close()


def pass_through(session: Session, passage: list[Any]) -> int:
    """A new machine that went through all of this; its id."""
    number = len(session.exec(select(Machine.id)).all()) + 1
    session.add(Machine(id=number, asset_tag=f"A{number}", generation="DK20", state_since=NOW))
    session.flush()
    for attempt, event in enumerate(passage):
        at = NOW + timedelta(hours=attempt)
        step = event if isinstance(event, Step) else Step.VERIFY
        run = Run(ident=f"{number}-{attempt}", step=step.value, lease_epoch=1, created_at=at,
                  state_since=at)  # fmt: skip
        session.add(run)
        session.flush()
        made = claims.add(
            session,
            [{"machine_id": number, "step": step.value, "attempt": attempt, "run_id": run.id,
              "created_at": at, "deadline_at": at}],
        )  # fmt: skip
        epoch = made[number].id
        if step is Step.VERIFY:
            said = [
                {"control": name, "value": "v", "verdict": verdict, "source": "s"}
                for name, verdict in event.items()
            ]
            evidence.add(session, [Measured(number, epoch, run.id or 0, said)], at)
        claims.end(session, [epoch], ClaimOutcome.DONE, at)
    return number


def told(passage: list[Any]) -> Told | None:
    known: dict[str, str] = {}
    for event in passage:
        if event is Step.REIMAGE:
            known = {}
        elif not isinstance(event, Step):
            known |= {
                name: "fail" if verdict == "?" else verdict for name, verdict in event.items()
            }
    if not known:
        return None
    counts = {
        verdict: list(known.values()).count(verdict) for verdict in ("pass", "fail", "pending")
    }
    lacking = sorted(name for name, verdict in known.items() if verdict != "pass")
    return Told(counts["pass"], counts["fail"], counts["pending"], ", ".join(lacking) or None)


@examples(max_examples=40)
@given(fleet=st.lists(passages, min_size=1, max_size=4))
def test_it_is_what_the_passages_of_machines_came_to(
    database: Database, fleet: list[list[Any]]
) -> None:
    with database.write() as session:
        ids = [pass_through(session, passage) for passage in fleet]
        kept = {row.machine_id: row for row in session.exec(select(ControlSummary))}
        now = Controls(session).of(ids)
        past = ControlsThen(session, Until(at=NOW + timedelta(days=1))).of(ids)
    for id_, passage in zip(ids, fleet, strict=True):
        wanted, row = told(passage), kept.get(id_)
        assert (row and Told(row.passed, row.failed, row.pending, row.lacking)) == wanted
    assert now == past


def test_the_migration_sums_up_what_had_been_measured(tmp_path: Path) -> None:
    fleet: list[list[Any]] = [
        [{"tpm": "pass", "Firewall": "fail", "edr_service": "pending", "控え": "fail"}],
        [{"tpm": "fail"}, {"tpm": "pass"}],
        [{"tpm": "fail", "Firewall": "pass"}, {"Firewall": "pending"}, Step.CONNECT],
        [{"tpm": "pass"}, Step.REIMAGE],
        [{"tpm": "fail"}, Step.REIMAGE, {"Firewall": "pass"}],
        [],
    ]
    database = databases.migrated(tmp_path / "rollout.db")
    with database.write() as session:
        for passage in fleet:
            pass_through(session, passage)
    before = summaries(database)
    migrate.downgrade(database, "0026")
    migrate.upgrade(database)
    assert summaries(database) == before
    assert [row[0] for row in before] == [1, 2, 3, 5]
    database.close()


def summaries(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as session:
        rows = session.connection().execute(
            columns(*(getattr(ControlSummary, name) for name in ControlSummary.model_fields))
            .order_by(col(ControlSummary.machine_id))
        )  # fmt: skip
        return [tuple(row) for row in rows]
