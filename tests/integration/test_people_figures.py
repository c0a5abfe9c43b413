"""Training, readiness and sign-ins: compared with what was counted the working day before."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import databases
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete, event
from typer.testing import CliRunner

from rollout import i18n
from rollout.adapters.clock import SystemClock
from rollout.application.exports.status import counted
from rollout.bootstrap import Application
from rollout.cli.commands import app
from rollout.domain.history import Fact
from rollout.settings import Settings, load
from rollout.store import history, people_figures
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Machine, PeopleFigures, Person, SignIn, TrainingRecord

MONDAY, TUESDAY, WEDNESDAY = ("2022-11-28", "2022-11-29", "2022-11-30")
LATER = "2022-12-20T09:00+09:00"
CONFIGURATION = """\
[programme]
start = 2022-11-01
cutover = 2023-05-01
[training]
courses = ["基礎"]
[readiness]
parts = ["training"]
"""
CHANGING = ("mfa_registered", "trained", "ready")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "rollout.toml"))
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    monkeypatch.setattr(i18n, "_chosen", [])
    return load()


@pytest.fixture
def database(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """One PC and four people; one of them had the course and registered."""
    opened = databases.migrated(tmp_path / "rollout.db")
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", opened.url)
    with opened.write() as session:
        since = datetime(2022, 11, 1, tzinfo=UTC)
        machine = Machine(asset_tag="DK20-000001", serial="S", generation="DK20", state_since=since)
        session.add(machine)
        session.add_all([Person(id=n, staff_number=f"{n}", name=f"n{n}") for n in range(1, 5)])
        session.flush()
        history.append(
            session,
            [Fact(instant_text(since), "a", "machine", machine.id or 0, "DK20-000001", "register",
                  None, "registered")],
        )  # fmt: skip
    trained(opened, 1)
    yield opened
    opened.close()


def trained(database: Database, *people: int) -> None:
    """They had the course, and registered for multi-factor sign-in."""
    with database.write() as session:
        for person in people:
            session.add(TrainingRecord(person_id=person, course="基礎", course_key="基礎",
                                       taken_on=date(2022, 11, 1)))  # fmt: skip
            session.add(SignIn(person_id=person, registered=True, read_at=datetime.now(UTC)))


def exported(out: Path, now: str, *options: str) -> bytes:
    arguments = ["--now", now, "export", "status", "--out", str(out), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return out.read_bytes()


def people(folder: Path, now: str, *options: str) -> dict[str, object]:
    tree = json.loads(exported(folder / "s.json", now, *options))
    found: dict[str, object] = tree["people"]
    return found


def figures(found: dict[str, object], key: str) -> list[object]:
    return [found["figures"][figure][key] for figure in CHANGING]  # type: ignore[index]


def test_the_change_is_that_since_the_report_of_the_working_day_before(
    database: Database, tmp_path: Path
) -> None:
    people(tmp_path, f"{MONDAY}T17:15+09:00")
    trained(database, 2, 3)
    found = people(tmp_path, f"{TUESDAY}T17:10+09:00")
    assert (figures(found, "number"), figures(found, "change")) == ([3, 3, 3], [2, 2, 2])
    assert found["counted_at"] == f"{TUESDAY}T17:10:00+09:00"
    assert found["counted_before"] == f"{MONDAY}T17:15:00+09:00"


def test_a_day_on_which_nobody_counted_is_not_known_and_not_zero(
    database: Database, tmp_path: Path
) -> None:
    people(tmp_path, f"{MONDAY}T17:15+09:00")
    found = people(tmp_path, f"{WEDNESDAY}T17:15+09:00")
    assert (figures(found, "change"), found["counted_before"]) == ([None] * 3, None)
    exported(tmp_path / "s.csv", f"{WEDNESDAY}T17:15+09:00")
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Section"] == "People"]
    assert [(row["Item"], row["Change"]) for row in rows[-3:]] == [
        ("MFA registered", "not known"), ("trained", "not known"), ("ready", "not known"),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_report_of_the_past_says_what_was_counted_then_and_stays_the_same(
    database: Database, tmp_path: Path, form: str
) -> None:
    people(tmp_path, f"{MONDAY}T12:00+09:00")
    trained(database, 2)
    people(tmp_path, f"{TUESDAY}T08:00+09:00")
    trained(database, 3)
    people(tmp_path, f"{TUESDAY}T18:00+09:00")
    then = ("--as-of", f"{TUESDAY}T17:15+09:00")
    first = exported(tmp_path / "first", LATER, "--format", form, *then)
    with database.write() as session:
        session.add(Person(id=9, staff_number="9", name="new"))
        session.flush()
        late = instant_text(datetime(2022, 12, 1, tzinfo=UTC))
        history.append(session, [Fact(late, "a", "person", 9, "9", "create", None, None)])
    people(tmp_path, f"{WEDNESDAY}T09:00+09:00")
    assert exported(tmp_path / "second", LATER, "--format", form, *then) == first

    found = people(tmp_path, LATER, *then)
    assert found["counted_at"] == f"{TUESDAY}T08:00:00+09:00"
    assert (figures(found, "number"), figures(found, "change")) == ([2, 2, 2], [1, 1, 1])
    assert found["in_service"] == 4
    known = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["not_known"]
    assert known == ["spares", "controls"]


def test_a_directory_that_nobody_read_has_no_figure(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.delete(session.get_one(SignIn, 1))
    assert figures(people(tmp_path, LATER), "number") == [None, 1, 1]


@databases.of_a_file
def test_whoever_can_only_read_the_database_has_the_report_all_the_same(
    database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    @event.listens_for(database.engine, "checkout")
    def _only_to_read(connection: sqlite3.Connection, *_more: object) -> None:
        connection.execute("PRAGMA query_only=ON").close()

    report = Application(settings, database, SystemClock()).daily_report(None)
    assert report.people.people == 4
    assert "let this user write" in caplog.text


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = databases.migrated(tmp_path_factory.mktemp("days") / "rollout.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    file = tmp_path_factory.mktemp("programme") / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLOUT_CONFIG", str(file))
        yield load()


@examples(max_examples=30)
@given(hours=st.lists(st.integers(0, 47), unique=True, max_size=8), hour=st.integers(0, 23))
def test_of_a_day_the_nearest_is_compared_and_the_last_one_before_told(
    emptied: Database, programme: Settings, hours: list[int], hour: int
) -> None:
    """Hours of two days; the moment lies on the first."""
    midnight = datetime(2022, 11, 28, tzinfo=programme.programme.zone)
    moment = midnight + timedelta(hours=hour)
    with emptied.write() as session:
        session.connection().execute(delete(PeopleFigures))
        for number in hours:
            at = midnight + timedelta(hours=number)
            people_figures.keep(session, PeopleFigures(counted_at=at, people=1, ready=1))
    with emptied.read() as session:
        told = counted.on_day_of(session, programme, moment)
        near = counted.nearest_to(session, programme, moment)
    first_day = sorted(number for number in hours if number < 24)
    before = [number for number in first_day if number <= hour]
    wanted = min(first_day, key=lambda number: abs(number - hour), default=None)
    assert _hour(told, midnight) == (max(before) if before else None)
    assert _hour(near, midnight) == wanted


def _hour(row: PeopleFigures | None, midnight: datetime) -> float | None:
    return None if row is None else (row.counted_at - midnight) / timedelta(hours=1)
