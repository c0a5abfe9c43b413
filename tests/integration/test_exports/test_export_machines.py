"""One row per machine: in every form what the database says, whatever the texts are."""

import csv
import json
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import databases
import openpyxl
import pytest
from export_fleet import EVIL, MACHINES, NOW
from python_calamine import CalamineWorkbook
from sqlalchemy import update
from sqlmodel import Session, col, select

from rollout.adapters.reports import rows_sheet, sheet_cells
from rollout.adapters.reports.exporting import Form, write
from rollout.adapters.reports.lines_csv import as_csv
from rollout.application.exports import machines
from rollout.application.exports.machines import open_machines
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.machines import Filter
from rollout.store.readers import read_together
from rollout.store.tables import Department, Machine, Person, Site, Wave

TOKYO = "+09:00"


def everything(session: Session) -> list[tuple[Machine, Person | None]]:
    return [
        (machine, session.get(Person, machine.owner_id))
        for machine in session.exec(select(Machine).order_by(col(Machine.asset_tag)))
    ]


def export(database: Database, settings: Settings, path: Path, form: Form, **options: Any) -> Any:
    encoding = options.pop("encoding", "utf-8-bom")
    with open_machines(database, settings, now=NOW, **options) as extract:
        return write(path, extract, form, encoding=encoding)


