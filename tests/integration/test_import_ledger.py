"""The import on a real database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import pytest
from sqlmodel import select

from rollout.adapters.ledger import LedgerUnreadable, open_ledger
from rollout.application.ledger.importing import import_ledger
from rollout.application.ledger.report import ImportReport
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.machine import MachineVerb
from rollout.settings import OperatorRole
from rollout.store import history, machines, transitions
from rollout.store.database import Database
from rollout.store.tables import Department, Machine, Person, Site

NOW = datetime(2022, 8, 1, 9, 0, tzinfo=UTC)
OPERATOR = Operator("ito", OperatorRole.OPERATOR)
HEADER = (
    "管理番号,世代,機種,シリアル番号,MACアドレス,コンピュータ名,部局,所属,庁舎・階,職員番号,氏名,カナ,用途,"
    "賃貸借期間,持出可否,備考"
)
ONE = (
    "DK20-000401,DK20,ThinkPad,PF2ABCDE,00:1B:44:00:00:01,PC20-00401,総務部,人事課,本庁3階,1234,"
    "髙橋 誠,タカハシ マコト,一人一台,R2.10.1～R7.9.30,可,"
)
TWO = (
    "DK20-000402,DK20,ThinkPad,PF2ABCDF,00:1B:44:00:00:02,PC20-00402,総務部,人事課,桑名2階,1235,"
    "山﨑 花子,ヤマザキ ハナコ,一人一台,R2.10.1～R7.9.30,可,"
)
SHARED = "DK19-000403,DK19,ProBook,5CGABCDE,,PC19-00403,総務部,人事課,本庁1階,,,,共用,,否,窓口横"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(
    database: Database,
    folder: Path,
    *rows: str,
    header: str = HEADER,
    now: datetime = NOW,
    today: date | None = None,
    valid_from: date | None = None,
    dry_run: bool = False,
    strict: bool = False,
) -> ImportReport:
    path = folder / "ledger.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return import_ledger(
        database,
        open_ledger(path),
        operator=OPERATOR,
        now=now,
        today=today or now.date(),
        valid_from=valid_from,
        dry_run=dry_run,
        strict=strict,
    )


def faults(report: ImportReport) -> list[tuple[int, str]]:
    return [(fault.row, fault.field) for fault in report.faults]


def machine(database: Database, tag: str) -> machines.Joined:
    with database.read() as session:
        return machines.one(session, tag)


def test_a_row_becomes_machine_person_department_and_site(database: Database, folder: Path) -> None:
    report = run(database, folder, ONE, SHARED, valid_from=date(2022, 8, 1))
    assert report.applied
    assert (report.machines.created, report.people.created) == (2, 1)
    found = machine(database, "DK20-000401")
    assert found.machine.state == "registered"
    assert (found.site, found.machine.floor) == ("本庁", "3階")
    assert (found.bureau, found.division) == ("総務部", "人事課")
    assert (found.owner, found.staff_number) == ("髙橋 誠", "001234")
    assert found.machine.lease_to == date(2025, 9, 30)
    assert found.machine.may_leave is True
    shared = machine(database, "DK19-000403")
    assert (shared.machine.purpose, shared.owner, shared.machine.remark) == (
        "shared",
        None,
        "窓口横",
    )
    assert shared.machine.lease_from is None
    with database.read() as session:
        (department,) = session.exec(select(Department)).all()
        assert department.valid_from == date(2022, 8, 1)
        facts = machines.history_of(session, found.machine.id or 0)
        assert [(fact.verb, fact.to_state, fact.actor) for fact in facts] == [
            ("register", "registered", "ito")
        ]
        assert history.verify(session).holds


def test_a_second_import_changes_nothing(database: Database, folder: Path) -> None:
    run(database, folder, ONE, TWO, SHARED)
    before = databases.dump(database)
    report = run(database, folder, ONE, TWO, SHARED, now=datetime(2022, 9, 1, tzinfo=UTC))
    assert report.applied
    assert (report.machines.created, report.machines.updated, report.machines.unchanged) == (
        0,
        0,
        3,
    )
    assert (report.people.unchanged, report.departments.unchanged) == (2, 1)
    assert report.changes == {}
    assert databases.dump(database) == before


def test_an_update_shows_each_field_and_touches_no_state(database: Database, folder: Path) -> None:
    run(database, folder, ONE, TWO)
    with database.write() as session:
        id_ = machines.by_tag(session, "DK20-000401").id or 0
        transitions.apply(session, Machine, [id_], MachineVerb.EXCLUDE, actor="ito", at=NOW)
    moved = ONE.replace("本庁3階", "四日市1階").replace("R7.9.30", "R8.3.31")
    moved = moved.replace("総務部,人事課", "農林水産部,農林水産総務課").replace(
        "髙橋 誠", "髙橋 真"
    )
    report = run(database, folder, moved, TWO)
    assert report.machines.updated == 1
    shown = {name: changes.examples[0] for name, changes in report.changes.items()}
    assert (shown["machine.site"].before, shown["machine.site"].after) == ("本庁", "四日市")
    assert shown["machine.lease_to"].after == "2026-03-31"
    assert shown["machine.department"].before == "総務部 人事課"
    assert shown["machine.department"].after == "農林水産部 農林水産総務課"
    assert shown["person.name"].key == "001234"
    assert set(report.changes) == {
        "machine.site", "machine.floor", "machine.lease_to", "machine.department",
        "person.name", "person.department",
    }  # fmt: skip
    found = machine(database, "DK20-000401").machine
    assert (found.state, found.version) == ("excluded", 2)
    with database.read() as session:
        last = machines.history_of(session, found.id or 0)[-1]
        assert last.verb == "amend"
        assert '"site":["本庁","四日市"]' in (last.detail or "")
        assert history.verify(session).holds


def test_a_column_that_the_file_lacks_leaves_its_field_alone(
    database: Database, folder: Path
) -> None:
    run(database, folder, ONE)
    report = run(
        database,
        folder,
        "DK20-000401,PF2ABCDE,PC20-00401,本庁3階",
        header="管理番号,シリアル番号,コンピュータ名,庁舎",
    )
    assert report.changes == {}
    assert machine(database, "DK20-000401").machine.mac == "00:1B:44:00:00:01"


def test_a_machine_that_is_gone_is_reported_and_kept_and_may_come_back(
    database: Database, folder: Path
) -> None:
    run(database, folder, ONE, TWO)
    report = run(database, folder, ONE)
    assert report.gone == ["DK20-000402"]
    assert machine(database, "DK20-000402").machine.in_ledger is False
    assert run(database, folder, ONE).gone == []
    assert run(database, folder, ONE, TWO).back == ["DK20-000402"]
    assert machine(database, "DK20-000402").machine.in_ledger is True


def test_a_machine_whose_tag_cannot_be_read_is_not_gone(database: Database, folder: Path) -> None:
    run(database, folder, ONE, TWO)
    report = run(database, folder, ONE, TWO.replace("DK20-000402", "DK2O-000402"))
    assert report.gone == []
    assert faults(report) == [(3, "asset_tag")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serial", "PF2ABCDE"),
        ("mac", "00-1b-44-00-00-01"),
        ("computer_name", "ｐｃ２０－００４０１"),
    ],
)
def test_duplicates_are_faults_of_both_rows_naming_both(
    database: Database, folder: Path, field: str, value: str
) -> None:
    own = {"serial": "PF2ABCDF", "mac": "00:1B:44:00:00:02", "computer_name": "PC20-00402"}
    report = run(database, folder, ONE, TWO.replace(own[field], value), SHARED)
    assert faults(report) == [(2, field), (3, field)]
    assert "3 (DK20-000402)" in report.faults[0].why()
    assert "2 (DK20-000401)" in report.faults[1].why()
    assert (report.good, report.bad, report.machines.created) == (1, 2, 1)


def test_a_tag_twice_is_a_fault_even_when_one_of_the_rows_is_bad_besides(
    database: Database, folder: Path
) -> None:
    second = TWO.replace("DK20-000402", "ＤＫ２０－００４０１").replace("R7.9.30", "R7.9.31")
    report = run(database, folder, ONE, second)
    assert faults(report) == [(2, "asset_tag"), (3, "asset_tag"), (3, "lease")]
    assert report.machines.created == 0


def test_a_shorter_serial_than_its_padded_sisters_has_lost_zeros(
    database: Database, folder: Path
) -> None:
    nec = [ONE.replace("PF2ABCDE", "0012345678"), TWO.replace("PF2ABCDF", "12345679")]
    report = run(database, folder, *nec)
    assert faults(report) == [(3, "serial")]
    assert "leading zeros" in report.faults[0].why()


def test_one_staff_number_for_two_people_is_a_fault_of_both(
    database: Database, folder: Path
) -> None:
    report = run(database, folder, ONE, TWO.replace(",1235,", ",1234,"))
    assert faults(report) == [(2, "staff_number"), (3, "staff_number")]
    spelled = TWO.replace(",1235,", ",1234,").replace("山﨑 花子", "高橋　誠")
    report = run(database, folder, ONE, spelled.replace("ヤマザキ ハナコ", "ﾀｶﾊｼ ﾏｺﾄ"))
    assert report.faults == []
    assert [remark.count for remark in report.remarks.values()] == [1]


def test_two_machines_can_swap_their_serials(database: Database, folder: Path) -> None:
    run(database, folder, ONE, TWO)
    swapped = [
        ONE.replace("PF2ABCDE", "PF2ABCDF"),
        TWO.replace("PF2ABCDF", "PF2ABCDE"),
    ]
    report = run(database, folder, *swapped)
    assert report.faults == []
    assert report.changes["machine.serial"].count == 2
    assert machine(database, "DK20-000401").machine.serial == "PF2ABCDF"


def test_an_identifier_of_a_machine_that_keeps_it_cannot_be_taken(
    database: Database, folder: Path
) -> None:
    run(database, folder, ONE, TWO)
    thief = SHARED.replace("5CGABCDE", "PF2ABCDF")
    report = run(database, folder, ONE, thief)
    assert faults(report) == [(3, "serial")]
    assert "DK20-000402" in report.faults[0].why()
    # TWO would give its serial up, but its row is bad: nothing moves.
    bad = TWO.replace("PF2ABCDF", "PF2ABCDX").replace("R7.9.30", "R7.9.31")
    report = run(database, folder, ONE, bad, thief)
    assert faults(report) == [(3, "lease"), (4, "serial")]


def test_a_machine_at_work_keeps_its_identity(database: Database, folder: Path) -> None:
    run(database, folder, ONE, TWO)
    with database.write() as session:
        id_ = machines.by_tag(session, "DK20-000401").id or 0
        for verb in (MachineVerb.PLAN, MachineVerb.BEGIN):
            transitions.apply(session, Machine, [id_], verb, actor="ito", at=NOW)
    report = run(database, folder, ONE.replace("PF2ABCDE", "PF2ABCDX"), TWO)
    assert faults(report) == [(2, "serial")]
    assert "checking" in report.faults[0].why()
    assert run(database, folder, ONE.replace("本庁3階", "本庁4階"), TWO).machines.updated == 1


@pytest.mark.parametrize("first", [False, True])
def test_dry_run_and_strict_leave_the_database_as_it_was_and_report_the_same(
    database: Database, folder: Path, first: bool
) -> None:
    if not first:
        run(database, folder, ONE, SHARED)
    before = databases.dump(database)
    rows = (ONE.replace("本庁3階", "桑名1階"), TWO, SHARED.replace("否", "多分"))
    dry = run(database, folder, *rows, dry_run=True)
    strict = run(database, folder, *rows, strict=True)
    assert databases.dump(database) == before
    assert not dry.applied
    assert not strict.applied
    real = run(database, folder, *rows)
    assert real.applied
    flags = ("dry_run", "strict", "applied")
    shown = [
        {key: value for key, value in report.as_json().items() if key not in flags}
        for report in (dry, strict, real)
    ]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["rows"]["bad"] == 1
    assert databases.dump(database) != before


def test_strict_writes_when_every_row_is_good(database: Database, folder: Path) -> None:
    assert run(database, folder, ONE, TWO, strict=True).applied


def test_a_viewer_may_only_look(database: Database, folder: Path) -> None:
    run(database, folder, ONE)
    ledger = open_ledger(folder / "ledger.csv")
    viewer = Operator("mori", OperatorRole.VIEWER)
    assert (
        import_ledger(
            database, ledger, operator=viewer, now=NOW, today=NOW.date(), dry_run=True
        ).good
        == 1
    )
    with pytest.raises(NotPermitted):
        import_ledger(database, ledger, operator=viewer, now=NOW, today=NOW.date())


def test_a_file_that_breaks_off_writes_nothing(database: Database, folder: Path) -> None:
    before = databases.dump(database)
    path = folder / "broken.csv"
    path.write_text("\n".join((HEADER, *[ONE] * 70, '"')), encoding="utf-8")
    with pytest.raises(LedgerUnreadable):
        import_ledger(database, open_ledger(path), operator=OPERATOR, now=NOW, today=NOW.date())
    assert databases.dump(database) == before


def test_departments_that_ended_are_not_brought_back_to_life(
    database: Database, folder: Path
) -> None:
    run(database, folder, ONE, valid_from=date(2022, 8, 1))
    with database.write() as session:
        old = session.exec(select(Department)).one()
        old.valid_to = date(2023, 3, 31)
        session.add(old)
    april = datetime(2023, 4, 3, tzinfo=UTC)
    report = run(database, folder, ONE, now=april, valid_from=date(2022, 8, 1))
    assert report.departments.created == 1
    with database.read() as session:
        new = session.exec(select(Department).where(Department.valid_to == None)).one()  # noqa: E711
        assert new.valid_from == date(2023, 4, 3)
    assert run(database, folder, ONE, now=april).departments.created == 0


def test_the_day_of_an_import_is_that_of_the_programme(database: Database, folder: Path) -> None:
    run(database, folder, ONE, valid_from=date(2022, 8, 1))
    with database.write() as session:
        old = session.exec(select(Department)).one()
        old.valid_to = date(2023, 3, 31)
        session.add(old)
    # Half past eight of 1 April in Japan.
    morning = datetime(2023, 3, 31, 23, 30, tzinfo=UTC)

    report = run(database, folder, ONE, TWO + "退職者", now=morning, today=date(2023, 4, 1))

    assert report.departments.created == 1
    with database.read() as session:
        new = session.exec(select(Department).where(Department.valid_to == None)).one()  # noqa: E711
        gone = session.exec(select(Person).where(Person.staff_number == "001235")).one()
    assert (new.valid_from, gone.left_on) == (date(2023, 4, 1), date(2023, 4, 1))


def test_a_department_that_begins_on_1_april_is_found_before(
    database: Database, folder: Path
) -> None:
    with database.write() as session:
        session.add(Department(bureau="総務部", division="人事課", valid_from=date(2023, 4, 1)))
    assert run(database, folder, ONE).departments.created == 0


def test_who_has_left_is_kept_with_the_day(database: Database, folder: Path) -> None:
    gone = ONE.replace("髙橋 誠", "髙橋 誠（R4.3.31退職）")
    report = run(database, folder, gone, TWO + "退職者")
    assert [remark.rows for remark in report.remarks.values()] == [[2, 3]]
    with database.read() as session:
        people = {person.staff_number: person for person in session.exec(select(Person)).all()}
    assert (people["001234"].name, people["001234"].left_on) == ("髙橋 誠", date(2022, 3, 31))
    assert people["001235"].left_on == NOW.date()


def test_owners_that_are_not_there_are_remarked_on(database: Database, folder: Path) -> None:
    nameless = ONE.replace(",1234,", ",,")
    report = run(
        database, folder, nameless, TWO.replace("1235,山﨑 花子,ヤマザキ ハナコ", ",空き,")
    )
    assert report.bad == 0
    assert sorted(remark.message.split()[0] for remark in report.remarks.values()) == ["a", "an"]
    assert machine(database, "DK20-000401").owner is None


def test_unknown_and_contradicting_generations_are_faults(database: Database, folder: Path) -> None:
    report = run(
        database,
        folder,
        ONE.replace("DK20,", "DK19,"),
        TWO.replace("DK20", "DK99"),
        SHARED.replace(",DK19,", ",,"),
    )
    assert faults(report) == [(2, "generation"), (3, "generation")]
    assert machine(database, "DK19-000403").machine.generation == "DK19"


def test_a_site_is_the_same_however_it_is_typed(database: Database, folder: Path) -> None:
    run(
        database,
        folder,
        ONE.replace("本庁3階", "桑名庁舎３Ｆ"),
        TWO.replace("桑名2階", " 桑名庁舎　地下１階"),
    )
    with database.read() as session:
        assert [site.key for site in session.exec(select(Site)).all()] == ["桑名庁舎"]
    assert machine(database, "DK20-000402").machine.floor == "地下1階"


def test_the_report_has_stable_keys_and_says_what_to_do(database: Database, folder: Path) -> None:
    shown = run(database, folder, ONE.replace("PF2ABCDE", "1.23E+10")).as_json()
    assert list(shown) == [
        "source", "dry_run", "strict", "applied", "columns", "unused_columns", "rows", "machines",
        "people", "sites", "departments", "changes", "gone", "back", "faults", "remarks",
    ]  # fmt: skip
    assert shown["faults"] == [
        {
            "row": 2,
            "line": 2,
            "field": "serial",
            "column": "シリアル番号",
            "value": "1.23E+10",
            "reason": "a spreadsheet has turned this serial into a number",
            "remedy": "read it from the label on the machine and type it as text",
        }
    ]


def test_progress_reaches_the_end_of_both_phases(database: Database, folder: Path) -> None:
    run(database, folder, ONE, dry_run=True)
    seen: list[tuple[str, int, int]] = []
    import_ledger(
        database,
        open_ledger(folder / "ledger.csv"),
        operator=OPERATOR,
        now=NOW,
        today=NOW.date(),
        progress=lambda *step: seen.append(step),
    )
    assert seen == [("read", 1, 1), ("write", 1, 1)]
