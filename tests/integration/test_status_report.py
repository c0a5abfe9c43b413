"""The daily report says what the database says, in every form, for any fleet."""

import csv
import io
import json
import random
import re
import resource
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import databases
import jsonschema
import numpy
import openpyxl
import pypdf
import pypdfium2
import pytest
import python_calamine
from fleets import START, amend_one, move_one, populate, transfer_one
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from openpyxl.cell import Cell
from sqlmodel import col, select
from typer.testing import CliRunner

from rollout import i18n
from rollout.adapters.export_files import write_csv
from rollout.adapters.reports.beside import ExportFailed
from rollout.adapters.reports.exporting import Form, write_status_as
from rollout.adapters.reports.pdf_status import write_status_pdf
from rollout.adapters.reports.xlsx_status import write_status_xlsx
from rollout.application.exports import status
from rollout.application.exports.status import DailyReport, Standing
from rollout.application.exports.status.summary import standing_of
from rollout.cli.commands import app
from rollout.domain.machine import NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.settings import Settings, load
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Person

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/status-report.schema.json").read_text(encoding="utf-8"))
CONFIGURATION = """\
[programme]
name = "移行 & <b>刷新</b>"
start = 2022-11-01
cutover = 2023-05-01
[calendar]
closed = ["2022-12-29/2023-01-03"]
[sites."本庁"]
machines_per_day = 20
[departments."総務部"]
site = "本庁"
contact = "内線 2000"
[sites."尾鷲"]
contact = "尾鷲庁舎 管理係"
[report]
in_charge = "移行事務局"
answer_days = 2
[milestones.platform]
name = "基盤"
due = 2022-11-04
[milestones.rules]
due = 2023-02-28
[indicators.people]
name = "人材"
targets = { "2021" = 20, "2022" = 20 }
"""
DIRTY = (
    '=cmd|"/c calc"!A1', "+1", "-1", "@SUM(1)", "{=1}", "<b>x</b>&amp;", "𠮷野 髙﨑", "a\nb",
)  # fmt: skip
SHEETS_EN = [
    "Summary", "By department", "By site", "By generation", "By wave", "Department by state",
    "Exceptions", "Holds", "Work of the next working day", "People and accounts",
    "Programme board", "Burn-up", "Check",
]  # fmt: skip


def configured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (folder / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(folder / "rollout.toml"))
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    monkeypatch.setattr(i18n, "_chosen", [])
    return load()


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Settings:
    return configured(tmp_path_factory.mktemp("configuration"), patch)


def aged(session: Any, seed: int, steps: int) -> datetime:
    """Let `steps` things happen, one an hour; the moment after the last."""
    chance = random.Random(seed)
    at = START
    for step in range(1, steps + 1):
        at = START + timedelta(hours=step)
        happens = chance.choices([move_one, amend_one, transfer_one], [80, 10, 10])[0]
        happens(session, chance, at)
        session.flush()
        session.expire_all()
    return at + timedelta(minutes=1)


@pytest.fixture(scope="module")
def database(
    tmp_path_factory: pytest.TempPathFactory, configuration: Settings
) -> Iterator[Database]:
    opened = databases.migrated(tmp_path_factory.mktemp("database") / "rollout.db")
    with opened.write() as session:
        populate(session, 40)
        people = [Person(staff_number=f"{n}", name=text) for n, text in enumerate(DIRTY)]
        session.add_all(people)
        session.flush()
        for machine in session.exec(select(Machine)):
            machine.owner_id = people[(machine.id or 0) % len(people)].id
        session.flush()
        aged(session, 7, 260)
        quiet = session.exec(
            select(Machine.id)
            .where(Machine.state == MachineState.REGISTERED.value)
            .order_by(col(Machine.id))
        ).all()
        assert len(quiet) >= len(DIRTY) // 2
        for id_, text in zip(quiet, DIRTY, strict=False):
            transitions.apply(
                session, Machine, [id_ or 0], MachineVerb.HOLD, actor="matsumoto",
                at=START + timedelta(days=12), reason=text, detail={"until": "2022-11-30"},
            )  # fmt: skip
            session.get_one(Machine, id_).hold_until = date(2022, 11, 30)
    yield opened
    opened.close()


