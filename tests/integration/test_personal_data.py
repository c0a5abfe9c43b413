"""Somebody who is gone is forgotten everywhere, and the history still holds."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import databases
import pytest
from sqlmodel import select

from rollout.adapters.ansible.archive import RunArchive
from rollout.adapters.ansible.folder import RECORD
from rollout.adapters.holder import is_gone, own_name
from rollout.adapters.ledger import open_ledger
from rollout.application import backup, personal_data
from rollout.application import restore as restoring
from rollout.application.alone import alone
from rollout.application.ledger.importing import import_ledger
from rollout.application.operators import NotPermitted, Operator
from rollout.application.personal_data import ForgetRefused, StillOpen
from rollout.domain.errors import LeaseHeld
from rollout.domain.history import Fact
from rollout.domain.machine import MachineVerb
from rollout.domain.run import ClaimOutcome
from rollout.settings import OperatorRole, Settings, load
from rollout.store import backup as copies
from rollout.store import claims, commands, history, personal, runs, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import (
    Absence,
    Account,
    AuditRow,
    HostResult,
    Machine,
    Person,
    Run,
    TrainingRecord,
)

START = datetime(2022, 8, 1, 0, tzinfo=UTC)
RETURNED = START + timedelta(days=100)
LATER = RETURNED + timedelta(days=365)
APPROVER = Operator("suzuki", OperatorRole.APPROVER)
LEDGER = (
    "管理番号,世代,シリアル番号,コンピュータ名,部局,所属,庁舎・階,職員番号,氏名,カナ,用途,備考\n"
)
GONE, STAYS, SPOUSE = "004711", "004712", "004713"
SECRETS = ("髙橋", "誠一郎", "山﨑", "ヤマザキ", "タカハシ", "004711")
"""Whatever of the one who goes may not be left; her earlier name too."""


def ledger(folder: Path, *rows: str) -> Path:
    file = folder / "ledger.csv"
    file.write_text(LEDGER + "\n".join(rows), encoding="utf-8")
    return file


def take(database: Database, file: Path, now: datetime) -> None:
    import_ledger(
        database,
        open_ledger(file),
        operator=Operator("ito", OperatorRole.OPERATOR),
        now=now,
        today=now.date(),
    )


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text("[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    """Three people; the first changed her name and is mentioned wherever text is kept."""
    opened = Database(settings.database_url)
    databases.set_up(opened)
    machine = (
        "DK17-00040{n},DK17,PF2ABCD{n},PC17-0040{n},総務部,人事課,本庁1階,{who},一人一台,{remark}"
    )
    for name in ("山﨑 誠一郎,ヤマザキ セイイチロウ", "髙橋 誠一郎,タカハシ セイイチロウ"):
        rows = (
            machine.format(n=1, who=f"{GONE},{name}", remark=f"{name.split(',')[0]}さん 内線"),
            machine.format(n=2, who=f"{STAYS},伊藤 花子,イトウ ハナコ", remark=""),
            machine.format(n=3, who=f"{SPOUSE},高橋 次郎,タカハシジロウ", remark=""),
        )
        take(opened, ledger(tmp_path, *rows), START)
    mention(opened)
    yield opened
    opened.close()


def person_id(database: Database, number: str) -> int:
    with database.read() as session:
        found = personal.by_number(session, number)
        assert found is not None
        return found.id or 0


def mention(database: Database) -> None:
    """Text about her in every kind of place."""
    who = person_id(database, GONE)
    with database.write() as session:
        transitions.apply(
            session, Machine, [1], MachineVerb.HOLD, actor="ito", at=START,
            reason="髙橋誠一郎さん(004711)は休み",
        )  # fmt: skip
        transitions.apply(
            session, Machine, [2], MachineVerb.HOLD, actor="ito", at=START,
            reason="waits for 髙橋　誠一郎; DK20-004711 is another's",
        )  # fmt: skip
        run = Run(ident="run-1", lease_epoch=1, created_at=START, state_since=START)
        session.add(run)
        session.flush()
        claims.add(
            session,
            [{"machine_id": 1, "step": "preflight", "attempt": 1, "run_id": run.id,
              "created_at": START, "deadline_at": START,
              "report": '{"copy":"\\\\\\\\server\\\\004711","user":"髙橋 誠一郎"}'}],
        )  # fmt: skip
        claims.end(session, [1], ClaimOutcome.DONE, START)
        runs.add_results(
            session,
            [{"run_id": run.id, "machine_id": 1, "counter": 1, "task": "Copy", "status": "failed",
              "message": r"C:\Users\004711\Desktop of 髙橋誠一郎 is missing", "at": START}],
        )  # fmt: skip
        commands.ask(session, "probe_machine", 1, actor="ito", at=START, reason="ask 山﨑 誠一郎")
        session.add(Absence(person_id=who, first=START.date(), last=START.date(), note="入院"))
        account = Account(
            key=f"{GONE}/mailbox", person_id=who, service="mailbox", state_since=START
        )
        session.add(account)
        session.flush()
        history.append(
            session,
            [Fact(instant_text(START), "ito", "account", account.id or 0, account.key, "request",
                  None, None)],
        )  # fmt: skip
        session.add(
            TrainingRecord(person_id=who, course="A", course_key="a", taken_on=START.date())
        )


def give_back(database: Database, machine: int = 1) -> None:
    verbs = (MachineVerb.SUPERSEDE, MachineVerb.RETAIN, MachineVerb.ERASE, MachineVerb.GIVE_BACK)
    with database.write() as session:
        for verb in verbs:
            transitions.apply(
                session, Machine, [machine], verb, actor="ito", at=RETURNED, reason="replaced"
            )


def archive_of(settings: Settings) -> RunArchive:
    folder = settings.ansible.artifacts / "run-1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text("{}")
    (folder / "stdout").write_text("髙橋 誠一郎")
    return RunArchive(settings.ansible)


def forget(
    database: Database,
    settings: Settings,
    *numbers: str,
    operator: Operator = APPROVER,
    reason: str = "asked for on 1 November",
) -> list[personal_data.Forgotten]:
    people = personal_data.chosen(database, settings, numbers, LATER)
    return personal_data.forget(
        database, archive_of(settings), people, operator, reason, LATER,
        holder=own_name(), gone=is_gone,
    )  # fmt: skip


def files(database: Database) -> bytes:
    path = copies.file_of(database)
    return b"".join(
        file.read_bytes()
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))
        if file.exists()
    )


def test_nothing_of_her_is_left_in_the_files_and_the_history_holds(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    give_back(database)
    before = backup.make(database, tmp_path / "before.db")
    assert all(secret.encode() in files(database) for secret in SECRETS)
    (done,) = forget(database, settings, GONE)
    # Created and renamed; a remark that was amended; two machines held; an account asked for.
    # A remark, a cause, a report, the message of a task, a reason of a command, a key.
    assert (done.facts, done.texts) == (6, 6)
    assert (done.runs, (settings.ansible.artifacts / "run-1").exists()) == (1, False)
    left = files(database)
    for secret in SECRETS:
        if secret in ("004711", "タカハシ"):
            continue
        assert secret.encode() not in left, secret
    # Another's asset tag bears the same digits, and a relative the same family name.
    assert left.count(b"004711") == left.count(b"DK20-004711") > 0
    assert left.count("タカハシ".encode()) == left.count("タカハシジロウ".encode()) > 0
    assert "入院".encode() not in left
    with database.read() as session:
        assert history.verify(session).holds
    after = backup.make(database, tmp_path / "after.db")
    assert "誠一郎".encode() not in after.path.read_bytes()
    assert "誠一郎".encode() in before.path.read_bytes()


def test_what_is_left_is_a_pseudonym_and_everything_that_is_not_hers(
    database: Database, settings: Settings
) -> None:
    give_back(database)
    who = person_id(database, GONE)
    forget(database, settings, GONE)
    with database.read() as session:
        person = session.get(Person, who)
        assert person is not None
        assert (person.staff_number, person.name, person.kana) == (f"forgotten-{who}", "", "")
        assert person.forgotten_at == LATER
        assert session.exec(select(TrainingRecord.person_id)).all() == [who]
        assert session.exec(select(Absence)).all() == []
        reasons = session.exec(select(AuditRow.reason).where(AuditRow.verb == "hold")).all()
        assert reasons == [
            f"forgotten-{who}さん(forgotten-{who})は休み",
            f"waits for forgotten-{who}; DK20-004711 is another's",
        ]
        assert session.exec(select(HostResult.message)).all() == [
            rf"C:\Users\forgotten-{who}\Desktop of forgotten-{who} is missing"
        ]
        fact = session.exec(select(AuditRow).where(AuditRow.verb == "forget")).one()
        assert (fact.key, fact.actor, fact.reason) == (
            f"forgotten-{who}", "suzuki", "asked for on 1 November",
        )  # fmt: skip
        others = session.exec(select(Person.name).where(Person.id != who)).all()
        assert sorted(others) == ["伊藤 花子", "高橋 次郎"]


def test_a_text_that_may_be_about_a_namesake_stays(database: Database, settings: Settings) -> None:
    give_back(database)
    with database.write() as session:
        session.add(Person(staff_number="004799", name="髙橋誠一郎", kana="タカハシ"))
    who = person_id(database, GONE)
    forget(database, settings, GONE)
    with database.read() as session:
        reasons = session.exec(select(AuditRow.reason).where(AuditRow.verb == "hold")).all()
        assert reasons[0] == f"髙橋誠一郎さん(forgotten-{who})は休み"
        assert history.verify(session).holds
    assert "山﨑".encode() not in files(database), "her earlier name is nobody else's"


def test_a_pc_that_left_the_ledger_is_in_use_while_its_owner_is_in_service(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        session.get_one(Machine, 1).in_ledger = False
    assert personal_data.due(database, settings, LATER) == []
    with database.write() as session:
        session.get_one(Person, person_id(database, GONE)).left_on = date(2022, 9, 1)
    assert [one.staff_number for one in personal_data.due(database, settings, LATER)] == [GONE]


def test_she_can_come_back_as_somebody_new(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    give_back(database)
    who = person_id(database, GONE)
    forget(database, settings, GONE)
    who_again = f"{GONE},髙橋 誠一郎,タカハシ セイイチロウ"
    row = f"DK21-000409,DK21,PF2ABCD9,PC21-00409,総務部,人事課,本庁1階,{who_again},一人一台,"
    take(database, ledger(tmp_path, row), LATER)
    assert person_id(database, GONE) != who
    with database.read() as session:
        assert history.verify(session).holds


def test_the_preview_counts_what_will_go_and_changes_nothing(
    database: Database, settings: Settings
) -> None:
    give_back(database)
    who = person_id(database, GONE)
    seen = personal_data.preview(database, who)
    assert person_id(database, GONE) == who
    (done,) = forget(database, settings, GONE)
    assert (seen.facts, seen.texts, seen.runs) == (done.facts, done.texts, done.runs)


def test_only_who_is_gone_for_long_enough_is_due(database: Database, settings: Settings) -> None:
    def due(now: datetime) -> list[str]:
        return [person.staff_number for person in personal_data.due(database, settings, now)]

    assert due(LATER) == [], "every machine is in use"
    give_back(database)
    assert due(LATER - timedelta(days=1)) == []
    assert due(LATER) == [GONE]
    with database.write() as session:
        session.get_one(Person, person_id(database, STAYS)).left_on = date(2022, 9, 1)
    assert due(LATER) == [GONE], "who left still has a machine in use"
    give_back(database, 2)
    assert due(LATER) == [GONE, STAYS]


def test_who_may_not_be_forgotten_yet_is_named_with_the_reason(
    database: Database, settings: Settings
) -> None:
    give_back(database)
    with pytest.raises(ForgetRefused) as refusal:
        personal_data.chosen(database, settings, (STAYS, GONE, "999999"), LATER - timedelta(days=1))
    said = str(refusal.value)
    assert f"{STAYS} is in service or has a machine in use" in said
    assert f"{GONE} may be forgotten from 2023-11-09 on" in said
    assert "999999: nobody has this staff number" in said


def test_a_reason_that_names_her_is_refused(database: Database, settings: Settings) -> None:
    give_back(database)
    with pytest.raises(ForgetRefused, match="names the person"):
        forget(database, settings, GONE, reason="髙橋 誠一郎 has asked")
    assert person_id(database, GONE)


def test_an_operator_who_may_not_approve_is_refused(database: Database, settings: Settings) -> None:
    give_back(database)
    with pytest.raises(NotPermitted):
        forget(database, settings, GONE, operator=Operator("ito", OperatorRole.OPERATOR))


def test_it_is_refused_while_a_daemon_acts(database: Database, settings: Settings) -> None:
    give_back(database)
    with alone(database, "daemon:1:1", is_gone), pytest.raises(LeaseHeld):
        forget(database, settings, GONE)
    assert person_id(database, GONE)


def test_a_reader_that_keeps_the_old_state_is_named_and_its_end_removes_it(
    database: Database, settings: Settings
) -> None:
    give_back(database)
    reader = sqlite3.connect(copies.file_of(database), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM people").fetchone()
    with pytest.raises(StillOpen, match="end every program"):
        forget(database, settings, GONE)
    reader.close()
    database.close()
    assert "誠一郎".encode() not in files(database)


def test_a_restore_of_an_older_copy_says_whom_it_knows_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    give_back(database)
    who = person_id(database, GONE)
    old = backup.make(database, tmp_path / "old.db")
    forget(database, settings, GONE)
    done = restoring.restore(database, old.path, APPROVER, LATER, holder=own_name(), gone=is_gone)
    assert done.remembered == [who]
    forget(database, settings, GONE)
    assert "誠一郎".encode() not in files(database)


def test_what_becomes_of_every_table_that_points_to_people_is_decided() -> None:
    assert personal.undecided() == set(), "say so in store/personal.py: GOES or STAYS"
