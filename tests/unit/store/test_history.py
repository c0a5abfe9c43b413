"""Tampering with the history is found, with the row where it begins."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, insert, text
from sqlmodel import select

from rollout.domain.history import GENESIS, Fact, digest
from rollout.domain.machine import MachineVerb
from rollout.store import history, transitions
from rollout.store.database import Database
from rollout.store.redaction import Text, redact
from rollout.store.tables import AuditHead, AuditRow, Machine

NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
LENGTH = 12


@pytest.fixture
def told(migrated: Database) -> Database:
    """Six machines planned, then held: twelve facts. The triggers are off, as for an intruder."""
    with migrated.write() as session:
        connection = session.connection()
        connection.execute(
            insert(Machine),
            [
                {"asset_tag": f"DK20-{n:06d}", "generation": "DK20", "state_since": NOW}
                for n in range(1, 7)
            ],
        )
        for verb, reason in ((MachineVerb.PLAN, None), (MachineVerb.HOLD, "𠮷野さん\n休み")):
            transitions.apply(
                session, Machine, range(1, 7), verb, actor="x", at=NOW, reason=reason,
                detail={"n": 1},
            )  # fmt: skip
        for trigger in guards(connection):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
    return migrated


def guards(connection: Connection) -> tuple[str, ...]:
    """The triggers that refuse to change the history."""
    if connection.dialect.name == "postgresql":
        return ("tr_audit_change ON audit", "tr_audit_truncate ON audit")
    return ("tr_audit_update", "tr_audit_delete")


def tamper(database: Database, statement: str) -> history.Verdict:
    with database.write() as session:
        session.connection().exec_driver_sql(statement)
    with database.read() as session:
        return history.verify(session)


def test_the_digest_of_a_fact_never_changes() -> None:
    # Worked out with sha256sum: whoever changes this makes every kept history look forged.
    fact = Fact(
        at="2022-11-01T09:00:00.000000Z", actor="吉野", noun="machine", noun_id=417,
        key="DK20-000417", verb="hold", from_state="planned", to_state="held", reason="a\n\"b\"",
        run_id=None, version=3, detail='{"n":1}',
    )  # fmt: skip
    assert (
        digest(GENESIS, fact) == "898f436623f78b02f24dbaa3c32d7bff457ededcc9127a5c50b1d1f2e8ae1219"
    )


def test_an_untouched_history_holds(told: Database) -> None:
    walked: list[int] = []
    with told.read() as session:
        verdict = history.verify(session, walked.append)
    assert (verdict.holds, verdict.rows, walked) == (True, LENGTH, [LENGTH])


def test_an_empty_history_holds(migrated: Database) -> None:
    with migrated.read() as session:
        assert history.verify(session).holds


@pytest.mark.parametrize(
    "change",
    [
        "at = '2022-11-01T09:00:00.000001Z'",
        "actor = 'y'",
        "noun = 'wave'",
        "noun_id = 99",
        "key = 'DK20-000099'",
        "verb = 'release'",
        "from_state = NULL",
        "to_state = 'returned'",
        "reason = NULL",
        "reason = reason || ' '",
        "run_id = 1",
        "version = 9",
        "detail = '{\"n\":2}'",
        "digest = substr(digest, 2) || '0'",
    ],
)
@pytest.mark.parametrize("row", [1, 8, LENGTH])
def test_a_changed_column_is_found_at_its_row(told: Database, change: str, row: int) -> None:
    if row == 1 and change.startswith("reason"):
        change = "reason = 'later'"
    verdict = tamper(told, f"UPDATE audit SET {change} WHERE id = {row}")  # noqa: S608
    assert (verdict.holds, verdict.broken_at, verdict.rows) == (False, row, row - 1)


@pytest.mark.parametrize("row", [1, 5])
def test_a_removed_row_is_found_at_the_row_behind_it(told: Database, row: int) -> None:
    verdict = tamper(told, f"DELETE FROM audit WHERE id = {row}")  # noqa: S608
    assert (verdict.holds, verdict.broken_at) == (False, row + 1)


def test_a_removed_end_is_found_by_the_recorded_head(told: Database) -> None:
    verdict = tamper(told, f"DELETE FROM audit WHERE id = {LENGTH}")  # noqa: S608
    assert not verdict.holds
    assert verdict.broken_at is None
    assert "recorded end is after 12 rows, the history has 11" in str(verdict.why)


def test_swapped_rows_are_found_at_the_first(told: Database) -> None:
    for statement in ("id = 99 WHERE id = 3", "id = 3 WHERE id = 4"):
        tamper(told, f"UPDATE audit SET {statement}")  # noqa: S608
    assert tamper(told, "UPDATE audit SET id = 4 WHERE id = 99").broken_at == 3


def test_a_row_added_with_a_right_digest_is_found_by_the_recorded_head(told: Database) -> None:
    with told.write() as session:
        last = session.exec(select(AuditRow).where(AuditRow.id == LENGTH)).one()
        fact = Fact("2022-11-01T09:00:00.000000Z", "x", "machine", 1, "k", "hold", None, None)
        session.add(
            AuditRow(at=NOW, actor="x", noun="machine", noun_id=1, key="k", verb="hold",
                     digest=digest(last.digest, fact))
        )  # fmt: skip
    with told.read() as session:
        verdict = history.verify(session)
    assert (verdict.holds, verdict.broken_at, verdict.rows) == (False, None, LENGTH + 1)


def test_a_history_without_its_head_does_not_hold(told: Database) -> None:
    verdict = tamper(told, "DELETE FROM audit_head")
    assert (verdict.holds, verdict.why) == (False, "the end of the chain is not recorded")


def redacted(database: Database, row: int = 8, instead: str = "[removed]") -> None:
    """Row `row` loses its reason, as when somebody in it is forgotten."""
    with database.write() as session:
        kept = session.exec(select(AuditRow).where(AuditRow.id == row)).one()
        text_now = Text(row, kept.noun, kept.noun_id, kept.key, instead, kept.detail)
        fact = Fact("2023-11-01T09:00:00.000000Z", "a", "person", 1, "forgotten-1", "", None, None)
        redact(session, [text_now], fact)


def test_a_redacted_history_holds_and_the_text_is_gone(told: Database) -> None:
    redacted(told)
    with told.read() as session:
        assert history.verify(session).holds
        row = session.get(AuditRow, 8)
        assert row is not None
        assert (row.reason, row.salt) == ("[removed]", None)


def test_a_row_can_be_redacted_again(told: Database) -> None:
    redacted(told)
    redacted(told, instead="-")
    with told.read() as session:
        assert history.verify(session).holds


def test_the_triggers_let_a_redaction_pass(migrated: Database) -> None:
    with migrated.write() as session:
        history.append(
            session,
            [Fact("2022-11-01T09:00:00.000000Z", "a", "wave", 1, "1", "halt", None, None, "x")],
        )
    redacted(migrated, row=1)
    with migrated.read() as session:
        assert history.verify(session).holds


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'invented', salt = NULL, redacted_by = 13",
        "reason = 'invented', salt = NULL, redacted_by = 99",
        "key = 'DK20-000099', salt = NULL, redacted_by = 1",
    ],
)
@pytest.mark.parametrize("row", [3, 8])
def test_text_that_no_fact_redacted_is_found(told: Database, change: str, row: int) -> None:
    redacted(told)
    verdict = tamper(told, f"UPDATE audit SET {change} WHERE id = {row}")  # noqa: S608
    assert (verdict.holds, verdict.broken_at) == (False, row)
    assert "no later fact says so" in str(verdict.why)


def test_a_salt_cannot_be_taken_away(told: Database) -> None:
    assert tamper(told, "UPDATE audit SET salt = NULL WHERE id = 5").broken_at == 5


def test_rows_of_before_salts_hold_beside_new_ones(told: Database) -> None:
    with told.write() as session:
        head = session.exec(select(AuditHead)).one()
        fact = Fact("2022-11-01T09:00:00.000000Z", "x", "machine", 1, "k", "hold", None, None)
        head.digest = digest(head.digest, fact)
        head.rows += 1
        session.add(head)
        session.add(
            AuditRow(at=NOW, actor="x", noun="machine", noun_id=1, key="k", verb="hold",
                     digest=head.digest)
        )  # fmt: skip
        session.flush()
        history.append(session, [fact])
    with told.read() as session:
        assert history.verify(session).holds
