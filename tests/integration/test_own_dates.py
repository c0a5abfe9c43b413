"""Lists of absences and agreed dates, as other offices send them, on a real database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import openpyxl
import pytest
from sqlmodel import select

from rollout.adapters.ledger.lists import open_list
from rollout.application.operators import NotPermitted, Operator
from rollout.application.own_dates.absences import import_absences
from rollout.application.own_dates.constraints import NothingToKnow, import_constraints
from rollout.application.own_dates.report import DatesReport
from rollout.application.planning.problem import calendar_of, problem_of
from rollout.planning.calendar import Span
from rollout.planning.problem import OwnDates
from rollout.settings import OperatorRole, Settings, Training, load
from rollout.store import history, plan_inputs
from rollout.store.database import Database
from rollout.store.tables import Absence, AuditRow, Machine, Person, Site, TrainingRecord

NOW = datetime(2022, 10, 20, 1, tzinfo=UTC)
PLANNER = Operator("planner", OperatorRole.OPERATOR)
VIEWER = Operator("guest", OperatorRole.VIEWER)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[people."000002"]
absences = ["2022-12-01/2022-12-05"]
trained_on = "R4.11.30"
[machines."DK20-000003"]
pinned = 2022-11-30
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        session.add(Site(id=1, key="本庁"))
        session.add_all(Person(id=n, staff_number=f"{n:06d}", name=f"職員{n}") for n in (1, 2, 3))
        session.flush()
        session.add_all(
            Machine(id=n, asset_tag=f"DK20-{n:06d}", serial=f"S{n}", computer_name=f"PC{n}",
                    generation="DK20", site_id=1, owner_id=n, state_since=NOW)
            for n in (1, 2, 3)
        )  # fmt: skip
    yield opened
    opened.close()


def _absences(database: Database, file: Path, *, dry_run: bool = False) -> DatesReport:
    rows = open_list(file, "absences")
    return import_absences(database, rows, operator=PLANNER, now=NOW, dry_run=dry_run)


def _constraints(
    database: Database, settings: Settings, file: Path, *, dry_run: bool = False
) -> DatesReport:
    rows, calendar = open_list(file, "constraints"), calendar_of(settings)
    return import_constraints(database, rows, calendar, operator=PLANNER, now=NOW, dry_run=dry_run)


def _away(database: Database) -> dict[int, list[tuple[date, date]]]:
    found: dict[int, list[tuple[date, date]]] = {}
    with database.read() as session:
        for row in session.exec(select(Absence).order_by(Absence.person_id, Absence.first)):  # type: ignore[arg-type]
            found.setdefault(row.person_id, []).append((row.first, row.last))
    return found


def _own(database: Database, settings: Settings) -> dict[str, OwnDates | None]:
    with database.read() as session:
        problem = problem_of(session, settings, plan_inputs.waiting(session), NOW.date())
    return {machine.asset_tag: machine.own for machine in problem.machines}


DIRTY_ABSENCES = """令和4年度 不在予定一覧,,,
,,,
職員番号,開始日,終了日,理由
１,R4.11.7,令和4年11月11日,出張
,2023/1/10,2023-01-20,研修
000002,R5.2.1,R5.2.1,休暇
"""


def test_a_list_in_cp932_with_eras_and_cells_as_above_is_understood(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "不在.csv"
    file.write_bytes(DIRTY_ABSENCES.encode("cp932"))
    report = _absences(database, file)
    assert (report.rows, report.good, report.changed, report.faults) == (3, 3, 2, [])
    assert _away(database) == {
        1: [(date(2022, 11, 7), date(2022, 11, 11)), (date(2023, 1, 10), date(2023, 1, 20))],
        2: [(date(2023, 2, 1), date(2023, 2, 1))],
    }
    with database.read() as session:
        facts = session.exec(select(AuditRow)).all()
        assert [(fact.noun, fact.key, fact.verb, fact.actor) for fact in facts] == [
            ("person", "000001", "amend", "planner"),
            ("person", "000002", "amend", "planner"),
        ]
        assert history.verify(session).holds


def test_the_same_list_again_changes_nothing_and_a_dry_run_never_does(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "absences.csv"
    file.write_text(DIRTY_ABSENCES, encoding="utf-8-sig")
    dry = _absences(database, file, dry_run=True)
    assert (dry.changed, dry.applied, _away(database)) == (2, False, {})
    _absences(database, file)
    again = _absences(database, file)
    assert (again.changed, again.cleared, again.unchanged) == (0, 0, 2)
    with database.read() as session:
        assert history.count(session) == 2


def test_an_empty_period_ends_all_absences_of_that_person_alone(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "absences.csv"
    file.write_text("職員番号,期間\n1,R4.11.7～R4.11.11\n2,R5.2.1\n", encoding="utf-8")
    _absences(database, file)
    file.write_text("職員番号,期間\n1,\n", encoding="utf-8")
    report = _absences(database, file)
    assert (report.changed, report.cleared) == (0, 1)
    assert _away(database) == {2: [(date(2023, 2, 1), date(2023, 2, 1))]}


@pytest.mark.parametrize(
    ("row", "column", "reason", "remedy"),
    [
        ("9,R4.11.7,R4.11.8", "職員番号", "the staff number 000009", "import the ledger"),
        ("一,R4.11.7,R4.11.8", "職員番号", "not a staff number", "staff list"),
        ("1,R4.11.9,R4.11.7", "終了日", "ends on 2022-11-07, before it begins", "swap"),
        ("1,R4.2.30,R4.3.1", "開始日", "has 28 days", "correct it"),
        ("1,R4.11.7,", "終了日", "no beginning or no end", "the same one twice"),
        ("1,11/7,R4.11.8", "開始日", "not a date", "write it as"),
        ("1,R4.11.1,R4.11.4\n1,R4.11.4,R4.11.8", "開始日", "absence 2022-11-01/2022-11-04 of row 2",
         "write them as one"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_by_column_with_its_remedy_and_keeps_its_persons_absences(
    database: Database, tmp_path: Path, row: str, column: str, reason: str, remedy: str
) -> None:
    file = tmp_path / "absences.csv"
    file.write_text("職員番号,開始日,終了日\n1,R4.12.1,R4.12.2\n", encoding="utf-8")
    _absences(database, file)
    before = _away(database)
    file.write_text(f"職員番号,開始日,終了日\n{row}\n2,R5.2.1,R5.2.2\n", encoding="utf-8")
    report = _absences(database, file)
    (fault,) = report.faults
    assert (fault.row, fault.column) == (2 + row.count("\n"), column)
    assert reason in fault.why()
    assert remedy in fault.what_to_do()
    assert report.good == 1
    assert _away(database) == before | {2: [(date(2023, 2, 1), date(2023, 2, 2))]}


def test_agreed_dates_come_from_a_workbook_and_reach_the_planner_with_the_configured_ones(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "agreed.xlsx"
    book = openpyxl.Workbook()
    for row in (
        ["管理番号", "職員番号", "指定日", "対応可能期間", "研修予定日", "備考"],
        ["ＤＫ２０－１", None, None, "R4.12.1～R4.12.9", None, "知事室"],
        [None, 2, None, None, "令和4年12月20日", None],
        ["DK20-000003", "000003", date(2022, 11, 30), None, None, None],
    ):
        book.active.append(row)
    book.save(file)
    report = _constraints(database, configuration, file)
    assert (report.rows, report.good, report.changed, report.faults) == (3, 3, 3, [])
    absences = tmp_path / "absences.csv"
    absences.write_text("職員番号,期間\n2,R4.11.7～R4.11.11\n", encoding="utf-8")
    _absences(database, absences)
    assert _own(database, configuration) == {
        "DK20-000001": OwnDates(windows=(Span(date(2022, 12, 1), date(2022, 12, 9)),)),
        "DK20-000002": OwnDates(
            absences=(
                Span(date(2022, 11, 7), date(2022, 11, 11)),
                Span(date(2022, 12, 1), date(2022, 12, 5)),
            ),
            not_before=date(2022, 12, 21),
        ),
        "DK20-000003": OwnDates(pinned=date(2022, 11, 30)),
    }
    again = _constraints(database, configuration, file)
    assert (again.changed, again.unchanged) == (0, 3)


def test_whoever_has_had_the_training_need_not_wait_for_the_day_it_was_due(
    database: Database, configuration: Settings
) -> None:
    settings = configuration.model_copy(
        update={"training": Training(courses=("情報 セキュリティ",))}
    )
    with database.write() as session:
        course = "情報セキュリティ"
        session.add(
            TrainingRecord(
                person_id=2, course=course, course_key=course, taken_on=date(2022, 10, 3)
            )
        )
    own = _own(database, settings)["DK20-000002"]
    assert own is not None
    assert own.not_before == date(2022, 10, 4)


def test_an_empty_cell_takes_a_date_away_and_a_missing_column_leaves_it(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "agreed.csv"
    file.write_text("管理番号,指定日,期間\nDK20-1,R4.12.6,R4.12.1～R4.12.9\n", encoding="utf-8")
    _constraints(database, configuration, file)
    file.write_text("管理番号,指定日\nDK20-1,\n", encoding="utf-8")
    assert _constraints(database, configuration, file).changed == 1
    window = Span(date(2022, 12, 1), date(2022, 12, 9))
    assert _own(database, configuration)["DK20-000001"] == OwnDates(windows=(window,))
    file.write_text("管理番号,指定日,期間\nDK20-1,,\n", encoding="utf-8")
    assert _constraints(database, configuration, file).cleared == 1
    assert _own(database, configuration)["DK20-000001"] is None


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",,R4.12.6,,", "管理番号", "neither a machine nor a person"),
        (",1,R4.12.6,,", "指定日", "only a machine can be pinned"),
        ("DK20-9,,R4.12.6,,", "管理番号", "no machine DK20-000009"),
        ("DK20,,R4.12.6,,", "管理番号", "not an asset tag"),
        ("DK20-1,,,R4.12.9～R4.12.1,", "期間", "before it begins"),
        ("DK20-1,,,,R4.12.1", "研修日", "a person's"),
        ("DK20-1,,R4.12.6,,\nDK20-1,,R4.12.7,,", "管理番号", "row 2 says something else"),
    ],
)
def test_a_bad_constraint_is_named_by_row_and_column(
    database: Database, configuration: Settings, tmp_path: Path, row: str, column: str, reason: str
) -> None:
    file = tmp_path / "agreed.csv"
    header = "管理番号,職員番号,指定日,期間,研修日"
    file.write_text(f"{header}\n{row}\n", encoding="utf-8")
    (fault,) = _constraints(database, configuration, file).faults
    assert (fault.row, fault.column) == (2 + row.count("\n"), column)
    assert reason in fault.why()


def test_a_day_on_which_nobody_works_is_noted(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "agreed.csv"
    file.write_text("管理番号,指定日\nDK20-1,2022-11-03\n", encoding="utf-8")
    (remark,) = _constraints(database, configuration, file).remarks.values()
    assert remark.rows == [2]


def test_a_list_that_names_nothing_is_refused_and_viewers_may_only_try(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "agreed.csv"
    file.write_text("指定日,備考\n2022-11-07,x\n", encoding="utf-8")
    with pytest.raises(NothingToKnow, match="add one of these columns"):
        _constraints(database, configuration, file)
    file.write_text("職員番号,期間\n1,R4.11.7\n", encoding="utf-8")
    rows = open_list(file, "absences")
    assert import_absences(database, rows, operator=VIEWER, now=NOW, dry_run=True).changed == 1
    with pytest.raises(NotPermitted):
        import_absences(database, rows, operator=VIEWER, now=NOW)
    assert _away(database) == {}
