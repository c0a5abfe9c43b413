"""Evidence: every measurement, and a gap for whatever the model asks and nobody proved."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
from export_fleet import EVIL, NOW
from sqlmodel import select

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.extract import Column, Note
from rollout.domain.controls import MODEL, TITLES
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.tables import Evidence, Machine


def export(database: Database, settings: Settings, path: Path, form: Form, **options: Any) -> Any:
    with open_evidence(database, settings, now=NOW, **options) as extract:
        return write(path, extract, form)


def lines(database: Database, settings: Settings, folder: Path) -> list[dict[str, Any]]:
    export(database, settings, folder / "e.jsonl", Form.JSONL)
    return [json.loads(line) for line in (folder / "e.jsonl").read_text("utf-8").splitlines()]


def test_every_last_measurement_stands_there_with_its_run(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    found = {
        (row["asset_tag"], row["control"]): row
        for row in lines(fleet, configuration, tmp_path)
        if row["verdict"] != "missing"
    }
    with fleet.read() as session:
        last = {}
        rows = session.exec(select(Evidence, Machine).join(Machine).order_by(Evidence.id))  # type: ignore[arg-type]
        for evidence, machine in rows:
            last[machine.asset_tag, evidence.control] = evidence
        measured = {key: row for key, row in found.items() if key[1] != "mfa"}
        assert measured.keys() == last.keys()
        for key, row in measured.items():
            for name in ("value", "verdict", "source"):
                assert row[name] == getattr(last[key], name)
            assert row["run"] == last[key].run_id == 1
    assert found["DK19-000012", "mfa"]["verdict"] == "pass"
    assert found["DK20-000013", "mfa"]["verdict"] == "fail"


def test_a_gap_is_what_the_model_asks_of_a_pc_in_use_and_nothing_proves(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    rows = lines(fleet, configuration, tmp_path)
    of = {(row["asset_tag"], row["control"]): (row["verdict"], row["gap"]) for row in rows}
    # DK20 may be taken home, DK19 may not: only there encryption is asked for.
    assert of["DK20-000013", "disk_encryption"] == ("missing", True)
    assert ("DK19-000012", "disk_encryption") not in of
    assert of["DK19-000012", "edr_service"] == ("pending", True)
    assert of["DK20-000015", "firewall"] == ("fail", True)
    assert of["DK20-000015", "tpm"] == ("pass", False)
    assert all(row["required"] == (row["control"] != "tpm") for row in rows)
    assert {row["state"] for row in rows} == {"migrated", "verified"}


def test_the_summary_adds_up_to_the_rows(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    done = export(fleet, configuration, tmp_path / "e.json", Form.JSON)
    tree = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    verdicts = Counter((row["control"], row["verdict"]) for row in tree["evidence"])
    for line in tree["controls"]:
        for word in ("pass", "fail", "pending", "missing"):
            assert line[word] == verdicts[line["control"], word]
    gaps = [(row["asset_tag"], row["control"]) for row in tree["evidence"] if row["gap"]]
    assert [(gap["asset_tag"], gap["control"]) for gap in tree["gaps"]] == gaps
    assert sum(line["gaps"] for line in tree["controls"]) == len(gaps) > 0
    assert done.stamp.counts["audited"] == 20


def test_sheet_and_csv_have_the_same_rows_without_a_formula(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "e.xlsx", Form.XLSX)
    export(fleet, configuration, tmp_path / "e.csv", Form.CSV)
    book = openpyxl.load_workbook(tmp_path / "e.xlsx")
    assert book.sheetnames == ["Summary", "Evidence"]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    with (tmp_path / "e.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    place = rows[0].index("Verdict")
    sheet = [[cell.value for cell in row] for row in book["Evidence"]]
    assert [row[place] for row in sheet] == [row[place] for row in rows]
    assert {cell for row in sheet for cell in row} >= {EVIL[1], EVIL[3]}


def test_paper_has_the_summary_and_every_gap_with_japanese_letters(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    export(fleet, configuration, tmp_path / "e.pdf", Form.PDF)
    reader = pypdf.PdfReader(tmp_path / "e.pdf")
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "移行" in text
    assert "DK20-000015" in text
    assert TITLES["firewall"] in text
    fonts = {
        font["/BaseFont"]
        for page in reader.pages
        for font in (entry.get_object() for entry in page["/Resources"]["/Font"].values())  # type: ignore[index]
    }
    assert any("IPAexGothic" in name for name in fonts)


def test_no_row_of_the_paper_stands_alone_on_a_page(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    columns = (Column("asset_tag", "Tag"), Column("gaps", "Gaps", holds="number"))
    sizes = {f"t{number}": 30 + number for number in range(12)}
    notes = [
        Note(name, f"head {name}", columns, [(f"{name}-row", 1)] * size)
        for name, size in sizes.items()
    ]
    with open_evidence(fleet, configuration, now=NOW) as extract:
        extract.notes = lambda: notes
        write(tmp_path / "e.pdf", extract, Form.PDF)
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "e.pdf").pages]
    for name, size in sizes.items():
        there = [count for page in pages if (count := page.count(f"{name}-row"))]
        assert sum(there) == size
        assert min(there) >= 2
        assert f"head {name}\n" in next(page for page in pages if f"{name}-row" in page)


def test_every_control_of_the_model_has_a_title() -> None:
    assert [name for name in MODEL if name not in TITLES] == []