def as_text(cell: str) -> str:
    """What a spreadsheet shows for a cell of a CSV."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in "=+-@\t\r\n＝＋－＠" else cell


def test_csv_has_every_machine_with_the_words_of_the_database(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    done = export(fleet, configuration, tmp_path / "m.csv", Form.CSV)
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert done.stamp.rows == len(rows) == MACHINES
    with fleet.read() as session:
        for row, (machine, owner) in zip(rows, everything(session), strict=True):
            assert row["Asset tag"] == machine.asset_tag
            assert (row["State"], row["Step"]) == (machine.state, machine.step or "")
            assert as_text(row["Owner"]) == owner.name  # type: ignore[union-attr]
            assert as_text(row["Remark"]) == machine.remark
            assert as_text(row["Cause"]) == (machine.cause or "")
            local = machine.state_since.astimezone(configuration.programme.zone)
            assert row["In this state since"] == local.isoformat(timespec="seconds")
            known = {None: "", True: "yes", False: "no"}
            assert row["May be taken out"] == known[machine.may_leave]
            assert row["Lease from"] == (machine.lease_from or "").__str__()
            site = session.get(Site, machine.site_id) if machine.site_id else None
            assert row["Site"] == (site.key if site else "")
            department = session.get(Department, machine.department_id or 0)
            assert row["Department"] == (department.bureau if department else "")
            wave = session.get(Wave, machine.wave_id) if machine.wave_id else None
            assert row["Wave"] == (str(wave.number) if wave else "")


def test_no_cell_of_a_csv_begins_like_a_formula(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "m.csv", Form.CSV)
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


def test_accounts_take_out_loans_and_controls_stand_beside_the_machine(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "m.jsonl", Form.JSONL)
    rows = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text("utf-8").splitlines()]
    by_number = {int(row["asset_tag"][-6:]): row for row in rows}
    # Machine 20 belongs to the first person.
    assert (by_number[20]["identity"], by_number[20]["licence"]) == ("ready", "blocked")
    assert by_number[20]["upn"] == "0@example.jp"
    assert by_number[12]["take_out"] == "approved"
    assert (by_number[14]["take_out"], by_number[14]["take_out_to"]) == ("applied", "2022-12-03")
    assert by_number[1]["spare"] == rows_tag(59)
    assert by_number[59]["stands_in_for"] == rows_tag(1)
    assert [by_number[11][f"controls_{word}"] for word in ("passed", "failed", "pending")] == [
        3, 0, 0,
    ]  # fmt: skip
    assert by_number[20]["controls_lacking"] == "edr_service, firewall"
    assert by_number[11]["measured_at"] == "2022-11-01T23:00:00+09:00"
    assert by_number[40]["controls_passed"] is None


def rows_tag(number: int) -> str:
    return f"DK{19 + number % 2}-{number:06d}"


def test_json_keeps_every_text_as_it_is(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "m.json", Form.JSON)
    tree = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert (tree["programme"], tree["total"]) == ("移行", MACHINES)
    assert tree["as_of"] == "2022-11-04T05:00:00+09:00"
    with fleet.read() as session:
        for item, (machine, owner) in zip(tree["machines"], everything(session), strict=True):
            for name in ("state", "step", "attempt", "cause", "remark", "may_leave", "serial"):
                assert item[name] == getattr(machine, name)
            assert item["owner"] == owner.name  # type: ignore[union-attr]
    states = {entry["state"]: entry["machines"] for entry in tree["by_state"]}
    assert sum(states.values()) == tree["counts"]["machines"] == MACHINES
    assert states["migrated"] == tree["counts"]["state.migrated"] == 17


def test_xlsx_has_texts_numbers_and_dates_as_such_and_no_formula(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "m.xlsx", Form.XLSX)
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    sheet = book["Machines"]
    heading = {cell.value: cell.column - 1 for cell in sheet[1]}
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", f"A1:AT{MACHINES + 1}")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert all(cell.data_type != "f" for row in sheet for cell in row)
    with fleet.read() as session:
        rows = list(sheet.iter_rows(min_row=2))
        for row, (machine, _owner) in zip(rows, everything(session), strict=True):
            remark = row[heading["Remark"]].value or ""
            assert unescaped(remark) == machine.remark
            since = row[heading["In this state since"]].value
            local = machine.state_since.astimezone(configuration.programme.zone)
            assert isinstance(since, datetime)
            assert since == local.replace(tzinfo=None)
            day = row[heading["Planned day"]].value
            assert (day.date() if day else None) == machine.planned_day
            assert row[heading["Attempt"]].value == machine.attempt
    summary = {row[0].value: row[1].value for row in book["Summary"] if row[0].value}
    assert (summary["Rows"], summary["migrated"]) == (MACHINES, 17)


def unescaped(text: str) -> str:
    """Control characters stand in XML by their number."""
    return openpyxl.utils.escape.unescape(text)


def test_another_reader_of_sheets_finds_the_same(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "m.xlsx", Form.XLSX)
    book = CalamineWorkbook.from_path(str(tmp_path / "m.xlsx"))
    rows = book.get_sheet_by_name("Machines").to_python()
    with fleet.read() as session:
        assert [row[0] for row in rows[1:]] == [
            machine.asset_tag for machine, _owner in everything(session)
        ]


def test_more_rows_than_a_sheet_has_go_on_on_the_next(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "m.xlsx"
    with open_machines(fleet, configuration, now=NOW) as extract:
        rows_sheet.write(path, extract, progress=lambda done, total: None, rows=26)
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["Summary", "Machines", "Machines (2)", "Machines (3)"]
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]]
    assert [len(sheet) for sheet in sheets] == [26, 26, 11]
    assert all(sheet[0] == sheets[0][0] for sheet in sheets)
    tags = [row[0] for sheet in sheets for row in sheet[1:]]
    assert tags == sorted(tags)
    assert len(set(tags)) == MACHINES


@pytest.mark.parametrize(
    ("text", "left"),
    [("x" * 32_767, 32_767), ("x" * 32_768, 32_767), ("𠮷" * 16_383, 16_383),
     ("𠮷" * 16_384, 16_384), ("x" + "𠮷" * 16_383, 16_384)],
)  # fmt: skip
def test_a_text_longer_than_a_cell_is_cut_where_a_character_ends(text: str, left: int) -> None:
    found = sheet_cells.shortened(text)
    assert len(found) == left
    units = len(found.encode("utf-16-le")) // 2
    assert units <= sheet_cells.LONGEST
    assert (found == text) == (len(text.encode("utf-16-le")) // 2 <= sheet_cells.LONGEST)
    assert found == text or found.endswith("…")


def test_what_was_cut_is_told_with_its_place(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    with changing.write() as session:
        machine = session.get(Machine, 3)
        assert machine is not None
        machine.remark = "長" * 40_000
        session.add(machine)
    done = export(changing, configuration, tmp_path / "m.xlsx", Form.XLSX)
    tags = sorted(rows_tag(number) for number in range(1, MACHINES + 1))
    assert (done.cuts, done.cut) == (1, [f"Machines, Remark, {tags.index(rows_tag(3)) + 2}"])
    with closing(openpyxl.load_workbook(tmp_path / "m.xlsx", read_only=True)) as book:
        told = {row[0].value: row[1].value for row in book["Summary"] if row[0].value}
    assert told["Texts cut at 32767 characters"] == 1


def test_cp932_lists_each_character_that_it_had_to_replace(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "m.csv"
    done = export(fleet, configuration, path, Form.CSV, encoding="cp932")
    with path.open(encoding="cp932", newline="") as file:
        rows = list(csv.reader(file))
    with (tmp_path / "m.csv.replaced.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.reader(file))[1:]
    assert done.replacements == len(listed) == 6  # the name and the remark of three machines
    heading = rows[0]
    for row, column, character, put in listed:
        assert (character, put) == ("𠮷", "〓")
        assert "〓野 髙﨑" in rows[int(row) - 1][heading.index(column)]
    export(fleet, configuration, path, Form.CSV)
    assert not (tmp_path / "m.csv.replaced.csv").exists()


def test_lines_of_the_database_have_the_bytes_of_cells_written_one_by_one(
    fleet: Database, configuration: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, encoding = 0, "cp932"
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    with read_together(fleet) as readers:
        for tag in ["", *readers.first.exec(select(Machine.asset_tag))]:
            found = []
            for by_cells in (False, True):
                wanted = Filter(tags=(tag,) if tag else ())
                extract = machines.extract(readers, configuration, now=NOW, wanted=wanted)
                assert extract.lines is not None
                if by_cells:
                    extract.lines = None
                else:
                    extract.lines = [*extract.lines]
                    quick += not any(
                        page.text is None
                        or as_csv(page.text, page.rows, len(extract.columns), "utf-8") is None
                        for page in extract.lines
                    )
                done = write(tmp_path / "m.csv", extract, Form.CSV, encoding=encoding)
                found.append((done.stamp.sha256, done.stamp.counts, done.replaced))
            assert found[0] == found[1], tag
    # Not the fleet as a whole, and not the three that have a sign of ours in a text.
    assert quick == MACHINES - 3


@databases.of_a_file  # PostgreSQL has no such texts
def test_a_text_with_a_nul_is_not_cut_off(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    with changing.write() as session:
        session.exec(update(Machine).values(image_id="a\0b"))
    export(changing, configuration, tmp_path / "m.csv", Form.CSV)
    assert (tmp_path / "m.csv").read_bytes().count(b"a\0b") == MACHINES


FILTERS: Sequence[Filter] = (
    Filter(states=("failed", "held")),
    Filter(sites=("尾鷲",), generations=("DK20",)),
    Filter(waves=(7,)),
    Filter(text="dk19-00000"),
    Filter(text="髙"),
    Filter(needs_a_person=True),
    Filter(purposes=("shared",)),
)


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("past", [False, True])
def test_a_filter_gives_the_machines_of_the_listing(
    fleet: Database, configuration: Settings, tmp_path: Path, wanted: Filter, past: bool
) -> None:
    from rollout.store.machines import listing

    as_of = NOW if past else None
    path = tmp_path / "m.jsonl"
    export(fleet, configuration, path, Form.JSONL, wanted=wanted, as_of=as_of)
    tags = [json.loads(line)["asset_tag"] for line in path.read_text("utf-8").splitlines() if line]
    with fleet.read() as session:
        listed = [one.machine.asset_tag for one in listing(session, wanted, limit=1000)]
    assert tags == listed


def test_evil_texts_are_all_in_the_fleet(fleet: Database) -> None:
    with fleet.read() as session:
        names = set(session.exec(select(Person.name)))
    assert names == set(EVIL)
