"""Machines are moved to another day by hand: judged, proposed, and in force only by a commit."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import pytest
from organisations import twelve_machines
from sqlmodel import select

from rollout.application.operators import NotPermitted, Operator
from rollout.application.planning import checking, moving, plans
from rollout.application.planning.plans import PlanRefused
from rollout.application.planning.words import checker_lines
from rollout.domain.errors import NotFound
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.planning.checker import Rule
from rollout.planning.problem import Why
from rollout.settings import OperatorRole, Settings, load
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Plan, Wave

NOW = datetime(2022, 10, 20, 1, tzinfo=UTC)
FREE, FULL, SUNDAY = date(2022, 12, 8), date(2022, 12, 9), date(2022, 12, 11)
PLANNER = Operator("planner", OperatorRole.OPERATOR)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[sites."本庁"]
machines_per_day = 3
[limits]
machines_per_wave = 8
[pilot]
size = 2
soak_working_days = 1
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    """Twelve machines with the days that the planner gave them."""
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        twelve_machines(session, at=NOW)
    plans.solve(opened, settings, operator=PLANNER, now=NOW)
    plans.commit(opened, operator=PLANNER, now=NOW)
    yield opened
    opened.close()


def _days(database: Database) -> dict[str, date | None]:
    with database.read() as session:
        return dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())


def _tags(*numbers: int) -> list[str]:
    return [f"DK20-{number:06}" for number in numbers]


def test_a_move_is_a_proposal_until_it_is_committed(database: Database, settings: Settings):
    before = _days(database)
    (tag,) = _tags(9)
    verdict = moving.move(database, settings, [tag], FREE, operator=PLANNER, now=NOW)
    assert not verdict.broken
    assert _days(database) == before
    (change,) = checking.diff(database).moves
    assert (change.asset_tag, change.from_day, change.to_day) == (tag, before[tag], FREE)
    assert change.why is Why.BY_HAND
    assert checking.check(database, settings, now=NOW).violations == []
    plans.commit(database, operator=PLANNER, now=NOW)
    assert _days(database) == before | {tag: FREE}
    with database.read() as session:
        machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one()
        wave = session.get_one(Wave, machine.wave_id)
    assert wave.first_day <= FREE <= wave.last_day
    assert [wave.number] == list(verdict.waves)


def test_the_checker_says_what_a_move_breaks_before_anything_is_written(
    database: Database, settings: Settings
):
    sunday = moving.judge(database, settings, _tags(9), SUNDAY, now=NOW)
    assert {v.rule for v in sunday.broken} == {Rule.WEEKEND}
    full = moving.judge(database, settings, _tags(6, 7, 8, 9), FULL, now=NOW)
    assert Rule.SITE_PER_DAY in {v.rule for v in full.broken}
    with database.read() as session:
        assert {row.state for row in session.exec(select(Plan)).all()} == {"committed"}


def test_a_machine_that_is_named_twice_is_one(database: Database, settings: Settings):
    verdict = moving.judge(database, settings, [*_tags(9), *_tags(9)], FREE, now=NOW)
    assert (verdict.tags, verdict.broken) == (_tags(9), [])


def test_moves_add_up_and_one_commit_puts_all_into_force(database: Database, settings: Settings):
    before = _days(database)
    first, second = _tags(8, 9)
    moving.move(database, settings, [first], FREE, operator=PLANNER, now=NOW)
    moving.move(database, settings, [second], FULL, operator=PLANNER, now=NOW)
    assert {c.asset_tag: c.to_day for c in checking.diff(database).moves} == {
        first: FREE,
        second: FULL,
    }
    plans.commit(database, operator=PLANNER, now=NOW)
    assert _days(database) == before | {first: FREE, second: FULL}


def test_a_machine_that_is_moved_back_is_no_change_any_more(database: Database, settings: Settings):
    (tag,) = _tags(9)
    home = _days(database)[tag]
    assert home is not None
    moving.move(database, settings, [tag], FREE, operator=PLANNER, now=NOW)
    moving.move(database, settings, [tag], home, operator=PLANNER, now=NOW)
    assert checking.diff(database).moves == []
    assert checking.check(database, settings, now=NOW).violations == []


def test_more_machines_than_a_wave_holds_get_several(database: Database, settings: Settings):
    verdict = moving.judge(database, settings, _tags(*range(3, 13)), FREE, now=NOW)
    assert len(verdict.waves) == 2
    assert Rule.WAVE_SIZE not in {v.rule for v in verdict.broken}


def test_a_machine_whose_wave_has_begun_is_refused(database: Database, settings: Settings):
    begin(database, _tags(9)[0])
    with pytest.raises(PlanRefused, match="DK20-000009 cannot get another day"):
        moving.judge(database, settings, _tags(9), FREE, now=NOW)


def begin(database: Database, tag: str) -> None:
    """The wave of this machine runs from now on."""
    with database.write() as session:
        machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one()
        for verb in (WaveVerb.SUBMIT, WaveVerb.APPROVE, WaveVerb.START):
            transitions.apply(session, Wave, [machine.wave_id or 0], verb, actor="a", at=NOW)


def test_a_proposal_takes_no_machine_out_of_a_wave_that_has_begun_since(
    database: Database, settings: Settings
):
    (tag,), before = _tags(9), _days(database)
    moving.move(database, settings, [tag], FREE, operator=PLANNER, now=NOW)
    begin(database, tag)
    for ask in (
        lambda: plans.commit(database, operator=PLANNER, now=NOW),
        lambda: checking.check(database, settings, now=NOW),
        lambda: moving.move(database, settings, _tags(8), FREE, operator=PLANNER, now=NOW),
    ):
        with pytest.raises(PlanRefused, match=r"1 machine changed .*DK20-000009"):
            ask()
    assert _days(database) == before


def test_a_proposal_that_drops_a_date_does_not_take_it_once_its_wave_has_begun(
    database: Database, settings: Settings
):
    (tag,), before = _tags(9), _days(database)
    with database.write() as session:
        session.exec(select(Machine).where(Machine.asset_tag == tag)).one().serial = None
    plans.solve(database, settings, operator=PLANNER, now=NOW)
    (change,) = [c for c in checking.diff(database).moves if c.to_day is None]
    assert change.asset_tag == tag
    begin(database, tag)
    with pytest.raises(PlanRefused, match=r"1 machine changed .*DK20-000009"):
        plans.commit(database, operator=PLANNER, now=NOW)
    assert _days(database) == before


def test_a_proposal_is_not_checked_once_a_machine_of_it_waits_no_more(
    database: Database, settings: Settings
):
    moving.move(database, settings, _tags(9), FREE, operator=PLANNER, now=NOW)
    with database.write() as session:
        transitions.apply(session, Machine, [9], MachineVerb.HOLD, actor="a", at=NOW)
    with pytest.raises(PlanRefused, match="run `rollout plan solve` again"):
        checking.check(database, settings, now=NOW)


def test_machines_that_nobody_knows_are_told_from_those_under_way(
    database: Database, settings: Settings
):
    with pytest.raises(NotFound, match="no machine DK20-999998, DK20-999999: see"):
        moving.judge(database, settings, [*_tags(9), "DK20-999998", "DK20-999999"], FREE, now=NOW)
    with database.write() as session:
        transitions.apply(session, Machine, [9], MachineVerb.HOLD, actor="a", at=NOW)
    with pytest.raises(PlanRefused, match="only a machine that waits for its wave can"):
        moving.judge(database, settings, _tags(9), FREE, now=NOW)


def test_a_proposal_can_be_taken_away(database: Database, settings: Settings):
    moving.move(database, settings, _tags(9), FREE, operator=PLANNER, now=NOW)
    moving.discard(database, operator=PLANNER)
    with pytest.raises(PlanRefused):
        checking.diff(database)
    with pytest.raises(PlanRefused, match="nothing to discard"):
        moving.discard(database, operator=PLANNER)


def test_a_viewer_may_look_and_not_move(database: Database, settings: Settings):
    guest = Operator("guest", OperatorRole.VIEWER)
    with pytest.raises(NotPermitted):
        moving.move(database, settings, _tags(9), FREE, operator=guest, now=NOW)
    with pytest.raises(NotPermitted):
        moving.discard(database, operator=guest)


def test_a_move_of_what_was_broken_is_not_called_a_plan_that_keeps_every_rule(
    database: Database, settings: Settings
):
    moving.move(database, settings, _tags(9), SUNDAY, operator=PLANNER, now=NOW)
    again = moving.judge(database, settings, _tags(8), FREE, now=NOW)
    first, *rest = checker_lines(again.broken, again.before, 5)
    assert "every rule is kept" not in first
    assert rest == ["1 rule is broken without it already"]
    clean = checker_lines([], 0, 5)
    assert clean == ["✓ The checker: every rule is kept."]