NOW = datetime(2022, 11, 15, 8, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(database: Database, configuration: Settings) -> DailyReport:
    return status.daily(database, configuration, now=NOW)


@pytest.fixture(scope="module")
def book(report: DailyReport, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    return openpyxl.load_workbook(
        write_status_xlsx(tmp_path_factory.mktemp("xlsx") / "status.xlsx", report)
    )


@pytest.fixture(scope="module")
def pages(report: DailyReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_status_pdf(tmp_path_factory.mktemp("pdf") / "status.pdf", report)


def counted(database: Database) -> Counter[Standing]:
    with database.read() as session:
        found = session.exec(select(Machine.state)).all()
    return Counter(standing_of(MachineState(state)) for state in found)


def rows_of(sheet: Any, head: int = 4) -> list[dict[str, Any]]:
    """The rows below the headings, which stand in row `head`."""
    headings = [cell.value for cell in sheet[head]]
    return [
        dict(zip(headings, (cell.value for cell in row), strict=True))
        for row in sheet.iter_rows(min_row=head + 1)
        if row[0].value is not None
    ]


def test_the_sheets_have_the_figures_of_the_database_as_numbers(
    book: openpyxl.Workbook, database: Database
) -> None:
    assert book.sheetnames == SHEETS_EN
    wanted = counted(database)
    summary = {row["State"]: row["Machines"] for row in rows_of(book["Summary"])[:9]}
    assert summary == {
        **{word.value.replace("_", " "): wanted[word] for word in Standing},
        "Total": wanted.total(),
    }
    for name in SHEETS_EN[1:5]:
        *groups, total = rows_of(book[name])
        assert total["Total"] == wanted.total() == sum(group["Total"] for group in groups)
        for word in Standing:
            label = word.value.replace("_", " ").capitalize()
            assert total[label] == wanted[word] == sum(group[label] for group in groups)


def test_another_reader_sees_the_same_sheets(report: DailyReport, tmp_path: Path) -> None:
    path = write_status_xlsx(tmp_path / "s.xlsx", report)
    book = python_calamine.CalamineWorkbook.from_path(path)
    assert book.sheet_names == SHEETS_EN
    days = book.get_sheet_by_name("Burn-up").to_python()[4:]
    known = [day for day in days if isinstance(day[0], date)]
    assert [day[0] for day in known] == [day.day for day in report.burn_up.days]
    assert [day[3] for day in known] == [day.planned for day in report.burn_up.days]
    assert [day[4] if day[4] != "" else None for day in known] == [
        day.done for day in report.burn_up.days
    ]


def test_days_are_dates_texts_are_texts_and_nothing_is_a_formula(
    book: openpyxl.Workbook, database: Database
) -> None:
    with database.read() as session:
        waiting = {
            row.asset_tag: row
            for row in session.exec(
                select(Machine).where(
                    col(Machine.state).in_([state.value for state in NEEDS_A_PERSON])
                )
            )
        }
    found = [row for row in rows_of(book["Exceptions"]) if row["Kind"] == "machine"]
    assert {row["Asset tag or name"] for row in found} == waiting.keys()
    for row in found:
        machine = waiting[row["Asset tag or name"]]
        assert isinstance(row["Since"], datetime)
        assert row["State"] == machine.state
        assert row["Cause"] == machine.cause
    for sheet in book.worksheets:
        for line in sheet.iter_rows():
            cell: Cell
            for cell in line:
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)


def test_sheets_are_set_up_to_be_filtered_and_printed(
    book: openpyxl.Workbook, report: DailyReport, tmp_path: Path
) -> None:
    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.oddFooter.center.text == "&P / &N"
    for name in SHEETS_EN[1:9]:
        assert book[name].freeze_panes == "B5"
        assert book[name].print_title_rows == "$4:$4"
    assert book["By department"].auto_filter.ref is not None
    path = write_status_xlsx(tmp_path / "s.xlsx", report)
    with zipfile.ZipFile(path) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
        assert len(charts) == 2
        assert b"Burn-up" in parts.read(charts[0])


def test_every_colour_has_a_word(book: openpyxl.Workbook) -> None:
    coloured = {"FFC6E7CE", "FFFFE7A3", "FFF8C9C4", "FFE3E5E8"}
    seen = 0
    for sheet in book.worksheets:
        for line in sheet.iter_rows():
            for cell in line:
                if cell.fill.fgColor.rgb in coloured and cell.fill.fill_type:
                    seen += 1
                    assert isinstance(cell.value, str)
                    assert cell.value.strip()
    assert seen > 10


def test_the_pages_say_the_figures_the_moment_and_their_number(
    pages: Path, database: Database
) -> None:
    reader = pypdf.PdfReader(pages)
    texts = [page.extract_text() for page in reader.pages]
    wanted = counted(database)
    for number, text in enumerate(texts, start=1):
        assert f"{number} / {len(texts)}" in text
        assert "as of 15 Nov 2022 17:15" in text
    for word in Standing:
        shown = f"{wanted[word]:,}" if wanted[word] else "–"
        assert re.search(rf"{word.value.replace('_', ' ')}\s+{shown}\s", texts[0])
    assert "移行 & <b>刷新</b>" in texts[0]
    assert any("matsumoto" in text for text in texts)
    assert any("=cmd" in text for text in texts)
    box = reader.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (842, 595)
    assert reader.metadata is not None
    assert reader.metadata.creation_date == NOW


def test_the_pages_bring_their_japanese_font_along(pages: Path) -> None:
    found = set()
    for page in pypdf.PdfReader(pages).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            made = font.get_object()
            descriptor = made.get("/FontDescriptor")
            if descriptor is not None:
                found.add(str(made["/BaseFont"]))
                assert "/FontFile2" in descriptor.get_object()
    assert found
    assert all("IPAex" in name for name in found)


def test_the_burn_up_is_drawn(pages: Path) -> None:
    document = pypdfium2.PdfDocument(pages)
    picture = document[0].render(scale=1).to_pil().convert("RGB")
    colours = {colour for _count, colour in picture.getcolors(maxcolors=1_000_000) or []}
    document.close()
    assert (0x1F, 0x4E, 0x79) in colours  # actual
    assert (0xE5, 0xE7, 0xEB) in colours  # closed days


def test_json_keeps_to_its_schema_and_the_schema_knows_every_key(
    report: DailyReport, tmp_path: Path
) -> None:
    write_status_as(tmp_path / "s.json", report, Form.JSON)
    tree = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(tree, SCHEMA)
    assert set(tree) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**tree, "version": 2}, SCHEMA)


