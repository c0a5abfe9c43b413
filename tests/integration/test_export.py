"""Exports say what the database says, in every format, whatever the texts are."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from rollout import i18n
from rollout.adapters.export_files import Replaced, write_csv, write_json
from rollout.adapters.reports.beside import ExportFailed
from rollout.application.exports import status as export_status
from rollout.application.exports.forms import Document, Table
from rollout.domain.machine import MachineState, MachineVerb
from rollout.settings import Settings, load
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Department, Machine, Person, Site, Wave

SINCE = datetime(2022, 11, 1, 1, tzinfo=UTC)
NOW = datetime(2022, 11, 3, 20, tzinfo=UTC)  # the 4th in Tokyo
DIRTY = [
    '=1+1"',
    "+8190",
    "-2,3",
    "@SUM(A1)",
    "\tx",
    "改行\nあり",
    "{{ 7*7 }}",
    "[red]x[/red]",
    "𠮷野 髙﨑",
]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    monkeypatch.setattr(i18n, "_chosen", [])


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(
        '[programme]\nname = "移行"\nstart = 2022-11-01\ncutover = 2023-05-01\n', encoding="utf-8"
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        sites = [Site(key="本庁"), Site(key="尾鷲")]
        departments = [
            Department(bureau=name, division="課", valid_from=date(2022, 4, 1))
            for name in ("総務部", "税務部")
        ]
        session.add_all([*sites, *departments])
        session.flush()
        people = [Person(staff_number=f"{n:06d}", name=text) for n, text in enumerate(DIRTY)]
        wave = Wave(number=1, pilot=True, first_day=date(2022, 11, 1),
                    last_day=date(2022, 11, 1), state_since=SINCE)  # fmt: skip
        session.add_all([*people, wave])
        session.flush()
        session.add_all(
            Machine(
                asset_tag=f"DK{19 + n % 2}-{n:06d}",
                serial=f"S{n}",
                generation=f"DK{19 + n % 2}",
                site_id=sites[n % 2].id if n % 5 else None,
                department_id=departments[n % 2].id if n % 7 else None,
                owner_id=people[n % len(people)].id,
                wave_id=wave.id if n % 3 else None,
                may_leave=(None, True, False)[n % 3],
                remark=DIRTY[n % len(DIRTY)],
                state_since=SINCE,
            )
            for n in range(1, 61)
        )
        session.flush()
        apply = transitions.apply
        apply(session, Machine, range(1, 41), MachineVerb.PLAN, actor="a", at=SINCE)
        apply(session, Machine, range(1, 21), MachineVerb.BEGIN, actor="a", at=SINCE)
        apply(session, Machine, range(1, 6), MachineVerb.FAIL, actor="a", at=SINCE, reason="=boom")
        apply(session, Machine, [6, 7], MachineVerb.FALL_SILENT, actor="a", at=SINCE)
        apply(session, Machine, [8], MachineVerb.LOSE, actor="a", at=SINCE)
        apply(session, Machine, range(50, 53), MachineVerb.HOLD, actor="a", at=SINCE, reason="待ち")
        apply(session, Machine, [60], MachineVerb.EXCLUDE, actor="a", at=SINCE, reason="r")
    yield opened
    opened.close()


def read_csv(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def as_text(cell: str) -> str:
    """What a spreadsheet shows for a cell."""
    return cell[1:] if cell.startswith("'") else cell


def test_status_reconciles_with_the_database_in_every_split(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "status.json"
    write_json(out, export_status.document(export_status.daily(database, configuration, now=NOW)))
    tree: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    with database.read() as session:
        states = Counter(session.exec(select(Machine.state)).all())
    assert tree["by_state"] == {state.value: states[state.value] for state in MachineState}
    assert tree["total"] == sum(tree["summary"].values()) == 60
    for split in ("by_generation", "by_site", "by_department", "by_wave"):
        assert sum(group["total"] for group in tree[split]) == 60
        for group in tree[split]:
            assert sum(group["by_state"].values()) == group["total"]
        for state, number in tree["by_state"].items():
            assert sum(group["by_state"][state] for group in tree[split]) == number
    assert [group["generation"] for group in tree["by_generation"]] == ["DK19", "DK20"]
    assert [group["wave"] for group in tree["by_wave"]] == [1, None]
    assert tree["summary"] == {
        "done": 0, "in_progress": 12, "held": 3, "failed": 5, "silent": 2, "unknown": 1,
        "not_started": 36, "excluded": 1,
    }  # fmt: skip


def test_status_names_every_exception_with_its_days_and_cause(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "status.json"
    report = export_status.daily(database, configuration, now=NOW)
    write_json(out, export_status.document(report))
    exceptions = json.loads(out.read_text(encoding="utf-8"))["exceptions"]
    assert Counter(entry["state"] for entry in exceptions) == {
        "failed": 5, "silent": 2, "unknown": 1, "held": 3,
    }  # fmt: skip
    failed = next(entry for entry in exceptions if entry["state"] == "failed")
    assert (failed["step"], failed["cause"], failed["days"]) == ("preflight", "=boom", 3)
    assert failed["since"] == "2022-11-01T10:00:00+09:00"


def test_status_csv_has_the_same_figures_as_json(
    database: Database, configuration: Settings, tmp_path: Path
) -> None:
    report = export_status.daily(database, configuration, now=NOW)
    write_csv(tmp_path / "status.csv", export_status.table(report))
    rows = read_csv(tmp_path / "status.csv")
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["Section"]] += int(row["Number"])
        assert row["As of"] == "2022-11-04T05:00:00+09:00"
    assert sums == {
        "Programme": 60, "Summary": 60, "By state": 60, "By generation": 60, "By site": 60,
        "By department": 60, "By wave": 60, "Exceptions": 11,
        "People": 9, "Burn-up": 0, "Personal devices": 0,
    }  # fmt: skip
    assert {row["Item"] for row in rows if row["Section"] == "By site"} == {
        "本庁",
        "尾鷲",
        "(none)",
    }


def test_an_empty_programme_has_no_percentage_and_zero_everywhere(
    tmp_path: Path, configuration: Settings
) -> None:
    empty = Database(databases.url(tmp_path / "empty.db"))
    databases.set_up(empty)
    report = export_status.daily(empty, configuration, now=NOW)
    write_json(tmp_path / "s.json", export_status.document(report))
    empty.close()
    tree = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert (tree["total"], tree["percent_done"], tree["exceptions"]) == (0, None, [])


def test_cp932_names_every_character_that_it_had_to_replace(tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    rows = [("1", "髙﨑濵①㈱"), ("2", "𠮷野〜"), ("3", "−5")]
    written = write_csv(out, Table(("No", "氏名"), rows, 3), encoding="cp932")
    assert read_csv(out, "cp932") == [
        {"No": "1", "氏名": "髙﨑濵①㈱"},
        {"No": "2", "氏名": "〓野～"},
        {"No": "3", "氏名": "'－5"},
    ]
    assert written.replaced == [
        Replaced(3, "氏名", "𠮷", "〓"),
        Replaced(3, "氏名", "〜", "～"),
        Replaced(4, "氏名", "−", "－"),
    ]


def test_an_unknown_encoding_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="use utf-8-bom, utf-8 or cp932"):
        write_csv(tmp_path / "x.csv", Table(("a",), [], 0), encoding="latin-1")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_older_export_stays_whole_when_a_new_one_breaks_off(tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"list.{kind}"
    out.write_text("old", encoding="utf-8")

    def breaking() -> Iterator[Any]:
        yield ("x",) if kind == "csv" else {"x": 1}
        raise RuntimeError("the database went away")

    def write() -> None:
        if kind == "csv":
            write_csv(out, Table(("a",), breaking(), 2))
        else:
            write_json(out, Document({}, "items", breaking(), 2))

    with pytest.raises(RuntimeError, match="went away"):
        write()
    assert out.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file" / "x.csv", tmp_path):
        with pytest.raises(ExportFailed, match=r"cannot write .*older export is unchanged"):
            write_csv(place, Table(("a",), [("x",)], 1))


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.tuples(_TEXT, _TEXT), max_size=8))
def test_any_text_comes_back_the_same(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    write_csv(tmp_path / "any.csv", Table(("a", "b"), rows, len(rows)))
    with (tmp_path / "any.csv").open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.reader(file))[1:]
    for row, cells in zip(rows, back, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert cell in (text, "'" + text)
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    items = [{"a": a, "b": b} for a, b in rows]
    write_json(tmp_path / "any.json", Document({}, "items", items, len(items)))
    assert json.loads((tmp_path / "any.json").read_bytes())["items"] == items
