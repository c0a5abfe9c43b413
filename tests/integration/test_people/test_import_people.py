"""Lists of people, with effective dates, and what transfers do to machines."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.ledger.lists import open_list
from rollout.adapters.ledger.reader import open_ledger
from rollout.application.ledger.importing import import_ledger
from rollout.application.people.importing import Order, PeopleRefused, import_people
from rollout.application.people.report import PeopleReport
from rollout.domain.postings import Place, Posted, contradictions, in_force, post_from
from rollout.settings import load
from rollout.store import departments, history, postings
from rollout.store.tables import Department, Person
from tests.integration.test_people.conftest import (
    APRIL,
    BEFORE,
    HEAD,
    NOW,
    OPERATOR,
    PEOPLE,
    Office,
)


def test_a_dirty_list_goes_in_once_and_again_changes_nothing(office: Office) -> None:
    report = office.take(PEOPLE)
    assert (report.created, report.good, report.faults) == (3, 3, [])
    assert office.department_of("001002") == "総務部 人事課"
    again = office.take(PEOPLE)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 3)


def test_bad_rows_are_told_together_and_the_others_go_in(office: Office) -> None:
    report = office.take(
        PEOPLE
        + "1004,伊藤 三郎,,総務部,人事課,本庁,,令和5年2月30日,,\n"
        + "ABC-X,森 四郎,,総務部,人事課,本庁,,,何か,\n"
    )
    assert sorted((fault.row, fault.field) for fault in report.faults) == [
        (7, "moved_on"), (8, "change"), (8, "staff_number"),
    ]  # fmt: skip
    assert (report.good, report.bad) == (3, 2)


def test_a_dry_run_and_strict_with_a_bad_row_write_nothing(office: Office) -> None:
    assert not office.take(PEOPLE, dry_run=True).applied
    assert not office.take(PEOPLE + "0,x,,総務部,,,,,,\n", strict=True).applied
    with office.database.read() as session:
        assert store_people(session) == 0
        assert history.count(session) == 0


def store_people(session: Any) -> int:
    return len(session.exec(postings.select(Person)).all())


def test_a_transfer_takes_effect_when_its_day_comes_and_the_pc_stays(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    report = office.take("1003,佐藤 次郎,,総務部,人事課,本庁,主任,R5.4.1,異動,\n")
    assert report.moved == 1
    assert office.department_of("001003") == "県土整備部 道路課"
    office.day_comes(BEFORE)
    assert office.department_of("001003") == "県土整備部 道路課"
    office.day_comes(APRIL)
    assert office.department_of("001003") == "総務部 人事課"
    assert office.machine("DK20-000003").owner_id is None
    office.day_comes(APRIL)
    with office.database.read() as session:
        assert history.verify(session).holds


def test_the_column_sends_the_pc_along(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    row = "1003,佐藤 次郎,,総務部,人事課,本庁,主任,,異動,携行\n"
    preview = office.take(row, as_of=APRIL, dry_run=True)
    assert [one.asset_tag for one in preview.effects.go] == ["DK20-000003"]
    office.take(row, as_of=APRIL)
    office.day_comes(APRIL)
    machine = office.machine("DK20-000003")
    assert machine.owner_id is not None
    with office.database.read() as session:
        place = session.get(Department, machine.department_id)
        assert place is not None
        assert place.division == "人事課"


def test_the_slot_of_somebody_who_leaves_is_held_with_the_reason(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    report = office.take("1003,佐藤 次郎,,,,,,R5.3.31,退職,\n")
    assert [one.asset_tag for one in report.effects.held] == ["DK20-000003"]
    machine = office.machine("DK20-000003")
    assert machine.state == "held"
    assert "2023-03-31" in (machine.cause or "")


RETIRES = "1003,佐藤 次郎,,,,,,{day},定年退職,\n"
STAYS_ON = "1003,佐藤 次郎,,総務部,人事課,本庁,主任,{day},再任用,\n"


@pytest.mark.parametrize(
    "rows",
    [
        RETIRES.format(day="R5.3.31") + STAYS_ON.format(day="R5.4.1"),
        STAYS_ON.format(day="R5.4.1") + RETIRES.format(day="R5.3.31"),
        STAYS_ON.format(day="") + RETIRES.format(day=""),
        STAYS_ON.format(day="") + RETIRES.format(day="R5.3.31"),
    ],
)
def test_who_retires_and_is_employed_again_the_next_day_has_not_left(
    office: Office, rows: str
) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    for changed in (1, 0, 0):
        report = office.take(rows, as_of=APRIL)
        assert (report.faults, report.leaving, report.changed) == ([], 0, changed)
        with office.database.read() as session:
            person = session.exec(
                postings.select(Person).where(Person.staff_number == "001003")
            ).one()
            line = postings.timelines(session)[person.id or 0]
        assert person.left_on is None
        assert [(one.first, one.last) for one in line] == [
            (date(2022, 11, 1), BEFORE),
            (APRIL, None),
        ]
    assert office.machine("DK20-000003").state == "planned"
    office.day_comes(APRIL)
    assert office.department_of("001003") == "総務部 人事課"


def test_who_is_employed_again_and_then_leaves_for_good_has_left(office: Office) -> None:
    office.take(PEOPLE)
    rows = STAYS_ON.format(day="R5.4.1") + RETIRES.format(day="R5.4.1")
    for _ in range(2):
        office.take(rows)
        with office.database.read() as session:
            person = session.exec(
                postings.select(Person).where(Person.staff_number == "001003")
            ).one()
        assert person.left_on == APRIL


def test_of_two_rows_of_one_person_the_later_one_names_them_each_time(office: Office) -> None:
    office.take(PEOPLE)
    rows = (
        "1001,高橋 花子,タカハシ ハナコ,総務部,人事課,本庁,主査,R5.4.1,異動,\n"
        "1001,鈴木 花子,スズキ ハナコ,県土整備部,道路課,津,主査,R5.7.1,異動,\n"
    )
    for changed in (1, 0, 0):
        assert office.take(rows).changed == changed
        with office.database.read() as session:
            person = session.exec(
                postings.select(Person).where(Person.staff_number == "001001")
            ).one()
        assert (person.name, person.kana) == ("鈴木 花子", "スズキ ハナコ")


def test_of_two_names_to_sign_in_with_the_later_one_stays(office: Office) -> None:
    file = office.root / "異動.csv"
    file.write_text(
        HEAD.replace("カナ", "UPN")
        + "1001,髙橋 花子,takahashi@example.jp,総務部,人事課,本庁,主査,R5.4.1,異動,\n"
        + "1001,髙橋 花子,suzuki@example.jp,県土整備部,道路課,津,主査,R5.7.1,異動,\n",
        encoding="cp932",
    )
    for unchanged in (0, 1, 1):
        report = import_people(
            office.database, office.settings, open_list(file, "people"),
            operator=OPERATOR, now=NOW, order=Order(),
        )  # fmt: skip
        assert (report.faults, report.unchanged) == ([], unchanged)
        with office.database.read() as session:
            (person,) = session.exec(postings.select(Person)).all()
        assert person.upn == "suzuki@example.jp"


@pytest.mark.parametrize("never", ["9999/12/31", "99991231", "9999-12-31"])
def test_the_last_day_of_the_calendar_is_no_last_day(office: Office, never: str) -> None:
    head = HEAD.replace("異動日", "採用日,任期満了日")
    file = office.root / "任期.csv"
    for begins, ends, faults in (
        ("R5.4.1", never, []),
        (never, "", ["begins"]),
    ):
        file.write_text(
            head + f"1003,佐藤 次郎,,総務部,人事課,本庁,,{begins},{ends},,\n", encoding="cp932"
        )
        report = import_people(
            office.database, office.settings, open_list(file, "people"),
            operator=OPERATOR, now=NOW, order=Order(),
        )  # fmt: skip
        assert ([fault.field for fault in report.faults], report.leaving) == (faults, 0)
    report = office.take(f"1003,佐藤 次郎,,総務部,人事課,本庁,,{never},退職,\n")
    assert [fault.field for fault in report.faults] == ["moved_on"]
    with office.database.read() as session:
        (person,) = session.exec(postings.select(Person)).all()
    assert person.left_on is None


def test_missing_people_are_counted_and_ended_only_when_told_and_not_too_many(
    office: Office,
) -> None:
    office.take(PEOPLE)
    first = PEOPLE.splitlines(keepends=True)[0]
    assert office.take(first).missing == ["001002", "001003"]
    with pytest.raises(PeopleRefused, match="more than the 1"):
        office.take(first, as_of=APRIL, end_missing=1)
    assert office.take(first, as_of=APRIL, end_missing=2).ended == 2


def test_1400_of_5000_people_transfer_and_totals_of_both_sides_add_up(office: Office) -> None:
    rows = [f"{n},職員 {n},,部{n % 5},課{n % 20},本庁,,,," for n in range(1, 5001)]
    office.take("\n".join(rows) + "\n")
    moved = [f"{n},職員 {n},,部{(n + 1) % 5},課{(n + 1) % 20},本庁,,,異動," for n in range(1, 1401)]
    report = office.take("\n".join(moved) + "\n", as_of=APRIL)
    assert report.moved == 1400

    def totals(day: date) -> dict[int | None, int]:
        with office.database.read() as session:
            return {key: people for key, (people, _pcs) in departments.totals(session, day).items()}

    before, after = totals(BEFORE), totals(APRIL)
    assert sum(before.values()) == sum(after.values()) == 5000
    assert None not in after
    office.day_comes(APRIL)
    assert (totals(BEFORE), totals(APRIL)) == (before, after)


_DAYS = st.dates(date(2022, 1, 1), date(2024, 1, 1))


@given(st.lists(st.tuples(_DAYS, st.integers(1, 3)), max_size=8))
def test_a_posting_holds_from_its_day_changes_nothing_before_and_overlaps_nothing(
    orders: list[tuple[date, int]],
) -> None:
    line: tuple[Posted, ...] = ()
    for day, department in orders:
        before = line
        new = Posted(Place(department), day)
        line = post_from(line, new)
        now = in_force(line, day)
        assert now is not None
        assert now.place.department_id == department
        assert contradictions(line) == []
        assert post_from(line, new) == line
        for earlier in (posted.first for posted in before if posted.first < day):
            one, other = in_force(before, earlier), in_force(line, earlier)
            assert one is not None
            assert other is not None
            assert one.place == other.place


CHANGES = (
    "旧部局,旧所属,新部局,新所属,施行日\n"
    "部0,課0,局Ａ,課0,R5.4.1\n"  # renamed
    "部1,課1,局B,新課,R5.4.1\n部2,課2,局B,新課,R5.4.1\n"  # merged
    "部3,課3,局C,一課,R5.4.1\n部3,課3,局C,二課,R5.4.1\n"  # split
)


def test_renamed_merged_and_split_departments_lose_nobody(office: Office) -> None:
    from rollout.application.transfers.reorganising import import_departments

    rows = [f"{n},職員 {n},,部{n % 5},課{n % 5},本庁,,,," for n in range(1, 51)]
    office.take("\n".join(rows) + "\n")
    office.equip("000003", "DK20-000003", date(2023, 4, 20))
    file = office.root / "改編.csv"
    file.write_text(CHANGES, encoding="utf-8-sig")

    def reorganise() -> Any:
        return import_departments(
            office.database, office.settings, open_list(file, "departments"),
            operator=OPERATOR, now=NOW, as_of=None,
        )  # fmt: skip

    report = reorganise()
    assert [kind for kind, _old, _new in report.pairs] == [
        "renamed", "merged", "merged", "split", "split",
    ]  # fmt: skip
    assert (report.faults, report.people) == ([], 40)
    again = reorganise()
    assert (again.pairs, again.people) == ([], 0)
    with office.database.read() as session:
        before, after = (departments.totals(session, day) for day in (BEFORE, APRIL))
        known = {row.id: row for row in departments.every(session)}
    assert sum(people for people, _pcs in before.values()) == 50
    assert sum(people for people, _pcs in after.values()) == 50
    assert all(known[id_ or 0].exists_on(APRIL) for id_, (people, _pcs) in after.items() if people)
    assert {known[id_ or 0].name: people for id_, (people, _pcs) in after.items() if people} == {
        "局A 課0": 10, "局B 新課": 20, "局C 一課": 10, "部4 課4": 10,
    }  # fmt: skip
    office.day_comes(APRIL)
    assert office.department_of("000003") == "局C 一課"
    machine = office.machine("DK20-000003")
    assert machine.owner_id is not None
    assert known[machine.department_id or 0].name == "局C 一課"
    with office.database.read() as session:
        assert departments.totals(session, BEFORE) == before


def test_promoters_are_marked_and_a_list_without_the_column_says_nothing_of_them(
    office: Office,
) -> None:
    def marked(column: str, *cells: str) -> tuple[list[str], int]:
        lines = [f"{1001 + place},人,総務部,{cell}" for place, cell in enumerate(cells)]
        (file := office.root / "p.csv").write_text(
            "\n".join([f"職員番号,氏名,部局,{column}", *lines]) + "\n", encoding="utf-8"
        )
        report = import_people(
            office.database, office.settings, open_list(file, "people"),
            operator=OPERATOR, now=NOW, order=Order(),
        )  # fmt: skip
        with office.database.read() as session:
            found = session.exec(postings.select(Person).where(Person.promoter)).all()
        return [person.staff_number for person in found], report.bad

    assert marked("デジタル活用推進員", "○", "", "正") == (["001001", "001003"], 0)
    assert marked("備考", "x", "x", "x") == (["001001", "001003"], 0)
    assert marked("推進員", "", "該当", "たぶん") == (["001002", "001003"], 1)


def test_the_preview_says_who_goes_where_and_which_groups_that_changes(office: Office) -> None:
    with (office.root / "rollout.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[accounts]\nservices = ["identity", "groupware"]\nold_group_days = 14\n'
            '[accounts.tenant]\ntenant_id = "t"\nclient_id = "c"\ncertificate_file = "c.pem"\n'
            '[accounts.nicknames]\n"総務部 人事課" = "jinji"\n"総務部 財政課" = "zaisei"\n'
        )
    office.settings = load()
    office.take(PEOPLE)
    report = office.take(
        "1001,髙橋 花子,,総務部,財政課,津,主査,R5.4.1,異動,\n"
        "1002,山﨑 一郎,,,,,,R5.3.31,退職,\n"
        "1003,佐藤 次郎,,県土整備部,道路課,本庁,主事,R5.4.1,異動,\n",
        as_of=APRIL,
        dry_run=True,
    )
    moved, left, seated = report.relocations
    assert (moved.from_department, moved.to_department) == ("総務部 人事課", "総務部 財政課")
    assert (moved.from_site, moved.to_site, moved.day) == ("本庁", "津", APRIL)
    assert (moved.leaves_group, moved.leaves_after) == ("jinji", date(2023, 4, 14))
    assert moved.joins_group == "zaisei"
    assert (left.to_department, left.leaves_group, left.leaves_after) == (None, "jinji", None)
    assert (seated.from_site, seated.to_site) == ("津", "本庁")
    assert (seated.leaves_group, seated.joins_group) == (None, None)
    # And what was announced is what the taking in says as well; a second time nobody moves.
    assert office.take("1001,髙橋 花子,,総務部,財政課,津,主査,R5.4.1,異動,\n").relocations == [
        moved
    ]
    again = office.take("1001,髙橋 花子,,総務部,財政課,津,主査,R5.4.1,異動,\n")
    assert again.relocations == []


def test_the_sample_lists_fit_the_sample_ledger(office: Office) -> None:
    folder = Path(__file__).parents[3] / "inventory" / "sample"
    import_ledger(office.database, open_ledger(folder / "ledger.csv"), operator=OPERATOR, now=NOW,
                  today=NOW.date(), valid_from=office.settings.programme.start)  # fmt: skip

    def take(name: str, **order: Any) -> PeopleReport:
        return import_people(office.database, office.settings, open_list(folder / name, "people"),
                             operator=OPERATOR, now=NOW, order=Order(**order))  # fmt: skip

    people = take("people.csv")
    assert people.faults == []
    assert people.moved == 0
    assert take("people.csv").changed == 0
    transfers = take("transfers.csv", as_of=APRIL)
    assert [fault.field for fault in transfers.faults] == ["moved_on"]
    assert transfers.leaving == 1
    assert len(transfers.effects.go) == 1
    assert take("people.csv").changed == 0
    with office.database.read() as session:
        assert history.verify(session).holds
