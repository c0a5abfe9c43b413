"""The cause of a row: told in no language, and there again after a hold."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from rollout.domain.machine import MachineState, MachineVerb
from rollout.i18n import use_language
from rollout.i18n.told import told
from rollout.store import history, transitions
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Machine

NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
GONE = "the daemon that ran it is gone"


def machine(session: Session, tag: str = "DK20-000417") -> int:
    row = Machine(asset_tag=tag, generation="DK20", state="capturing", step="capture",
                  state_since=NOW)  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0


def move(session: Session, ids: list[int], verb: MachineVerb, reason: str | None = None) -> None:
    transitions.apply(session, Machine, ids, verb, actor="a", at=NOW, reason=reason)


def test_a_released_machine_has_the_cause_again_for_which_it_failed(migrated: Database) -> None:
    with migrated.write() as session:
        first, second = machine(session), machine(session, "DK20-000418")
        move(session, [first], MachineVerb.FAIL, "the disk is full")
        move(session, [second], MachineVerb.FALL_SILENT, told(GONE))
        move(session, [first, second], MachineVerb.HOLD, "its owner is away")
        move(session, [first, second], MachineVerb.RELEASE, "she is back")
    with migrated.read() as session:
        rows = session.exec(select(Machine).order_by(Machine.asset_tag)).all()
        assert [(row.state, row.cause) for row in rows] == [
            (MachineState.FAILED, "the disk is full"),
            (MachineState.SILENT, GONE),
        ]


def test_the_latest_of_several_causes_comes_back(migrated: Database) -> None:
    with migrated.write() as session:
        id_ = machine(session)
        for cause in ("first", "second"):
            move(session, [id_], MachineVerb.FAIL, cause)
            move(session, [id_], MachineVerb.RETRY)
            move(session, [id_], MachineVerb.BEGIN)
        move(session, [id_], MachineVerb.FAIL, "third")
        move(session, [id_], MachineVerb.HOLD, "wait")
        move(session, [id_], MachineVerb.RELEASE)
    with migrated.read() as session:
        assert session.exec(select(Machine.cause)).one() == "third"


def test_a_machine_that_is_released_to_go_on_has_no_cause(migrated: Database) -> None:
    with migrated.write() as session:
        id_ = machine(session)
        move(session, [id_], MachineVerb.FINISH)
        move(session, [id_], MachineVerb.HOLD, "wait")
        move(session, [id_], MachineVerb.RELEASE, "go")
    with migrated.read() as session:
        assert session.exec(select(Machine.cause)).one() is None


def test_cause_and_history_are_kept_in_no_language_and_the_chain_holds(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollout.i18n._chosen", [])
    use_language("ja")
    with migrated.write() as session:
        id_ = machine(session)
        move(session, [id_], MachineVerb.LOSE, told(GONE))
    use_language("en")
    with migrated.read() as session:
        kept = session.connection().execute(text("SELECT cause FROM machines")).scalar_one()
        assert session.exec(select(Machine.cause)).one() == GONE
        assert session.exec(select(AuditRow.reason)).one() == GONE
        assert history.verify(session).holds
    assert kept == '{"msgid":"the daemon that ran it is gone","values":{}}'


def test_a_reason_that_looks_like_what_is_kept_comes_back_as_typed(migrated: Database) -> None:
    typed = '{"msgid":"the daemon that ran it is gone","values":{}}'
    with migrated.write() as session:
        move(session, [machine(session)], MachineVerb.FAIL, typed)
    with migrated.read() as session:
        assert session.exec(select(Machine.cause)).one() == typed
        assert session.exec(select(AuditRow.reason)).one() == typed
        assert history.verify(session).holds
