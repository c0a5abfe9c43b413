"""Names to sign in with, from a list of people and from the configured rule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import pytest
from sqlmodel import select

from rollout.adapters.ledger.lists import open_list
from rollout.application.accounts.naming import upn_of
from rollout.application.operators import Operator
from rollout.application.people.importing import Order, import_people
from rollout.application.people.report import PeopleReport
from rollout.settings import OperatorRole, Programme, Settings
from rollout.settings.accounts import Accounts
from rollout.store import accounts
from rollout.store.database import Database
from rollout.store.tables import Person

NOW = datetime(2022, 10, 20, tzinfo=UTC)
HEADER = "職員番号,氏名,カナ,UPN,ローマ字,ニックネーム,部局"
RULE = "{given_initial}.{family}@pref.example.jp"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    yield opened
    opened.close()


def settings(rule: str = RULE, taken: str = "number") -> Settings:
    programme = Programme(start=date(2022, 10, 1), cutover=date(2023, 5, 1))
    own = Accounts.model_validate({"upn": rule, "upn_when_taken": taken})
    return Settings.model_construct(programme=programme, accounts=own)


def run(database: Database, folder: Path, *rows: str, of: Settings | None = None) -> PeopleReport:
    file = folder / "職員.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    operator = Operator("ito", OperatorRole.OPERATOR)
    return import_people(
        database, of or settings(), open_list(file, "people"), operator=operator, now=NOW,
        order=Order(),
    )  # fmt: skip


def names(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {one.staff_number: one.upn for one in session.exec(select(Person)).all()}


def faults(report: PeopleReport) -> list[tuple[int, str]]:
    return [(fault.row, fault.field) for fault in report.faults]


def test_the_rule_makes_names_of_kana_and_numbers_those_that_are_taken(
    database: Database, tmp_path: Path
) -> None:
    rows = (
        "2,山田 太郎,ヤマダ　タロウ,,,,総務部",
        "1,山田 拓,ﾔﾏﾀﾞ ﾀｸ,,,,総務部",
        "3,大野 花,オオノ ハナ,hana@pref.example.jp,,,総務部",
        "4,髙 順一,,,KOH Jun'ichi,,総務部",
        "5,山田 環,ヤマダ タマキ,,,,総務部",
    )
    assert run(database, tmp_path, *rows).faults == []
    made = {
        "000001": "t.yamada@pref.example.jp",
        "000002": "t.yamada2@pref.example.jp",
        "000003": "hana@pref.example.jp",
        "000004": "j.koh@pref.example.jp",
        "000005": "t.yamada3@pref.example.jp",
    }
    assert names(database) == made

    # A name that was made stays, whatever the list says of the kana later.
    again = run(database, tmp_path, rows[0].replace("ヤマダ", "ヤマタ"), *rows[1:])
    assert set(names(database).values()) == set(made.values())
    assert again.faults == []


def test_what_gives_no_name_is_refused_with_its_row_and_a_remedy(
    database: Database, tmp_path: Path
) -> None:
    report = run(
        database, tmp_path,
        "1,山田 太郎,ヤマダタロウ,,,,総務部",
        "2,林,,,,,総務部",
        "3,王 偉,ワン 伟,,,,総務部",
        "4,東 京,,a b@pref.example.jp,,,総務部",
        "5,西 京,,nishi.@pref.example.jp,,,総務部",
        "6,良 子,リョウ コ,,,,総務部",
    )  # fmt: skip

    assert faults(report) == [(5, "upn"), (6, "upn"), (2, "kana"), (3, "kana"), (4, "kana")]
    assert all(fault.what_to_do() for fault in report.faults)
    assert list(names(database).values()) == ["k.ryo@pref.example.jp"]
    assert (report.good, report.bad) == (1, 5)


def test_a_name_of_somebody_else_is_refused_and_a_taken_one_when_so_configured(
    database: Database, tmp_path: Path
) -> None:
    run(database, tmp_path, "1,山田 拓,ヤマダ タク,,,,総務部")

    report = run(
        database, tmp_path,
        "2,佐藤 花,サトウ ハナ,t.yamada@pref.example.jp,,,総務部",
        "3,山田 環,ヤマダ タマキ,,,,総務部",
        of=settings(taken="refuse"),
    )  # fmt: skip

    assert faults(report) == [(2, "upn"), (3, "upn")]
    assert "000001" in report.faults[0].why()
    assert len(names(database)) == 1


def test_a_nickname_column_and_the_staff_number_can_be_in_the_rule(
    database: Database, tmp_path: Path
) -> None:
    of = settings("{nickname}-{staff_number}@pref.example.jp")
    report = run(
        database, tmp_path, "1,山田,,,,Taro,総務部", "2,佐藤,,,,,総務部", "3,林,,,,花,総務部",
        of=of,
    )  # fmt: skip

    assert faults(report) == [(3, "nickname"), (4, "nickname")]
    assert names(database) == {"000001": "taro-000001@pref.example.jp"}


def test_without_a_list_such_a_rule_gives_nobody_a_name(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.add(Person(staff_number="000001", name="職員"))
    with database.read() as session:
        (person,) = accounts.people(session)

    assert upn_of(person, settings().accounts) == ""
    assert upn_of(person, Accounts()) == "000001@pref.example.jp"


@pytest.mark.parametrize("rule", ["{name}@pref.example.jp", "{family}", "{a}@b@c"])
def test_a_rule_that_cannot_be_used_is_refused_when_it_is_configured(rule: str) -> None:
    with pytest.raises(ValueError, match="staff_number"):
        Accounts(upn=rule)
