"""Lines that the database puts together are those of the csv module, whatever the texts are."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import databases
import export_fleet
import pytest
from export_fleet import NOW, SINCE
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import Session, col, delete

from rollout.adapters.reports.exporting import Form, write
from rollout.adapters.reports.lines_csv import as_csv
from rollout.application.exports import machines
from rollout.settings import Settings
from rollout.store import control_summaries
from rollout.store.database import Database
from rollout.store.machines import Filter
from rollout.store.readers import read_together
from rollout.store.tables import Evidence, Machine, Person

CALCULATED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\0")
SIGNS = "\x1a\x1b\x1c\x1d\x1e\x1f"
FEW = 4
letters = st.sampled_from([*CALCULATED, *SIGNS, *"'\",; WACT019aあ𠮷﨑−\\{}%s"])
if databases.POSTGRESQL:
    letters = letters.filter("\0".__ne__)
texts = st.text(letters, max_size=8) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)
lots = st.lists(texts, min_size=8 * FEW, max_size=8 * FEW)
PLAIN = ["x"] * 8 * FEW


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The fleet, of which the first machines get other texts for each example."""
    database = export_fleet.made(tmp_path_factory.mktemp("few"))
    yield database
    database.close()


def poison(session: Session, given_texts: list[str]) -> Filter:
    """Machines 1 to FEW with these texts in every column that takes any; what chooses them."""
    mine = iter(given_texts)
    session.connection().execute(delete(Evidence).where(col(Evidence.machine_id).between(1, FEW)))
    tags = []
    for number in range(1, FEW + 1):
        machine = session.get_one(Machine, number)
        session.connection().execute(
            update(Machine)
            .where(col(Machine.id) == number)
            .values(model=ledger(next(mine)), floor=ledger(next(mine)), cause=next(mine),
                    image_id=next(mine), remark=ledger(next(mine)))
        )  # fmt: skip
        session.connection().execute(
            update(Person)
            .where(col(Person.id) == machine.owner_id)
            .values(name=ledger(next(mine)), upn=f"{number}{next(mine)}")
        )
        control = next(mine)
        session.add_all(
            Evidence(machine_id=number, control=name, value="v", verdict=verdict, source="s",
                     epoch=epoch, run_id=1, measured_at=SINCE + timedelta(hours=epoch))
            for name, verdict, epoch in (
                (control, "fail", 1), (f"{control}2", "pending", 1), (f"{control}3", "pass", 1),
                *(((control, "fail", 2),) if number % 2 else ()),
            )
        )  # fmt: skip
        session.flush()
        control_summaries.renew(session, [number])
        tags.append(machine.asset_tag)
    return Filter(tags=tuple(tags))


def ledger(text: str) -> str:
    """A text as lists bring it: they are read without NUL."""
    return text.replace("\0", "")


def guarded(cell: Any) -> Any:
    """A text so that a reader who takes one apostrophe off again has it as it was."""
    calculated = isinstance(cell, str) and cell.lstrip("'").startswith(CALCULATED)
    return f"'{cell}" if calculated else cell


def by_the_csv_module(extract: Any) -> bytes:
    """The file as the csv module writes it, of cells that Python made."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([column.heading for column in extract.columns])
    for page in extract.shown():
        writer.writerows([guarded(cell) for cell in row] for row in zip(*page, strict=True))
    return b"\xef\xbb\xbf" + file.getvalue().encode()


@examples(max_examples=30)
@given(given_texts=lots, encoding=st.sampled_from(["utf-8-bom", "cp932"]))
@example(PLAIN, "utf-8-bom")
@example(
    ["\x1dCx", "\x1dS", "\x1dSplanned", "\x1dA", "\x1dW", "\x1dZ", "\x1f", "\x1d"] * FEW,
    "utf-8-bom",
)
@example(
    ["\x1dT2023-02-01T00:00:00.000000Z", "\x1dT2023-99-01T00:00:00.000000Z", "\x1dT", "x"]
    * 2
    * FEW,
    "utf-8-bom",
)
@example(["'=1", "''-1", "'x", '"', "\r\n", ",", "a\nb", '=1,"'] * FEW, "cp932")
def test_the_file_is_that_of_the_csv_module(
    few: Database, configuration: Settings, tmp_path_factory: pytest.TempPathFactory,
    given_texts: list[str], encoding: str,
) -> None:  # fmt: skip
    with few.write() as session:
        wanted = poison(session, given_texts)
    path = Path(tmp_path_factory.getbasetemp()) / "lines.csv"
    with read_together(few) as readers:
        extract = machines.extract(readers, configuration, now=NOW, wanted=wanted)
        done = write(path, extract, Form.CSV, encoding=encoding)
        extract = machines.extract(readers, configuration, now=NOW, wanted=wanted)
        if encoding == "utf-8-bom":
            assert path.read_bytes() == by_the_csv_module(extract)
            return
        # What this encoding replaces is the business of the cells, one by one.
        extract.lines, lines = None, path.read_bytes()
        assert write(path, extract, Form.CSV, encoding=encoding).replaced == done.replaced
        assert path.read_bytes() == lines


def test_a_fleet_of_plain_texts_is_told_in_lines(few: Database, configuration: Settings) -> None:
    with few.write() as session:
        wanted = poison(session, PLAIN)
    with read_together(few) as readers:
        extract = machines.extract(readers, configuration, now=NOW, wanted=wanted)
        assert extract.lines is not None
        (page,) = extract.lines
    assert as_csv(page.text, page.rows, len(extract.columns), "utf-8") is not None
