"""Reports of mailbox moves from a file into tables, history and people's mailbox services."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlmodel import select

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.adapters.ledger.lists import open_list
from rollout.application.doctor import mailboxes as doctor
from rollout.application.doctor.finding import Level
from rollout.application.mailboxes.approving import GradeRefused, approve
from rollout.application.mailboxes.holding import CAUSES, hold_back
from rollout.application.mailboxes.importing import MailboxesRefused, Order, import_mailboxes
from rollout.application.mailboxes.listing import batches, mailboxes
from rollout.application.mailboxes.reading import MailboxReport
from rollout.application.operators import NotPermitted, Operator
from rollout.application.readiness.query import readiness
from rollout.domain.account import AccountState, AccountVerb, CloudService
from rollout.domain.errors import NeedsApproval
from rollout.domain.mailbox_batch import Alarm, BatchStatus, Grade, Hindrance, MoveStatus, hindrance
from rollout.domain.readiness import Part
from rollout.settings import OperatorRole, Programme, Settings
from rollout.store import mailbox_moves, transitions
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import Account, AuditRow, MailboxMove, Person

NOW = datetime(2023, 2, 1, 3, tzinfo=UTC)
ITO = Operator("ito", OperatorRole.APPROVER)
SATO = Operator("sato", OperatorRole.APPROVER)
HEADER = "Identity,Status,BatchId,DataConsistencyScore,LastSuccessfulSyncTime,SkippedItemCount"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    programme = Programme(start=NOW.date(), cutover=NOW.date() + timedelta(days=90))
    return Settings.model_construct(
        programme=programme, database_url=databases.url(tmp_path / "rollout.db")
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Four people whose mailboxes are ready."""
    opened = Database(settings.database_url)
    databases.set_up(opened)
    with opened.write() as session:
        people = [
            Person(staff_number=f"{number:06}", name=f"職員 {number}") for number in (1, 2, 3, 4)
        ]
        session.add_all(people)
        session.flush()
        rows = [
            Account(
                key=f"{person.staff_number}/{service}",
                person_id=person.id or 0,
                service=service.value,
                state_since=NOW,
            )
            for person in people
            for service in (CloudService.IDENTITY, CloudService.LICENCE, CloudService.MAILBOX)
        ]
        session.add_all(rows)
        session.flush()
        transitions.apply(
            session, Account, [row.id or 0 for row in rows], AccountVerb.CONFIRM, actor="x", at=NOW
        )
    yield opened
    opened.close()


def row(number: int, status: str = "Synced", grade: str = "Perfect", batch: str = "第1弾") -> str:
    return f"{number:06}@pref.example.jp,{status},{batch},{grade},2023/1/31 21:00,0"


def run(
    database: Database,
    settings: Settings,
    folder: Path,
    *rows: str,
    header: str = HEADER,
    operator: Operator = ITO,
    now: datetime = NOW,
    encoding: str = "cp932",
    **order: Any,
) -> MailboxReport:
    file = folder / "移行.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return import_mailboxes(
        database,
        settings,
        open_list(file, "mailbox_batches"),
        operator=operator,
        now=now,
        order=Order(**order),
    )


def state(database: Database, number: int) -> tuple[str, Any]:
    with database.read() as session:
        found = session.exec(select(Account).where(Account.key == f"{number:06}/mailbox")).one()
        return found.state, getattr(found.cause, "message", found.cause)


def facts(database: Database, noun: str = "mailbox") -> list[tuple[str, str, Any]]:
    with database.read() as session:
        assert verify(session).holds
        rows = session.exec(
            select(AuditRow).where(AuditRow.noun == noun).order_by(AuditRow.id)  # type: ignore[arg-type]
        )
        return [(one.key, one.verb, json.loads(one.detail or "null")) for one in rows]


def test_a_bad_grade_takes_the_mailbox_out_of_what_is_ready(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    report = run(
        database, settings, tmp_path,
        row(1), row(2, grade="Good"), row(3, grade="Investigate"), row(4, grade="Poor"),
    )  # fmt: skip

    assert (report.created, report.bad) == (4, 0)
    assert report.grades == {"perfect": 1, "good": 1, "investigate": 1, "poor": 1}
    assert [state(database, number)[0] for number in (1, 2, 3, 4)] == [
        "ready", "ready", "blocked", "blocked",
    ]  # fmt: skip
    assert state(database, 3)[1] == CAUSES[Hindrance.INVESTIGATE]
    assert state(database, 4)[1] == CAUSES[Hindrance.POOR]
    ready = readiness(database, settings, NOW)
    assert {
        one.staff_number: Part.ACCOUNT in one.missing for one in ready.people
    } == {"000001": False, "000002": False, "000003": True, "000004": True}  # fmt: skip


def test_the_same_report_again_changes_nothing_and_a_new_one_goes_into_the_history(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1), row(2))
    before = len(facts(database))

    again = run(database, settings, tmp_path, row(1), row(2), now=NOW + timedelta(days=1))
    assert (again.unchanged, again.changed, len(facts(database))) == (2, 0, before)

    run(
        database,
        settings,
        tmp_path,
        row(1),
        row(2, "Finalized", "Good"),
        now=NOW + timedelta(days=2),
    )

    key, verb, detail = facts(database)[-1]
    assert (key, verb) == ("000002", "report")
    assert (detail["status"], detail["grade"]) == (["synced", "finalized"], ["perfect", "good"])


