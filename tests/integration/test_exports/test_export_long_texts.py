"""Pages keep to their room however long the texts are that a ledger brings."""

from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from export_fleet import NOW
from sqlmodel import col, update

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.exporting.machines import ROOM
from rollout.store.tables import Machine

LONG = 300_000


@pytest.fixture
def long(changing: Database) -> Database:
    with changing.write() as session:
        session.connection().execute(update(Machine).values(remark="備" * LONG))
        session.connection().execute(
            update(Machine).where(col(Machine.id) == 1).values(remark="備" * 32_767)
        )
    return changing


@pytest.mark.parametrize("opened", [open_machines, open_evidence])
def test_a_page_has_as_many_rows_as_its_room_has_long_texts(
    long: Database, configuration: Settings, opened: Any
) -> None:
    with opened(long, configuration, now=NOW) as extract:
        tags = [[*dict.fromkeys(page[0])] for page in extract.read()]
        assert len(tags) > 3
        assert all(len(page) * LONG <= ROOM for page in tags)
        if extract.lines is not None:
            lines = [page.rows for page in extract.lines]
            assert sum(lines) == extract.total
            assert all(rows * LONG <= ROOM for rows in lines)


def test_all_of_it_is_in_the_csv_and_what_a_cell_holds_in_the_sheet(
    long: Database, configuration: Settings, tmp_path: Path
) -> None:
    for form in (Form.CSV, Form.XLSX):
        with open_machines(long, configuration, now=NOW) as extract:
            done = write(tmp_path / f"m.{form}", extract, form)
    rows = done.stamp.rows
    text = (tmp_path / "m.csv").read_text(encoding="utf-8-sig")
    assert text.count("備") == (rows - 1) * LONG + 32_767
    assert done.cuts == rows - 1
    with closing(openpyxl.load_workbook(tmp_path / "m.xlsx", read_only=True)) as book:
        cells = [row[28] for row in book.worksheets[1].iter_rows(2, values_only=True)]
    assert {len(str(cell)) for cell in cells} == {32_767}
    assert sum(str(cell).endswith("…") for cell in cells) == rows - 1
