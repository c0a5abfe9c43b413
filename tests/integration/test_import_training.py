"""The import of trainings, and who is missing, on a real database and real files."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import openpyxl
import pytest
from sqlmodel import select

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.adapters.ledger.lists import open_list
from rollout.application.operators import NotPermitted, Operator
from rollout.application.training.importing import (
    TrainingRefused,
    TrainingReport,
    import_training,
)
from rollout.application.training.status import NoSuchDepartment, TrainingStatus
from rollout.application.training.status import status as status_of
from rollout.settings import OperatorRole, Programme, Settings, Training
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import (
    AuditRow,
    Department,
    Machine,
    Person,
    TrainingRecord,
    Wave,
)

NOW = datetime(2022, 10, 20, 0, 0, tzinfo=UTC)
TODAY = date(2022, 10, 20)
OPERATOR = Operator("ito", OperatorRole.OPERATOR)
SECURITY, BYOD = "情報セキュリティ研修", "BYOD研修"
HEADER = "職員番号,氏名,研修名,受講日,点数,判定"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        general = Department(bureau="総務部", division="人事課", valid_from=TODAY)
        session.add(general)
        session.flush()
        for number, name in enumerate(("髙橋 誠", "山﨑 花子", "佐藤 健", "鈴木 涼"), 1):
            session.add(
                Person(
                    staff_number=f"{number:06}",
                    name=name,
                    department_id=general.id if number < 3 else None,
                    left_on=date(2022, 9, 30) if number == 4 else None,
                )
            )
    yield opened
    opened.close()


def run(
    database: Database,
    folder: Path,
    *rows: str,
    header: str = HEADER,
    encoding: str = "cp932",
    course: str | None = None,
    taken_on: date | None = None,
    dry_run: bool = False,
    operator: Operator = OPERATOR,
) -> TrainingReport:
    file = folder / "研修.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return import_training(
        database,
        open_list(file, "training"),
        operator=operator,
        now=NOW,
        today=TODAY,
        course=course,
        taken_on=taken_on,
        dry_run=dry_run,
    )


def records(database: Database) -> list[tuple[str, str, date, float | None, bool | None]]:
    with database.read() as session:
        rows = session.exec(
            select(TrainingRecord, Person.staff_number)
            .join(Person)
            .order_by(Person.staff_number, TrainingRecord.course)
        ).all()
        return [(who, row.course, row.taken_on, row.score, row.passed) for row, who in rows]


def test_a_list_as_it_arrives_is_understood(database: Database, tmp_path: Path) -> None:
    report = run(
        database,
        tmp_path,
        "1,髙橋　誠,情報ｾｷｭﾘﾃｨ研修,R4.10.3,８５点,合格",
        "０００００２,山﨑 花子,〃,令和4年10月4日,55/100,不合格",
        "000003,佐藤 健,ＢＹＯＤ研修,2022/10/5,修了,",
        ",,,,,",
        HEADER,
        header=f"令和4年度 研修受講者一覧,,,,,\n,,,,,\n{HEADER}",
    )
    assert (report.created, report.bad, report.faults) == (3, 0, [])
    assert records(database) == [
        ("000001", SECURITY, date(2022, 10, 3), 85.0, True),
        ("000002", SECURITY, date(2022, 10, 4), 55.0, False),
        ("000003", BYOD, date(2022, 10, 5), None, True),
    ]


def test_the_same_file_again_changes_nothing_and_a_corrected_one_amends(
    database: Database, tmp_path: Path
) -> None:
    row = f"000001,髙橋 誠,{SECURITY},2022/10/3,55,不合格"
    run(database, tmp_path, row)
    again = run(database, tmp_path, row)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 1)
    amended = run(database, tmp_path, f"000001,髙橋 誠,{SECURITY},2022/10/3,75,合格")
    assert (amended.created, amended.changed) == (0, 1)
    assert records(database) == [("000001", SECURITY, date(2022, 10, 3), 75.0, True)]
    with database.read() as session:
        verbs = session.exec(select(AuditRow.verb)).all()
        assert list(verbs) == ["train", "amend"]
        assert verify(session).holds


def test_every_bad_cell_is_named_with_its_row_and_remedy_and_keeps_only_its_row_out(
    database: Database, tmp_path: Path
) -> None:
    report = run(
        database,
        tmp_path,
        f"000001,髙橋 誠,{SECURITY},2022/10/3,80,合格",
        f"999999,幽霊,{SECURITY},2022/10/3,80,合格",
        f"000002,山﨑 花子,{SECURITY},2022/13/3,満点,たぶん",
        f"000003,佐藤 健,{SECURITY},2022/10/21,80,",
        f",佐藤 健,{SECURITY},2022/10/3,80,",
        f"000001,髙橋 誠,{SECURITY},2022/10/3,81,合格",
        f"000002,山﨑 花子,{SECURITY},,80,",
    )
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (3, "職員番号"),
        (4, "判定"),
        (4, "点数"),
        (4, "受講日"),
        (5, "受講日"),
        (6, "職員番号"),
        (7, "点数"),
        (8, "受講日"),
    ]
    assert all(fault.why() and fault.what_to_do() for fault in report.faults)
    assert (report.good, report.bad, report.created) == (1, 6, 1)
    assert [row[0] for row in records(database)] == ["000001"]


def test_a_training_of_today_counts(database: Database, tmp_path: Path) -> None:
    assert run(database, tmp_path, f"1,髙橋 誠,{SECURITY},2022/10/20,,").created == 1


def test_who_was_absent_has_no_record(database: Database, tmp_path: Path) -> None:
    report = run(
        database,
        tmp_path,
        f"000001,髙橋 誠,{SECURITY},,,未受講",
        f"000002,山﨑 花子,{SECURITY},2022/10/3,欠席,",
    )
    assert (report.absent, report.good, report.created) == (2, 2, 0)
    assert records(database) == []


def test_another_name_is_taken_but_remarked(database: Database, tmp_path: Path) -> None:
    report = run(database, tmp_path, f"000001,山﨑 花子,{SECURITY},2022/10/3,80,合格")
    assert report.created == 1
    ((remark,),) = [report.remarks.values()]
    assert (remark.count, remark.rows) == (1, [2])


def test_a_dry_run_says_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    report = run(
        database, tmp_path, f"000001,髙橋 誠,{SECURITY},2022/10/3,80,合格", dry_run=True,
        operator=Operator("guest", OperatorRole.VIEWER),
    )  # fmt: skip
    assert (report.created, report.applied) == (1, False)
    assert records(database) == []


def test_viewers_import_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        run(database, tmp_path, operator=Operator("guest", OperatorRole.VIEWER))


def test_a_file_of_one_course_on_one_day_needs_no_columns_for_them(
    database: Database, tmp_path: Path
) -> None:
    header, row = "職員番号,氏名", "000001,髙橋 誠"
    with pytest.raises(TrainingRefused, match="--course"):
        run(database, tmp_path, row, header=header)
    with pytest.raises(TrainingRefused, match="--date"):
        run(database, tmp_path, row, header=header, course=SECURITY)
    day = date(2022, 10, 3)
    assert run(database, tmp_path, row, header=header, course=SECURITY, taken_on=day).created == 1
    assert records(database) == [("000001", SECURITY, day, None, None)]


def test_a_workbook_with_real_dates_and_numbers(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "研修.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER.split(","))
    sheet.append([1, "髙橋 誠", SECURITY, date(2022, 10, 3), 72.5])
    book.save(file)
    report = import_training(
        database, open_list(file, "training"), operator=OPERATOR, now=NOW, today=TODAY
    )
    assert (report.created, report.faults) == (1, [])
    assert records(database) == [("000001", SECURITY, date(2022, 10, 3), 72.5, None)]


def test_a_file_that_is_no_list_of_trainings_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable, match="職員番号"):
        run(database, tmp_path, "x,y", header="研修名,受講日", course=SECURITY)


def settings(*courses: str, pass_score: float | None = None) -> Settings:
    return Settings.model_construct(
        programme=Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1)),
        training=Training(courses=courses, pass_score=pass_score),
    )


def status(database: Database, *courses: str, department: str | None = None) -> TrainingStatus:
    return status_of(database, settings(*courses, pass_score=60), TODAY, department=department)


def test_the_status_counts_everybody_once_by_department_and_wave(
    database: Database, tmp_path: Path
) -> None:
    run(
        database,
        tmp_path,
        f"000001,,{SECURITY},2022/10/3,60,",
        f"000001,,{BYOD},2022/10/3,90,",
        f"000002,,{SECURITY},2022/10/3,59,",
        f"000003,,{SECURITY},2022/10/3,80,",
    )
    with database.write() as session:
        wave = Wave(number=7, first_day=TODAY, last_day=TODAY, state_since=NOW)
        session.add(wave)
        session.flush()
        owner = session.exec(select(Person).where(Person.staff_number == "000002")).one()
        for tag in ("DK20-000001", "DK20-000002"):
            session.add(
                Machine(
                    asset_tag=tag, generation="DK20", owner_id=owner.id, wave_id=wave.id,
                    state_since=NOW,
                )
            )  # fmt: skip

    found = status(database, SECURITY, "ｂｙｏｄ研修")

    assert (found.people, found.trained) == (3, 1), "who has left is not asked"
    assert [(one.name, one.people, one.trained) for one in found.by_department] == [
        ("総務部", 2, 1),
        (None, 1, 0),
    ]
    assert [(one.name, one.people, one.trained) for one in found.by_wave] == [
        (7, 1, 0),
        (None, 2, 1),
    ]
    assert {entry.person.staff_number: list(entry.courses) for entry in found.missing} == {
        "000002": [SECURITY, "ｂｙｏｄ研修"],
        "000003": ["ｂｙｏｄ研修"],
    }


def test_the_status_of_one_department(database: Database, tmp_path: Path) -> None:
    run(database, tmp_path, f"000001,,{SECURITY},2022/10/3,60,")
    for name in ("総務部", "総務部 人事課", "総務部　人事課"):
        assert status(database, SECURITY, department=name).people == 2
    with pytest.raises(NoSuchDepartment, match="企業庁"):
        status(database, SECURITY, department="企業庁")


def test_without_a_demanded_course_nobody_counts_as_trained(
    database: Database, tmp_path: Path
) -> None:
    run(database, tmp_path, f"000001,,{SECURITY},2022/10/3,60,")
    found = status(database)
    assert (found.demanded, found.trained, list(found.missing)) == ([], 0, [])
    assert [(one.name, one.records) for one in found.courses] == [(SECURITY, 1)]
