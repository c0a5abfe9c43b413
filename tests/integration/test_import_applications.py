"""The import of applications on a real database and real files, as dirty as a ledger."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import databases
import openpyxl
import pytest
from sqlmodel import select

from rollout.adapters.ledger.lists import open_list
from rollout.application.applications.importing import (
    ApplicationsRefused,
    ApplicationsReport,
    import_applications,
)
from rollout.application.applications.reading import Given
from rollout.application.applications.words import Form
from rollout.application.byod.applying import ApplicationRefused, decide
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.account import AccountState, CloudService
from rollout.settings import OperatorRole, Settings
from rollout.settings.accounts import Accounts
from rollout.settings.byod import Byod
from rollout.settings.planning import Generation
from rollout.settings.takehome import TakeHome
from rollout.settings.tree import Programme
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import Account, AuditRow, Machine, Person, PersonalDevice, Takeout

NOW = datetime(2022, 11, 20, 0, 0, tzinfo=UTC)
CLERK = Operator("ito", OperatorRole.OPERATOR)
CHIEF = Operator("ken", OperatorRole.APPROVER)
HEADER = (
    "職員番号,氏名,申請書,申請区分,OS,機種,利用目的,申請日,同意した規程,同意日,所属長,所属長の判断,"
    "管理番号,持出開始日,持出終了日,持出先"
)
PHONE = (
    "000001,髙橋 誠,私有スマートデバイス利用許可申請書,新規,iOS,iPhone 13,メール,"
    "R4.11.1,2.0,R4.11.1,課長,,,,,"
)
PC = "000001,,持出し許可申請,,,,在宅勤務,,,,課長,,ＤＫ２０－０００００１,R4.12.1,R4.12.10,自宅"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        people = [
            Person(
                staff_number=f"{number:06}",
                name=name,
                left_on=date(2022, 9, 30) if number == 4 else None,
            )
            for number, name in enumerate(("髙橋 誠", "山﨑 花子", "佐藤 健", "鈴木 涼"), 1)
        ]
        session.add_all(people)
        session.flush()
        session.add(
            Machine(
                asset_tag="DK20-000001", generation="DK20", state_since=NOW, owner_id=people[0].id
            )
        )
        for service in (CloudService.IDENTITY, CloudService.LICENCE):
            session.add(
                Account(
                    key=f"1 {service.value}", person_id=people[0].id or 0, service=service.value,
                    state=AccountState.READY.value, state_since=NOW,
                )
            )  # fmt: skip
    yield opened
    opened.close()


SETTINGS: Any = Settings.model_construct(
    programme=Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1)),
    byod=Byod.model_validate({"rules_version": "2.0", "licences": ["SPE_E3"]}),
    accounts=Accounts(),
    take_home=TakeHome(),
    generations={"DK20": Generation.model_validate({"take_home": True})},
)


def run(
    database: Database,
    folder: Path,
    *rows: str,
    header: str = HEADER,
    encoding: str = "cp932",
    given: Given = Given(),  # noqa: B008
    dry_run: bool = False,
    operator: Operator = CLERK,
) -> ApplicationsReport:
    file = folder / "申請一覧.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return import_applications(
        database, SETTINGS, open_list(file, "applications"), operator=operator, now=NOW,
        given=given, dry_run=dry_run,
    )  # fmt: skip


def rows_of(database: Database, table: Any) -> list[Any]:
    with database.read() as session:
        return list(session.exec(select(table)).all())


def test_both_forms_are_taken_in_and_the_same_file_again_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    first = run(database, tmp_path, PHONE, PC)
    assert (first.good, first.bad) == (2, 0)
    assert first.created == {Form.BYOD: [1], Form.TAKEHOME: [1]}
    (device,) = rows_of(database, PersonalDevice)
    assert (device.platform, device.consent_version, device.consented_on, device.applied_on) == (
        "ios", "2.0", date(2022, 11, 1), date(2022, 11, 1),
    )  # fmt: skip
    (takeout,) = rows_of(database, Takeout)
    assert (takeout.period_from, takeout.period_to, takeout.place) == (
        date(2022, 12, 1), date(2022, 12, 10), "自宅",
    )  # fmt: skip
    facts = len(rows_of(database, AuditRow))

    again = run(database, tmp_path, PHONE, PC)

    assert (again.unchanged, again.changed, again.created[Form.BYOD]) == (2, 0, [])
    assert len(rows_of(database, AuditRow)) == facts
    with database.read() as session:
        assert verify(session).holds


def test_every_bad_row_is_told_in_one_pass_and_the_good_ones_are_taken(
    database: Database, tmp_path: Path
) -> None:
    bad = {
        "no number": PHONE.replace("000001,髙橋 誠", ",髙橋 誠"),
        "nobody": PHONE.replace("000001", "999999"),
        "another's name": PHONE.replace("髙橋 誠", "山﨑 花子"),
        "no form": PHONE.replace("私有スマートデバイス利用許可申請書", "年休願"),
        "no day": PHONE.replace("R4.11.1,課長", "令和4年2月30日,課長"),
        "no consent": PHONE.replace("2.0,R4.11.1", "2.0,"),
        "old rules": PHONE.replace("2.0", "1.0").replace("000001,髙橋 誠", "000002,"),
        "platform": PHONE.replace("iOS", "Symbian"),
        "to come": PHONE.replace("R4.11.1,2.0", "R5.11.1,2.0"),
        "left": PHONE.replace("000001,髙橋 誠", "000004,"),
        "another's PC": PC.replace("000001,,持出", "000002,,持出"),
        "no period": PC.replace("R4.12.1,R4.12.10", "R4.12.1,"),
        "no PC": PC.replace("ＤＫ２０－０００００１", "DK20-000009"),
        "decision": PHONE.replace("課長,", "課長,たぶん"),
    }

    report = run(database, tmp_path, *bad.values(), PHONE)

    assert [fault.row for fault in report.faults] == list(range(2, 2 + len(bad)))
    assert all(fault.why() and fault.what_to_do() for fault in report.faults)
    assert (report.good, report.bad) == (1, len(bad))
    assert len(rows_of(database, PersonalDevice)) == 1
    assert rows_of(database, Takeout) == []


def test_a_dry_run_says_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    rows = (PHONE, PC, PHONE.replace("iPhone 13", "iPad"), PHONE.replace("R4.11.1,2.0", "x,2.0"))

    dry = run(
        database, tmp_path, *rows, dry_run=True, operator=Operator("m", OperatorRole.VIEWER)
    ).as_json()

    assert rows_of(database, PersonalDevice) == []
    assert rows_of(database, AuditRow) == []
    wet = run(database, tmp_path, *rows).as_json()
    for part in ("rows", "faults", "lacks", "changed", "unchanged"):
        assert dry[part] == wet[part]
    assert [one["count"] for one in dry["created"].values()] == [
        one["count"] for one in wet["created"].values()
    ]


def test_limits_count_the_rows_before_and_an_empty_kind_is_the_next_device(
    database: Database, tmp_path: Path
) -> None:
    rows = [
        PHONE.replace("新規", "").replace("iPhone 13", model)
        for model in ("iPhone 13", "iPad", "iPad mini")
    ]

    report = run(database, tmp_path, *rows)

    (fault,) = report.faults
    assert (fault.row, "the limit is 2" in fault.why()) == (4, True)
    assert [row.kind for row in rows_of(database, PersonalDevice)] == ["new", "additional"]


def test_who_has_no_account_or_licence_is_told_at_once(database: Database, tmp_path: Path) -> None:
    report = run(database, tmp_path, PHONE, PHONE.replace("000001,髙橋 誠", "000002,山﨑 花子"))

    (lack,) = report.lacks
    assert (lack.row, lack.staff_number, len(lack.what)) == (3, "000002", 2)


def test_what_the_head_of_office_says_later_is_taken_in_and_a_refusal_binds(
    database: Database, tmp_path: Path
) -> None:
    run(database, tmp_path, PHONE)
    report = run(database, tmp_path, PHONE.replace("課長,", "課長,不承認"))
    assert (report.changed, report.unchanged) == (1, 0)
    with pytest.raises(ApplicationRefused, match="the head of office refused 1"):
        decide(database, SETTINGS, 1, CHIEF, NOW, approve=True, reason=None)
    decide(database, SETTINGS, 1, CHIEF, NOW, approve=False, reason="所属長が不承認")
    again = run(database, tmp_path, PHONE.replace("課長,", "課長,承認"))
    assert again.unchanged == 1
    (ignored,) = again.ignored
    assert (ignored.number, ignored.columns) == (1, ("head_decision",))
    assert "rollout byod release 1" in ignored.remedy
    assert rows_of(database, PersonalDevice)[0].head_decision == "refused"


def test_the_command_says_what_the_file_does_not(database: Database, tmp_path: Path) -> None:
    header = "職員番号,機種,目的"
    with pytest.raises(ApplicationsRefused, match="--form"):
        run(database, tmp_path, "1,Pixel 7,メール", header=header)
    given = Given(Form.BYOD, "2.0", date(2022, 11, 1))
    report = run(database, tmp_path, "000003,アンドロイド端末,メール", header=header, given=given)
    assert report.good == 1
    assert rows_of(database, PersonalDevice)[0].platform == "android"


def test_a_workbook_with_a_title_blank_rows_and_ditto_marks(
    database: Database, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["私有端末 申請一覧(令和4年11月)"])
    sheet.append([])
    sheet.append(["職員番号", "氏名", "様式", "OS", "機種", "目的", "規程", "同意日", "所属長"])
    sheet.append(["000001", "髙橋　誠", "私有端末", "ｉＯＳ", "iPhone", "メール", "2.0",
                  date(2022, 11, 1), "課長"])  # fmt: skip
    sheet.append(["000002", "山﨑 花子", "〃", "〃", "iPhone", "同上", "〃", "〃", "〃"])
    file = tmp_path / "申請.xlsx"
    book.save(file)

    report = import_applications(
        database, SETTINGS, open_list(file, "applications"), operator=CLERK, now=NOW,
        given=Given(),
    )  # fmt: skip

    assert [(fault.row, fault.why()) for fault in report.faults] == []
    devices = rows_of(database, PersonalDevice)
    assert [(row.platform, row.purpose, row.head_of_office) for row in devices] == [
        ("ios", "メール", "課長")
    ] * 2


def test_a_viewer_may_look_and_not_import(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        run(database, tmp_path, PHONE, operator=Operator("m", OperatorRole.VIEWER))
