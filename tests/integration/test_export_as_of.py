"""A report of the past is the same file, whatever has happened since."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import databases
import pytest
from typer.testing import CliRunner

from rollout import i18n
from rollout.cli.commands import app
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.machine import MachineVerb
from rollout.store import history, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Machine, Site

SINCE = datetime(2022, 11, 1, 1, tzinfo=UTC)
NOW = "2022-11-30T09:00+09:00"
THEN = "2022-11-02T17:15+09:00"


def hours(number: float) -> datetime:
    return SINCE + timedelta(hours=number)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    file = tmp_path / "rollout.toml"
    file.write_text("[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n", encoding="utf-8")
    opened = databases.migrated(tmp_path / "rollout.db")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", opened.url)
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    monkeypatch.setattr(i18n, "_chosen", [])
    with opened.write() as session:
        site = Site(key="本庁")
        session.add(site)
        session.flush()
        rows = [
            Machine(asset_tag=f"DK20-{n:06d}", serial=f"S{n}", generation="DK20",
                    site_id=site.id, state_since=SINCE)
            for n in range(1, 6)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        history.append(
            session,
            [
                Fact(instant_text(SINCE), "import", "machine", row.id or 0, row.asset_tag,
                     "register", None, "registered")
                for row in rows
            ],
        )  # fmt: skip
        move(session, [1, 2, 3], MachineVerb.PLAN, 1)
        move(session, [1, 2], MachineVerb.BEGIN, 2)
        move(session, [1], MachineVerb.FAIL, 3, "no power")
        move(session, [4], MachineVerb.HOLD, 4, "assembly")
    return opened


def move(session: object, ids: list[int], verb: MachineVerb, at: float, why: str = "r") -> None:
    transitions.apply(session, Machine, ids, verb, actor="a", at=hours(at), reason=why)  # type: ignore[arg-type]


def export(out: Path, *options: str) -> bytes:
    arguments = ["--now", NOW, "export", "status", "--out", str(out), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return out.read_bytes()


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_same_moment_gives_the_same_bytes_after_everything_has_moved_on(
    database: Database, tmp_path: Path, form: str
) -> None:
    wanted = ("--format", form, "--as-of", THEN)
    first = export(tmp_path / "first", *wanted)
    with database.write() as session:
        move(session, [1], MachineVerb.RETRY, 100)
        move(session, [4], MachineVerb.RELEASE, 100)
        move(session, [5], MachineVerb.EXCLUDE, 100, "sold")
    assert export(tmp_path / "second", *wanted) == first
    database.close()


def test_the_past_has_its_own_figures_exceptions_and_what_nobody_knows(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        move(session, [1], MachineVerb.RETRY, 100)
        move(session, [4], MachineVerb.RELEASE, 100)
    tree = json.loads(export(tmp_path / "s.json", "--format", "json", "--as-of", THEN))
    assert tree["as_of"] == "2022-11-02T17:15:00+09:00"
    assert {word: number for word, number in tree["by_state"].items() if number} == {
        "registered": 1, "planned": 1, "checking": 1, "failed": 1, "held": 1,
    }  # fmt: skip
    assert [(e["asset_tag"], e["state"], e["cause"], e["days"]) for e in tree["exceptions"]] == [
        ("DK20-000001", "failed", "no power", 1),
        ("DK20-000004", "held", "assembly", 1),
    ]
    unknown = ["spares", "controls", "sign_ins", "training", "readiness"]
    assert (tree["not_known"], tree["spares"]) == (unknown, [])
    now = json.loads(export(tmp_path / "now.json", "--format", "json"))
    assert (now["exceptions"], now["not_known"]) == ([], [])
    export(tmp_path / "s.csv", "--as-of", THEN)
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        sections = Counter(row["Section"] for row in csv.DictReader(file))
    assert (sections["Exceptions"], sections["Not known of this moment"]) == (2, len(unknown))
    database.close()


@pytest.mark.parametrize(
    ("text", "why"),
    [("yesterday", "no moment"), ("2022-11-02T17:15", "no moment"), ("2023-01-01T00:00Z", "come")],
)
def test_a_moment_that_is_none_or_still_to_come_is_refused(
    database: Database, tmp_path: Path, text: str, why: str
) -> None:
    out = tmp_path / "s.csv"
    with pytest.raises(RolloutError, match=why):
        export(out, "--as-of", text)
    assert not out.exists()
    database.close()