def test_an_older_report_does_not_overtake_a_newer_one(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, "Finalized"))
    run(database, settings, tmp_path, row(1, "Finalized"), now=NOW + timedelta(days=3))

    late = run(
        database, settings, tmp_path, row(1, "Synced", "Poor"), now=NOW + timedelta(days=4),
        reported_at=NOW + timedelta(days=2),
    )  # fmt: skip

    assert late.older == 1
    (shown,) = mailboxes(database)
    assert (shown.status, shown.grade) == (MoveStatus.FINALIZED, Grade.PERFECT)
    with pytest.raises(MailboxesRefused, match="future"):
        run(database, settings, tmp_path, row(1), reported_at=NOW + timedelta(days=9))


def test_investigate_is_approved_by_somebody_else_for_as_long_as_the_grade_stays(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, grade="Investigate"))

    with pytest.raises(NotPermitted):
        approve(database, "000001", Operator("abe", OperatorRole.OPERATOR), NOW, "見た")
    with pytest.raises(GradeRefused, match="reason"):
        approve(database, "000001", SATO, NOW, "  ")
    with pytest.raises(NeedsApproval):
        approve(database, "000001", ITO, NOW, "自分で取り込んだ")
    with pytest.raises(NeedsApproval):
        approve(database, "000001", Operator("000001", OperatorRole.APPROVER), NOW, "自分の")
    assert state(database, 1)[0] == "blocked"

    approve(database, "000001", SATO, NOW, "迷惑メール3通のみ")
    assert state(database, 1)[0] == "requested"
    assert facts(database)[-1][:2] == ("000001", "approve")
    with pytest.raises(GradeRefused, match="already"):
        approve(database, "000001", SATO, NOW, "もう一度")

    same = NOW + timedelta(days=1)
    run(database, settings, tmp_path, row(1, "Finalized", "Investigate"), operator=SATO, now=same)
    assert state(database, 1)[0] == "requested"

    for day, grade in ((2, "Good"), (3, "Investigate")):
        run(database, settings, tmp_path, row(1, grade=grade), now=NOW + timedelta(days=day))
    assert state(database, 1) == ("blocked", CAUSES[Hindrance.INVESTIGATE])


def test_poor_cannot_be_approved_and_ends_with_a_better_report(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, grade="Poor"), row(2))

    with pytest.raises(GradeRefused, match="Poor, which nobody can approve"):
        approve(database, "000001", SATO, NOW, "急ぐ")
    with pytest.raises(GradeRefused, match="needs no approval"):
        approve(database, "000002", SATO, NOW, "念のため")
    with pytest.raises(GradeRefused, match="no report"):
        approve(database, "000003", SATO, NOW, "報告がない")

    run(database, settings, tmp_path, row(1, grade="Good"), now=NOW + timedelta(days=1))
    assert state(database, 1)[0] == "requested"


def test_a_mailbox_that_an_answer_made_ready_meanwhile_is_kept_back_at_the_next_look(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, grade="Poor"))
    with database.write() as session:
        (account,) = session.exec(select(Account).where(Account.key == "000001/mailbox")).all()
        transitions.apply(
            session, Account, [account.id or 0], AccountVerb.CONFIRM, actor="accounts", at=NOW
        )

    hold_back(database, actor="accounts", at=NOW)

    assert state(database, 1) == ("blocked", CAUSES[Hindrance.POOR])


def test_another_cause_of_a_blocked_mailbox_is_left_alone(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with database.write() as session:
        (account,) = session.exec(select(Account).where(Account.key == "000001/mailbox")).all()
        transitions.apply(session, Account, [account.id or 0], AccountVerb.BLOCK, actor="x", at=NOW,
                          reason="no mailbox")  # fmt: skip

    run(database, settings, tmp_path, row(1))

    assert state(database, 1) == (AccountState.BLOCKED, "no mailbox")


def test_the_conditions_in_sql_are_those_of_the_domain(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, grade="Investigate"))
    approve(database, "000001", SATO, NOW, "可")
    for status in MoveStatus:
        for grade in (None, *Grade):
            for approved in (False, True):
                by = "sato" if approved and grade is Grade.INVESTIGATE else None
                with database.write() as session:
                    mailbox_moves.change(
                        session,
                        {1: {"status": status.value, "grade": grade and grade.value,
                             "approved_by": by}},
                    )  # fmt: skip
                with database.read() as session:
                    found = mailbox_moves.hindrances(session).get(1)
                assert found is hindrance(status, grade, grade if by else None)


