"""Machines are moved into a wave by hand: judged, proposed, and in force only by a commit."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import databases
import pytest
from organisations import twelve_machines
from sqlmodel import select

from rollout.application.operators import NotPermitted, Operator
from rollout.application.planning import checking, into_wave, plans
from rollout.application.planning.plans import PlanRefused
from rollout.cli.entry import run
from rollout.domain.wave import WaveVerb
from rollout.planning.checker import Rule
from rollout.settings import OperatorRole, Settings, load
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Machine, Plan, Wave

NOW = datetime(2022, 10, 20, 1, tzinfo=UTC)
PLANNER = Operator("planner", OperatorRole.OPERATOR)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[roles]
operators = ["planner"]
[sites."本庁"]
machines_per_day = 3
[limits]
machines_per_wave = 6
[pilot]
size = 2
soak_working_days = 1
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", databases.url(tmp_path / "rollout.db"))
    return load()


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Twelve machines: a pilot of two, a full wave of six, one of four."""
    opened = Database(settings.database_url)
    databases.set_up(opened)
    with opened.write() as session:
        twelve_machines(session, at=NOW)
    plans.solve(opened, settings, operator=PLANNER, now=NOW)
    plans.commit(opened, operator=PLANNER, now=NOW)
    yield opened
    opened.close()


def _waves(database: Database) -> dict[int, list[str]]:
    """The machines of each wave."""
    with database.read() as session:
        rows = session.exec(
            select(Wave.number, Machine.asset_tag).join(Machine, Machine.wave_id == Wave.id)
        ).all()
    found: dict[int, list[str]] = {}
    for number, tag in sorted(rows):
        found.setdefault(number, []).append(tag)
    return found


def _do(database: Database, number: int, *verbs: WaveVerb) -> None:
    with database.write() as session:
        wave = session.exec(select(Wave).where(Wave.number == number)).one()
        for verb in verbs:
            transitions.apply(session, Wave, [wave.id or 0], verb, actor="a", at=NOW)


def test_the_day_is_one_of_the_wave_and_the_history_says_who_and_why(
    database: Database, settings: Settings
):
    before = _waves(database)
    assert [len(tags) for tags in before.values()] == [2, 6, 4]
    tag = before[2][0]
    verdict = into_wave.move(
        database, settings, [tag], 3, operator=PLANNER, reason="部署の希望", now=NOW
    )
    assert not verdict.broken
    assert list(verdict.waves) == [3]
    assert _waves(database) == before, "a proposal only"
    plans.commit(database, operator=Operator("okada", OperatorRole.OPERATOR), now=NOW)
    assert _waves(database) == before | {2: before[2][1:], 3: sorted([tag, *before[3]])}
    with database.read() as session:
        wave = session.exec(select(Wave).where(Wave.number == 3)).one()
        machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one()
        assert machine.planned_day is not None
        assert wave.first_day <= machine.planned_day <= wave.last_day
        rows = session.exec(select(AuditRow).where(AuditRow.key == tag)).all()
    assert (rows[-1].actor, rows[-1].reason) == ("okada", "planner: 部署の希望")


def test_a_machine_that_goes_back_is_no_change_any_more(database: Database, settings: Settings):
    tag = _waves(database)[2][0]
    for number in (3, 2):
        into_wave.move(database, settings, [tag], number, operator=PLANNER, reason="r", now=NOW)
    assert checking.diff(database).changes == []


def test_the_checker_says_what_it_breaks_when_no_day_of_the_wave_suits(
    database: Database, tmp_path: Path
):
    (tag, *_rest) = _waves(database)[2]
    pinned = f'[machines."{tag}"]\npinned = 2022-11-04\n'
    (tmp_path / "rollout.toml").write_text(CONFIGURATION + pinned, encoding="utf-8")
    verdict = into_wave.judge(database, load(), [tag], 3, now=NOW)
    assert [(entry.rule, entry.asset_tag) for entry in verdict.broken] == [(Rule.PINNED, tag)]
    with database.read() as session:
        assert {row.state for row in session.exec(select(Plan)).all()} == {"committed"}


def test_waves_that_are_full_begun_submitted_or_the_pilot_are_refused_with_a_remedy(
    database: Database, settings: Settings
):
    of_two, of_three = _waves(database)[2], _waves(database)[3]

    def refused(tags: list[str], number: int, match: str) -> None:
        with pytest.raises(PlanRefused, match=match):
            into_wave.judge(database, settings, tags, number, now=NOW)

    refused(of_three[:1], 2, "wave 2 has 6 of 6 machines.*machines_per_wave")
    refused(of_three[:1], 1, "wave 1 is the pilot")
    refused(of_three[:1], 9, "there is no wave 9: see `rollout wave list`")
    refused(of_three[:1], 3, "in wave 3 already")
    _do(database, 3, WaveVerb.SUBMIT)
    refused(of_two[:1], 3, "withdraw it first .*`rollout wave withdraw 3`")
    _do(database, 3, WaveVerb.APPROVE, WaveVerb.START)
    refused(of_two[:1], 3, "wave 3 is running: machines join only waves that have not begun")
    refused([*of_three[:2], of_two[0]], 2, f"{of_three[0]}, {of_three[1]} cannot get another day")


def test_a_viewer_may_not_move(database: Database, settings: Settings):
    guest = Operator("guest", OperatorRole.VIEWER)
    tag = _waves(database)[2][0]
    with pytest.raises(NotPermitted):
        into_wave.move(database, settings, [tag], 3, operator=guest, reason="r", now=NOW)


def test_the_command_says_the_verdict_and_proposes(
    database: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
):
    tag = _waves(database)[2][0]
    move = ["--actor", "planner", "--now", "2022-10-20T10:00:00+09:00", "plan", "move", tag]
    assert run([*move, "--wave", "3", "--reason", "r", "--check", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["waves"], said["broken"]) == ([3], [])
    with pytest.raises(PlanRefused):
        checking.diff(database)
    assert run([*move, "--wave", "3", "--reason", "r"]) == 0
    assert [change.asset_tag for change in checking.diff(database).moves] == [tag]
    assert run([*move, "--wave", "3", "--day", "2022-12-08", "--reason", "r"]) == 2