def test_exceptions_say_who_is_to_do_what_by_when(report: DailyReport) -> None:
    held = [line for line in report.holds if line.since == START + timedelta(days=12)]
    assert {line.approver for line in held} == {"matsumoto"}
    assert {line.next_date for line in held} == {date(2022, 11, 30)}
    assert not any(line.overdue for line in held)
    by_department = {line.bureau: line.in_charge for line in report.exceptions if line.bureau}
    assert by_department["総務部"] == "内線 2000"
    failed = [line for line in report.exceptions if line.state in ("failed", "silent", "unknown")]
    assert failed
    for line in failed:
        assert isinstance(line.since, datetime)
        day = line.since.astimezone(ZoneInfo("Asia/Tokyo")).date()
        second = numpy.busday_offset(day, 2, roll="backward", holidays=["2022-11-03"])
        assert line.next_date == second.astype(date)
        assert line.overdue == (line.next_date < date(2022, 11, 15))
    late = [line for line in report.exceptions if not line.generation]
    assert [(line.kind.value, line.name, line.days) for line in late] == [
        ("milestone", "基盤", 11),
        ("indicator", "人材", 229),
    ]


def test_the_change_is_that_of_a_whole_working_day(
    report: DailyReport, database: Database, configuration: Settings
) -> None:
    assert report.before is not None
    assert report.before.as_of == NOW - timedelta(days=1)
    before = status.daily_at(database, configuration, NOW - timedelta(days=1)).summary
    assert report.before.standing == before.standing
    monday = datetime(2023, 1, 4, 8, tzinfo=UTC)
    after_the_holidays = status.daily_at(database, configuration, monday).before
    assert after_the_holidays is not None
    assert after_the_holidays.as_of == datetime(2022, 12, 28, 8, tzinfo=UTC)


@pytest.mark.parametrize("form", ["xlsx", "pdf"])
def test_the_same_moment_gives_the_same_bytes_after_everything_has_moved_on(
    configuration: Settings, tmp_path: Path, form: str
) -> None:
    opened = databases.migrated(tmp_path / "rollout.db")
    write = write_status_xlsx if form == "xlsx" else write_status_pdf
    with opened.write() as session:
        populate(session, 12)
        then = aged(session, 3, 60)
    first = write(tmp_path / "first", status.daily_at(opened, configuration, then)).read_bytes()
    with opened.write() as session:
        chance = random.Random(4)
        for step in range(40):
            move_one(session, chance, then + timedelta(days=2, hours=step))
    second = write(tmp_path / "second", status.daily_at(opened, configuration, then)).read_bytes()
    opened.close()
    assert first == second