def test_the_database_itself_refuses_an_approval_by_who_brought_the_report(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    run(database, settings, tmp_path, row(1, grade="Investigate"))

    with pytest.raises(Exception, match="ck_mailbox_moves_four_eyes"), database.write() as session:
        mailbox_moves.change(session, {1: {"approved_by": "ito"}})


def test_dirty_reports_give_every_bad_cell_at_once(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    report = run(
        database, settings, tmp_path,
        "移行バッチの状況,,,,,",
        "メールアドレス,状態,バッチ,データ整合性,最終同期日時,職員番号",
        "000001@PREF.example.jp,同期済み,第1弾,要調査,R5.1.31,",
        "000002@pref.example.jp,まだ,第1弾,良好,2023/1/31,",
        "soumu@pref.example.jp,同期済み,第1弾,完全,2023/1/31,",
        "x@pref.example.jp,同期済み,,まあまあ,いつか,３",
        "x@pref.example.jp,同期済み,,良好,,４",
        "000001@pref.example.jp,失敗,第1弾,要調査,R5.1.31,",
        header="令和5年2月",
    )  # fmt: skip

    assert (report.rows, report.bad) == (6, 3)
    assert [(fault.row, fault.field) for fault in report.faults] == [
        (5, "status"), (7, "grade"), (7, "synced_on"), (9, "mailbox"),
    ]  # fmt: skip
    assert report.foreign == 1
    assert {one.staff_number for one in mailboxes(database)} == {"000001", "000004"}


def test_the_batch_is_named_by_the_command_where_the_file_does_not(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    header = "Identity,Status"
    with pytest.raises(MailboxesRefused, match="--batch"):
        run(database, settings, tmp_path, "000001@pref.example.jp,Synced", header=header)
    with pytest.raises(LedgerUnreadable):
        run(database, settings, tmp_path, "000001@pref.example.jp", header="Identity")

    run(
        database, settings, tmp_path, "000001@pref.example.jp,Synced", header=header,
        batch="第2弾", batch_status=BatchStatus.STOPPED,
    )  # fmt: skip

    (shown,) = batches(database, settings, NOW)
    assert (shown.name, shown.status, shown.alarm) == ("第2弾", BatchStatus.STOPPED, Alarm.STOPPED)


def test_a_dry_run_leaves_no_trace(database: Database, settings: Settings, tmp_path: Path) -> None:
    report = run(database, settings, tmp_path, row(1, grade="Poor"), dry_run=True,
                 operator=Operator("guest", OperatorRole.VIEWER))  # fmt: skip

    assert (report.created, report.applied) == (1, False)
    assert (list(mailboxes(database)), facts(database), state(database, 1)[0]) == ([], [], "ready")
    with pytest.raises(NotPermitted):
        run(database, settings, tmp_path, row(1), operator=Operator("guest", OperatorRole.VIEWER))


def test_the_stop_date_is_an_alarm_until_the_batch_is_touched_or_completed(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    header = HEADER + ",開始日時"
    run(database, settings, tmp_path, f"{row(1)},2022/12/20 9:00", header=header)

    def seen(day: int) -> list[tuple[Level, str]]:
        at = datetime(2023, 2, day, 3, tzinfo=UTC)
        return [(one.level, one.found) for one in doctor.examine(database, settings, at)]

    assert seen(3) == []
    assert seen(4) == [(Level.WARNING, "stops soon 2023-02-18")]
    assert seen(18) == [(Level.PROBLEM, "overdue 2023-02-18")]

    run(database, settings, tmp_path, f"{row(1)},2023/2/10 9:00", header=header,
        now=NOW + timedelta(days=10))  # fmt: skip
    assert seen(18) == []
    run(database, settings, tmp_path, row(1, "Finalized"), now=NOW + timedelta(days=11))
    (shown,) = batches(database, settings, NOW + timedelta(days=200))
    assert (shown.status, shown.stop, shown.alarm) == (BatchStatus.COMPLETED, None, None)


def test_somebody_who_is_forgotten_leaves_no_move(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    from rollout.store import personal

    run(database, settings, tmp_path, row(1, grade="Investigate"), row(2))
    with database.write() as session:
        personal.forget(session, personal.by_id(session, 1), NOW)

    with database.read() as session:
        assert [one.person_id for one in session.exec(select(MailboxMove)).all()] == [2]
