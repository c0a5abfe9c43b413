"""Generated dirt against the truth beside it, cell by cell."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlmodel import Session, select

from rollout.adapters.ledger import open_ledger
from rollout.application.ledger.importing import import_ledger
from rollout.application.ledger.report import ImportReport
from rollout.application.operators import Operator
from rollout.lab.ledger_generator import LedgerSpec, generate
from rollout.lab.ledger_truth import HOSTILE, HOSTILE_FIELDS
from rollout.settings import OperatorRole
from rollout.store import machines
from rollout.store.database import Database
from rollout.store.tables import Department, Machine, Person, Site

NOW = datetime(2022, 8, 1, 9, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parents[2] / "inventory" / "sample"
SAMPLE_SPEC = LedgerSpec(machines=60, seed=2022, bad=8)


@dataclass
class Case:
    """A generated ledger, imported, with its truth."""

    database: Database
    ledger: Path
    truth: list[dict[str, Any]]
    summary: dict[str, Any]
    report: ImportReport

    def again(self) -> ImportReport:
        return run(self.database, self.ledger)


def run(database: Database, ledger: Path) -> ImportReport:
    operator = Operator("ito", OperatorRole.OPERATOR)
    return import_ledger(
        database, open_ledger(ledger), operator=operator, now=NOW, today=NOW.date()
    )


@pytest.fixture(
    params=[
        pytest.param((".csv", LedgerSpec(300, seed=1, bad=40, encoding="cp932")), id="cp932"),
        pytest.param((".csv", LedgerSpec(300, seed=2, bad=40, encoding="utf-8-sig")), id="bom"),
        pytest.param(
            (".csv", LedgerSpec(300, seed=3, bad=24, encoding="utf-8", dirt=0.9)), id="u8"
        ),
        pytest.param((".csv", LedgerSpec(240, seed=4, bad=24, encoding="utf-16")), id="utf-16"),
        pytest.param((".csv", LedgerSpec(240, seed=5, bad=24, encoding="utf-16-be")), id="be"),
        pytest.param((".xlsx", LedgerSpec(300, seed=6, bad=40)), id="xlsx"),
        pytest.param((".csv", LedgerSpec(600, seed=7, hostile=True)), id="hostile"),
        pytest.param((".xlsx", LedgerSpec(600, seed=8, hostile=True)), id="hostile-xlsx"),
        pytest.param((".csv", LedgerSpec(10, seed=9, dirt=0.0)), id="clean"),
    ]
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    suffix, spec = request.param
    ledger, truth = tmp_path / f"ledger{suffix}", tmp_path / "truth.jsonl"
    generate(spec, ledger, truth)
    *rows, last = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    database = Database(databases.url(tmp_path / "rollout.db"))
    databases.set_up(database)
    yield Case(database, ledger, rows, last["summary"], run(database, ledger))
    database.close()


def stored(session: Session) -> Iterator[dict[str, Any]]:
    """Machines as the truth writes them."""
    rows = session.exec(
        select(Machine, Site, Department, Person)  # type: ignore[call-overload]
        .outerjoin(Site, Site.id == Machine.site_id)
        .outerjoin(Department, Department.id == Machine.department_id)
        .outerjoin(Person, Person.id == Machine.owner_id)
    )
    for machine, site, department, person in rows:
        yield {
            "asset_tag": machine.asset_tag,
            "generation": machine.generation,
            "model": machine.model,
            "serial": machine.serial,
            "mac": machine.mac,
            "computer_name": machine.computer_name,
            "bureau": department.bureau,
            "division": department.division,
            "site": site.key,
            "floor": machine.floor,
            "staff_number": person.staff_number if person else None,
            "owner": person.name if person else "",
            "kana": person.kana if person else "",
            "purpose": machine.purpose,
            "lease_from": str(machine.lease_from),
            "lease_to": str(machine.lease_to),
            "may_leave": machine.may_leave,
            "remark": machine.remark,
            "left": bool(person and person.left_on),
            "left_on": str(person.left_on) if person and person.left_on else None,
        }


def test_every_cell_of_every_good_row_is_the_truth(case: Case) -> None:
    with case.database.read() as session:
        found = {row["asset_tag"]: row for row in stored(session)}
    good = [row for row in case.truth if row["bad"] is None]
    assert found.keys() == {row["asset_tag"] for row in good}
    for row in good:
        expected = {name: row[name] for name in found[row["asset_tag"]]}
        assert found[row["asset_tag"]] == expected, f"row {row['row']}"


def test_exactly_the_bad_cells_are_reported(case: Case) -> None:
    expected = {(row["row"], row["bad"]["field"]) for row in case.truth if row["bad"]}
    assert {(fault.row, fault.field) for fault in case.report.faults} == expected
    assert len(case.report.faults) == len(expected)
    assert all(fault.why() and fault.what_to_do() for fault in case.report.faults)
    assert case.report.bad == case.summary["bad"]
    assert case.report.good == case.summary["good"]


def test_rows_that_name_no_machine_are_counted(case: Case) -> None:
    assert case.report.skipped.subtotal == case.summary["subtotals"]
    assert case.report.skipped.blank == case.summary["blanks"]
    assert case.report.skipped.other == []


def test_a_second_import_of_the_same_dirt_changes_nothing(case: Case) -> None:
    report = case.again()
    assert report.machines.unchanged == case.summary["good"]
    assert (report.machines.created, report.machines.updated) == (0, 0)
    assert (report.changes, report.gone, report.back) == ({}, [], [])


def test_hostile_text_is_in_every_free_field_and_every_kind(tmp_path: Path) -> None:
    generate(LedgerSpec(600, seed=7, hostile=True), tmp_path / "l.csv", tmp_path / "t.jsonl")
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()[:-1]
    rows = [json.loads(line) for line in lines]
    hostile = [(row["hostile"], row[row["hostile"]]) for row in rows if row["hostile"]]
    assert {field for field, _text in hostile} == set(HOSTILE_FIELDS)
    assert {text for _field, text in hostile} == set(HOSTILE)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "column",
    ["管理番号", "シリアル番号", "MAC", "コンピュータ名", "世代", "賃貸借期間", "持出可否"],
)
def test_hostile_text_in_a_field_with_a_form_is_refused_as_the_same_text(
    tmp_path: Path, text: str, column: str
) -> None:
    database = Database(databases.url(tmp_path / "rollout.db"))
    databases.set_up(database)
    row = dict.fromkeys(("世代", "MAC", "賃貸借期間", "持出可否"), "")
    row |= {"管理番号": "DK20-000401", "シリアル番号": "PF2ABCDE"}
    row |= {"コンピュータ名": "PC20-00401", "庁舎": "本庁"}
    row[column] = text
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in row.values())
    (tmp_path / "l.csv").write_text(f"{','.join(row)}\n{quoted}\n", encoding="utf-8")
    report = run(database, tmp_path / "l.csv")
    (fault,) = report.faults
    assert (fault.column, fault.value) == (column, text)
    assert text in json.loads(json.dumps(report.as_json()))["faults"][0]["value"]
    with database.read() as session:
        assert machines.counts(session) == {}
    database.close()


def test_the_sample_is_what_the_generator_makes_of_its_seed(tmp_path: Path) -> None:
    generate(SAMPLE_SPEC, tmp_path / "ledger.csv", tmp_path / "truth.jsonl")
    for name in ("ledger.csv", "truth.jsonl"):
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes()


@pytest.mark.parametrize("size", [10, 57, 1000])
@pytest.mark.parametrize("seed", [1, 99])
def test_the_truth_has_no_identifier_twice(tmp_path: Path, size: int, seed: int) -> None:
    generate(LedgerSpec(size, seed=seed), tmp_path / "l.csv", tmp_path / "t.jsonl")
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()[:-1]
    rows = [json.loads(line) for line in lines]
    for name in ("asset_tag", "serial", "mac", "computer_name"):
        assert len({row[name] for row in rows}) == size