@pytest.mark.parametrize("form", ["xlsx", "pdf", "csv", "json"])
def test_the_command_writes_what_the_ending_says_and_verify_finds_it_unaltered(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", database.url)
    configured(tmp_path, monkeypatch)
    out = tmp_path / f"status.{form}"
    run = CliRunner().invoke
    now = ["--now", NOW.isoformat()]
    assert run(app, [*now, "export", "status", "--out", str(out)]).exit_code == 0
    begins = {"xlsx": b"PK", "pdf": b"%PDF", "csv": b"\xef\xbb\xbf", "json": b"{"}
    assert out.read_bytes().startswith(begins[form])
    assert run(app, [*now, "export", "verify", str(out)]).exit_code == 0
    with out.open("ab") as file:
        file.write(b" ")
    assert run(app, [*now, "export", "verify", str(out)]).exit_code == 1


@pytest.mark.parametrize("write", [write_status_xlsx, write_status_pdf])
def test_a_full_disk_leaves_the_older_report_whole(
    report: DailyReport, tmp_path: Path, write: Callable[[Path, DailyReport], Path]
) -> None:
    out = tmp_path / "status"
    out.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(ExportFailed, match=r"cannot write .*older export is unchanged"):
            write(out, report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["status"]


def test_the_report_speaks_japanese_with_eras(
    report: DailyReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    text = pypdf.PdfReader(write_status_pdf(tmp_path / "s.pdf", report)).pages[0].extract_text()
    assert "令和4年11月15日 17:15 現在" in text
    assert "令和5年5月1日" in text
    book = openpyxl.load_workbook(write_status_xlsx(tmp_path / "s.xlsx", report))
    assert book.sheetnames[:2] == ["総括", "部局別"]
    since = book["例外"]["F5"]
    assert isinstance(since.value, datetime)
    assert "ggge" in since.number_format
    english = [
        cell.value
        for sheet in book.worksheets
        for cell in sheet[4]
        if isinstance(cell.value, str) and cell.value.isascii()
    ]
    assert english == []


FLEET = st.tuples(st.integers(0, 14), st.integers(0, 40), st.integers(0, 2**31))


@example(fleet=(3, 19, 8114))  # a machine in trouble whose user was transferred meanwhile
@examples(max_examples=4, deadline=None)
@given(fleet=FLEET)
def test_totals_reconcile_in_every_form_for_any_fleet(
    configuration: Settings, fleet: tuple[int, int, int]
) -> None:
    machines, steps, seed = fleet
    with tempfile.TemporaryDirectory() as folder:
        opened = databases.migrated(Path(folder) / "rollout.db")
        with opened.write() as session:
            populate(session, machines)
            now = aged(session, seed, steps if machines else 0)
        wanted = counted(opened)
        live = status.daily(opened, configuration, now=now)
        past = status.daily_at(opened, configuration, now)
        opened.close()
        assert live.burn_up == past.burn_up
        assert live.exceptions == past.exceptions
        assert (live.summary.by_department, live.tomorrow, live.board) == (
            past.summary.by_department,
            past.tomorrow,
            past.board,
        )
        _reconciles(live, wanted, Path(folder))


def _reconciles(report: DailyReport, wanted: Counter[Standing], folder: Path) -> None:
    words = {word.value: wanted[word] for word in Standing}
    write_status_as(folder / "s.json", report, Form.JSON)
    tree = json.loads((folder / "s.json").read_bytes())
    jsonschema.validate(tree, SCHEMA)
    assert tree["summary"] == words
    for name in ("by_generation", "by_site", "by_department", "by_wave"):
        assert sum(split["total"] for split in tree[name]) == wanted.total()
        for state, number in tree["by_state"].items():
            assert sum(split["by_state"][state] for split in tree[name]) == number
    today = next(day for day in tree["burn_up"]["days"] if day["day"] == tree["as_of"][:10])
    assert today["done"] == wanted[Standing.DONE]
    if tree["previous"]:
        for word, change in tree["previous"]["change"].items():
            assert tree["previous"]["summary"][word] + change == words[word]
    write_csv(folder / "s.csv", status.table(report))
    rows = list(csv.DictReader(io.StringIO((folder / "s.csv").read_text("utf-8-sig"))))
    summed = {row["Item"]: int(row["Number"]) for row in rows if row["Section"] == "Summary"}
    assert summed == {word.replace("_", " "): number for word, number in words.items()}
    book = openpyxl.load_workbook(write_status_xlsx(folder / "s.xlsx", report))
    sheet = {row["State"]: row["Machines"] for row in rows_of(book["Summary"])[:9]}
    assert [sheet[word.replace("_", " ")] for word in words] == list(words.values())
    assert len(rows_of(book["Exceptions"])) == max(1, len(report.exceptions))
    text = pypdf.PdfReader(write_status_pdf(folder / "s.pdf", report)).pages[0].extract_text()
    assert re.search(rf"Total\s+{wanted.total() or '–'}\s", text)
