"""`plan solve`, `plan show` and `plan commit` on a real database."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from rollout.application.operators import NotPermitted, Operator
from rollout.application.planning import checking, plans
from rollout.application.planning.plans import PlanRefused
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.wave import WaveState
from rollout.planning.checker import Rule
from rollout.planning.problem import Obstacle, Why
from rollout.settings import DateRange, MachineRules, OperatorRole, Settings, SiteLimits, load
from rollout.store import history, transitions
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Department, Machine, Plan, Site, Wave

NOW = datetime(2022, 10, 20, 1, tzinfo=UTC)


PLANNER = Operator("planner", OperatorRole.OPERATOR)
BOSS = Operator("boss", OperatorRole.APPROVER)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[calendar]
closed = ["2022-12-29/2023-01-03"]
[sites."本庁"]
machines_per_day = 5
[sites."閉庁舎"]
weekdays = ["sun"]
[limits]
machines_per_wave = 12
site = { machines_per_day = 2 }
[pilot]
size = 4
soak_working_days = 2
[generations.DK20]
order = 1
[generations.DK19]
order = 2
[generations.DK17]
path = "refresh"
order = 9
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        _fill(session)
    yield opened
    opened.close()


def _fill(session: Session) -> None:
    sites = {key: Site(key=key) for key in ("本庁", "尾鷲", "閉庁舎")}
    department = Department(bureau="総務部", division="デジタル推進課", valid_from=date(2022, 4, 1))
    session.add_all([*sites.values(), department])
    session.flush()

    def machine(number: int, generation: str, site: str | None, **other: object) -> Machine:
        columns = {
            "asset_tag": f"{generation}-{number:06d}",
            "serial": f"S{number}",
            "computer_name": f"PC{number}",
            "generation": generation,
            "site_id": sites[site].id if site else None,
            "department_id": department.id,
            "state_since": NOW,
        }
        return Machine(**(columns | other))

    session.add_all(
        [
            *(machine(n, "DK20", "本庁") for n in range(1, 21)),
            *(machine(n, "DK20", "尾鷲") for n in range(21, 26)),
            *(machine(n, "DK19", "本庁") for n in range(26, 31)),
            machine(31, "DK17", "本庁"),
            machine(32, "DK20", None),
            machine(33, "DK20", "本庁", serial=None),
            machine(34, "DK20", "本庁", computer_name=None),
            machine(35, "DK20", "本庁", in_ledger=False),
            machine(36, "DK20", "閉庁舎"),
            machine(37, "DK20", "本庁", state=MachineState.EXCLUDED.value),
        ]
    )


def _states(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.exec(select(Machine.state)).all())


def test_a_proposal_places_or_names_every_registered_machine(
    database: Database, configuration: Settings
) -> None:
    told: list[tuple[str, int, int]] = []
    summary = plans.solve(
        database, configuration, operator=PLANNER, now=NOW, progress=lambda *a: told.append(a)
    )
    assert (summary.placed, sum(summary.unplaced.values())) == (30, 6)
    assert summary.first_day == date(2022, 11, 1)
    view = plans.show(database)
    assert view.state == "proposed"
    assert view.placed == sum(wave.machines for wave in view.waves) == 30
    assert view.placed == sum(day.machines for day in view.days)
    assert view.placed == sum(group.machines for group in view.sites) == view.new
    assert [(g.name, g.machines) for g in view.departments] == [("総務部 デジタル推進課", 30)]
    assert view.unplaced == [
        ("DK17-000031", Obstacle.REFRESH),
        ("DK20-000032", Obstacle.NO_SITE),
        ("DK20-000033", Obstacle.NO_SERIAL),
        ("DK20-000034", Obstacle.NO_NAME),
        ("DK20-000035", Obstacle.GONE),
        ("DK20-000036", Obstacle.SITE_NOT_VISITED),
    ]
    assert told[-1] == ("write", 30, 30)
    assert ("plan", 36, 36) in told
    assert _states(database) == {"registered": 36, "excluded": 1}


def test_the_pilot_is_wave_one_and_soaks_before_the_next(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    first, second, *_ = plans.show(database).waves
    assert (first.number, first.pilot, first.machines) == (1, True, 4)
    assert first.sites == {"尾鷲": 2, "本庁": 2}
    # Two working days (2 and 4 November) are left for watching; 3 November is a holiday.
    assert first.last_day == date(2022, 11, 1)
    assert second.first_day >= date(2022, 11, 7)
    assert not second.pilot


def test_a_new_proposal_discards_the_one_before(
    database: Database, configuration: Settings
) -> None:
    first = plans.solve(database, configuration, operator=PLANNER, now=NOW)
    second = plans.solve(database, configuration, operator=PLANNER, now=NOW)
    with database.read() as session:
        states = dict(session.exec(select(Plan.id, Plan.state)).all())
    assert states == {first.plan_id: "discarded", second.plan_id: "proposed"}


def test_commit_dates_every_placed_machine_and_plans_the_waves(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    proposed = plans.show(database)
    summary = plans.commit(database, operator=BOSS, now=NOW)
    assert (summary.placed, summary.waves) == (proposed.placed, len(proposed.waves))
    assert _states(database) == {"planned": 30, "registered": 6, "excluded": 1}
    with database.read() as session:
        waves = session.exec(select(Wave).order_by(col(Wave.number))).all()
        assert {wave.state for wave in waves} == {WaveState.PLANNED.value}
        for wave, wanted in zip(waves, proposed.waves, strict=True):
            days = session.exec(select(Machine.planned_day).where(Machine.wave_id == wave.id)).all()
            assert len(days) == wanted.machines
            assert (min(days), max(days)) == (wave.first_day, wave.last_day)
        assert session.exec(select(Machine.asset_tag).where(
            (col(Machine.planned_day).is_(None)) != (Machine.state != MachineState.PLANNED.value)
        )).all() == []  # fmt: skip
        facts = Counter(
            session.exec(select(AuditRow.noun, AuditRow.actor, AuditRow.to_state)).all()
        )
        assert facts == {
            ("machine", "boss", "planned"): 30,
            ("wave", "boss", "planned"): len(waves),
        }
        assert history.verify(session).holds
    view = plans.show(database)
    assert (view.state, view.committed_by, view.placed) == ("committed", "boss", 30)


def test_commit_without_a_proposal_is_refused(database: Database) -> None:
    with pytest.raises(PlanRefused, match="run `rollout plan solve` first"):
        plans.commit(database, operator=BOSS, now=NOW)
    with pytest.raises(PlanRefused, match="run `rollout plan solve`"):
        plans.show(database)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE machines SET site_id = 2 WHERE asset_tag = 'DK20-000005'",
        "UPDATE machines SET serial = NULL WHERE asset_tag = 'DK20-000005'",
        "UPDATE machines SET in_ledger = FALSE WHERE asset_tag = 'DK20-000005'",
        "move",
    ],
)
def test_a_machine_that_changed_since_stops_the_whole_commit(
    database: Database, configuration: Settings, change: str
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    with database.write() as session:
        if change == "move":
            for verb in (MachineVerb.HOLD, MachineVerb.RELEASE):
                transitions.apply(session, Machine, [5], verb, actor="x", at=NOW, reason="r")
        else:
            session.connection().execute(text(change))
    with pytest.raises(PlanRefused, match=r"1 machine changed.*\(DK20-000005\).*plan solve"):
        plans.commit(database, operator=BOSS, now=NOW)
    assert _states(database)["planned"] == 0
    with database.read() as session:
        assert session.exec(select(Wave)).all() == []


def test_machines_with_a_date_keep_it_and_use_up_capacity(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    with database.read() as session:
        before = dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())
        busiest = Counter(
            session.exec(select(Machine.planned_day).where(Machine.site_id == 1)).all()
        )
    with database.write() as session:
        session.add(
            Machine(asset_tag="DK20-000099", serial="S99", computer_name="PC99",
                    generation="DK20", site_id=1, state_since=NOW)
        )  # fmt: skip
    summary = plans.solve(database, configuration, operator=PLANNER, now=NOW)
    view = plans.show(database)
    # The programme as it will be: what stays, and what is new.
    assert (summary.placed, view.new, view.placed) == (1, 1, 31)
    (added,) = checking.diff(database).changes
    assert added.to_day is not None
    assert added.to_day >= date(2022, 11, 7)
    assert busiest[added.to_day] < 5
    plans.commit(database, operator=BOSS, now=NOW)
    with database.read() as session:
        after = dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())
    assert {tag: after[tag] for tag in before} == before


def test_nothing_to_plan_says_what_to_do(database: Database, configuration: Settings) -> None:
    with database.write() as session:
        session.connection().execute(text("DELETE FROM machines"))
    with pytest.raises(PlanRefused, match="rollout import ledger"):
        plans.solve(database, configuration, operator=PLANNER, now=NOW)


def test_no_machine_is_dated_before_today(database: Database, configuration: Settings) -> None:
    late = datetime(2022, 12, 27, 16, tzinfo=UTC)  # the 28th in Tokyo
    summary = plans.solve(database, configuration, operator=PLANNER, now=late)
    assert summary.first_day == date(2022, 12, 28)


def test_a_viewer_may_neither_propose_nor_commit(
    database: Database, configuration: Settings
) -> None:
    viewer = Operator("guest", OperatorRole.VIEWER)
    with pytest.raises(NotPermitted):
        plans.solve(database, configuration, operator=viewer, now=NOW)
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    with pytest.raises(NotPermitted):
        plans.commit(database, operator=viewer, now=NOW)
    assert _states(database)["planned"] == 0


def _replanned(
    database: Database, configuration: Settings, **changes: object
) -> tuple[Settings, plans.PlanSummary]:
    """A plan in force, and the next proposal after the configuration changed."""
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    changed = configuration.model_copy(update=changes)
    return changed, plans.solve(database, changed, operator=PLANNER, now=NOW)


def test_the_proposal_and_the_dates_in_force_keep_every_rule(
    database: Database, configuration: Settings
) -> None:
    with pytest.raises(PlanRefused, match="plan solve"):
        checking.check(database, configuration, now=NOW)
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    checked = checking.check(database, configuration, now=NOW)
    assert (checked.state, checked.machines, checked.violations) == ("proposed", 30, [])
    plans.commit(database, operator=BOSS, now=NOW)
    checked = checking.check(database, configuration, now=NOW)
    assert (checked.state, checked.machines, checked.violations) == ("committed", 30, [])


def test_the_checker_names_machine_day_and_rule_of_a_date_on_a_new_closed_day(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    with database.write() as session:
        session.connection().execute(
            text("UPDATE machines SET planned_day = '2022-12-30' WHERE asset_tag = 'DK20-000009'")
        )
    (found,) = checking.check(database, configuration, now=NOW).violations
    assert (found.rule, found.asset_tag, found.day) == (
        Rule.CLOSED, "DK20-000009", date(2022, 12, 30))  # fmt: skip


def test_an_absence_moves_one_date_and_commit_moves_its_machine(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    with database.read() as session:
        days = dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())
    away = days["DK20-000009"]
    assert away is not None
    rules = {"DK20-000009": MachineRules(window=DateRange(first=date(2023, 2, 1),
                                                          last=date(2023, 2, 28)))}  # fmt: skip
    changed = configuration.model_copy(update={"machines": rules})
    summary = plans.solve(database, changed, operator=PLANNER, now=NOW)
    assert (summary.placed, summary.moved, summary.kept) == (1, 1, 29)
    difference = checking.diff(database)
    assert (difference.unaffected_moved, difference.announced_moved) == (0, 0)
    assert [(c.asset_tag, c.from_day, c.why) for c in difference.changes] == [
        ("DK20-000009", away, Why.OWN_DATES)
    ]
    plans.commit(database, operator=BOSS, now=NOW)
    with database.read() as session:
        after = dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())
        assert history.verify(session).holds
    assert {tag for tag in days if days[tag] != after[tag]} == {"DK20-000009"}
    assert after["DK20-000009"] == difference.changes[0].to_day
    assert checking.check(database, changed, now=NOW).violations == []


def test_a_machine_that_lost_its_last_day_is_listed_and_taken_off(
    database: Database, configuration: Settings
) -> None:
    closed = {**configuration.sites, "尾鷲": SiteLimits(weekdays=("sun",))}
    changed, summary = _replanned(database, configuration, sites=closed)
    assert summary.unplaced[Obstacle.SITE_NOT_VISITED] == 6  # one never had a date
    # The proposal is judged as it would be, without the dates that it takes away.
    checked = checking.check(database, changed, now=NOW)
    assert (checked.state, checked.machines, checked.violations) == ("proposed", 25, [])
    assert checking.diff(database).unaffected_moved == 0
    plans.commit(database, operator=BOSS, now=NOW)
    assert _states(database)["planned"] == 25


def test_a_cutover_in_the_past_is_refused_and_nothing_is_written(
    database: Database, configuration: Settings
) -> None:
    late = datetime(2023, 5, 1, 1, tzinfo=UTC)
    with pytest.raises(PlanRefused, match=r"cutover 2023-05-01 is past.*correct \[programme\]"):
        plans.solve(database, configuration, operator=PLANNER, now=late)
    with database.read() as session:
        assert session.exec(select(Plan)).all() == []


def test_a_rule_for_a_site_or_machine_that_does_not_exist_is_told(
    database: Database, configuration: Settings
) -> None:
    changed = configuration.model_copy(
        update={
            "sites": {**configuration.sites, "熊本": SiteLimits()},
            "machines": {"DK20-999999": MachineRules()},
        }
    )
    summary = plans.solve(database, changed, operator=PLANNER, now=NOW)
    assert list(summary.unused) == [("sites", "熊本"), ("machines", "DK20-999999")]


def test_transfers_of_the_first_of_april_move_only_who_cannot_keep_the_day(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    with database.write() as session:
        # Machines of the head office go to 尾鷲, onto days that are full there.
        full = set(session.exec(select(Machine.planned_day).where(Machine.site_id == 2)))
        dated = session.exec(select(Machine).where(Machine.site_id == 1)).all()
        transferred = [m for m in dated if m.planned_day is not None and m.planned_day in full]
        for machine in transferred:
            machine.site_id = 2
            session.add(machine)
    assert transferred
    one = {**configuration.sites, "尾鷲": SiteLimits(machines_per_day=1)}
    configuration = configuration.model_copy(update={"sites": one})
    summary = plans.solve(database, configuration, operator=PLANNER, now=NOW)
    difference = checking.diff(database)
    assert difference.unaffected_moved == 0
    assert summary.moved == len(difference.moves) > 0
    assert {change.why for change in difference.moves} == {Why.NO_ROOM}
    assert {change.asset_tag for change in difference.moves if change.site != "尾鷲"} == set()
    plans.commit(database, operator=BOSS, now=NOW)
    checked = checking.check(database, configuration, now=NOW)
    assert (checked.machines, checked.violations) == (30, [])


def test_less_capacity_moves_what_has_no_room_and_more_moves_nothing(
    database: Database, configuration: Settings
) -> None:
    fewer = {**configuration.sites, "本庁": SiteLimits(machines_per_day=2)}
    changed, _ = _replanned(database, configuration, sites=fewer)
    difference = checking.diff(database)
    assert (difference.unaffected_moved, difference.unaffected_announced_moved) == (0, 0)
    assert {change.why for change in difference.moves} <= {Why.NO_ROOM}
    plans.commit(database, operator=BOSS, now=NOW)
    assert checking.check(database, changed, now=NOW).violations == []
    more = configuration.model_copy(
        update={"sites": {**configuration.sites, "本庁": SiteLimits(machines_per_day=9)}}
    )
    plans.solve(database, more, operator=PLANNER, now=NOW)
    assert checking.diff(database).moves == []


def test_a_failed_machine_keeps_its_wave_and_the_others_keep_their_days(
    database: Database, configuration: Settings
) -> None:
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    plans.commit(database, operator=BOSS, now=NOW)
    with database.write() as session:
        transitions.apply(session, Machine, [1], MachineVerb.BEGIN, actor="daemon", at=NOW)
        transitions.apply(session, Machine, [1], MachineVerb.FAIL, actor="daemon", at=NOW)
    plans.solve(database, configuration, operator=PLANNER, now=NOW)
    assert checking.diff(database).moves == []
    shown = plans.show(database)
    assert (shown.placed, shown.new) == (30, 0)
