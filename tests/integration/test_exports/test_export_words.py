"""People read words in their language, programs the words that are kept."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from export_fleet import NOW
from sqlmodel import col, select

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.audit import open_audit
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.application.exports.verifying import verify, walk
from rollout.i18n import use_language
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.machines import Filter
from rollout.store.tables import AuditRow, Machine


@pytest.fixture(autouse=True)
def in_japanese() -> None:
    use_language("ja")


def test_the_history_is_read_in_words_and_told_as_it_is_chained(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    with open_audit(fleet, configuration, now=NOW) as extract:
        write(tmp_path / "a.csv", extract, Form.CSV)
    with open_audit(fleet, configuration, now=NOW) as extract:
        write(tmp_path / "a.jsonl", extract, Form.JSONL)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        shown = list(csv.reader(file))[1:]
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").strip().split("\n")
    told = [json.loads(line) for line in lines]
    with fleet.read() as session:
        kept = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()
    names = ("noun", "verb", "from_state", "to_state")
    assert [[row[name] for name in names] for row in told] == [
        [getattr(row, name) for name in names] for row in kept
    ]
    words = {(row[3], row[6], row[7], row[8]) for row in shown}
    assert ("アカウント", "確認", "依頼済み", "利用可") in words
    assert not any(cell.isascii() and cell for row in words for cell in row)


def test_the_purpose_of_a_machine_is_said_in_words(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    with changing.write() as session:
        for number, purpose in enumerate(("personal", "spare", "議場用"), 1):
            session.get_one(Machine, number).purpose = purpose
        session.flush()
        wanted = Filter(tags=tuple(session.get_one(Machine, id_).asset_tag for id_ in (1, 2, 3)))
    for by_cells in (False, True):
        with open_machines(changing, configuration, now=NOW, wanted=wanted) as extract:
            extract.lines = None if by_cells else extract.lines
            write(tmp_path / "m.csv", extract, Form.CSV)
        with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
            heading, *rows = csv.reader(file)
        found = {row[heading.index("用途")] for row in rows}
        assert found == {"一人一台", "予備", "議場用"}


@pytest.mark.parametrize("by_cells", [False, True], ids=["as lines", "by cells"])
def test_controls_that_are_lacking_are_said_as_the_evidence_says_them(
    by_cells: bool, fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    with open_machines(fleet, configuration, now=NOW) as extract:
        extract.lines = None if by_cells else extract.lines
        write(tmp_path / "m.csv", extract, Form.CSV)
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        shown = {row["満たさない対策"]: row for row in csv.DictReader(file)}
    with open_machines(fleet, configuration, now=NOW) as extract:
        write(tmp_path / "m.json", extract, Form.JSON)
    told = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["machines"]
    assert {row["controls_lacking"] for row in told} >= {None, "edr_service, firewall"}
    assert "EDR: サービス稼働; ファイアウォール" in shown
    assert not any("_" in said for said in shown)


def test_what_verify_counts_is_said_in_words_and_told_as_the_stamp_has_it(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    for opened in (open_machines, open_evidence, open_audit):
        with opened(fleet, configuration, now=NOW) as extract:
            write(tmp_path / "e.csv", extract, Form.CSV)
            counts = extract.counts
        *_others, totals = verify(fleet, configuration, tmp_path / "e.csv", walk(fleet))
        assert totals.holds
        assert re.search("[a-z]", totals.said) is None
        assert totals.counts == {name: number for name, number in counts.items() if number}


@pytest.mark.parametrize("opened", [open_machines, open_evidence])
def test_what_an_export_was_filtered_by_is_said_in_words(
    fleet: Database, configuration: Settings, opened: Any
) -> None:
    wanted = Filter(states=("failed", "held"), sites=("津",), purposes=("spare",), waves=(3,))
    with opened(fleet, configuration, now=NOW, wanted=wanted) as extract:
        told = dict(extract.facts)["絞り込み"]
    assert told == "状態: 失敗, 保留; 庁舎: 津; ウェーブ: 3; 用途: 予備"
    with opened(fleet, configuration, now=NOW) as extract:
        assert dict(extract.facts)["絞り込み"] == "-"
