"""A whole programme in simulated time; every promise is read from its tables afterwards.

All of it is the application itself but the engine, the clock, the PCs and the people.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlmodel import select

from rollout.adapters.simulated.configuration import configuration
from rollout.adapters.simulated.fate import ODDS, Ending, Fate, fates
from rollout.adapters.simulated.ledger import SITES
from rollout.adapters.simulated.programme import DayStatus, SimulatedProgramme
from rollout.adapters.simulated.report import Told, write_markdown
from rollout.adapters.simulated.staff import APPROVER, PLANNER
from rollout.application.exports.status import Standing
from rollout.application.planning.problem import calendar_of
from rollout.domain.machine import IN_USE, MachineState, Step
from rollout.domain.takeout import PinState
from rollout.domain.wave import WaveState
from rollout.settings import Settings, load
from rollout.store import claims, history, runs
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Claim, DiskPin, Machine, Site, Takeout, Wave

MACHINES, SEED = 60, 7
STARTS, CUTOVER = date(2022, 8, 1), date(2022, 9, 5)
HARSH = {step: dataclasses.replace(odds, fails=0.05, silent=0.04) for step, odds in ODDS.items()}
"""So much misfortune that so few machines meet all of it."""


@dataclass
class Played:
    """A programme that was worked through to its end."""

    settings: Settings
    database: Database
    days: list[DayStatus]
    endings: Counter[tuple[bool, Ending]]
    """Attempts by whether the step is destructive and how they ended."""

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(table.id)).all())

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.settings.programme.zone)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("simulated")
    text = configuration(starts=STARTS, cutover=CUTOVER)
    (folder / "rollout.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ROLLOUT_CONFIG", str(folder / "rollout.toml"))
        settings = load()
    database = Database(settings.database_url, durable=False)
    databases.set_up(database)
    endings: Counter[tuple[bool, Ending]] = Counter()
    draw = fates(SEED, HARSH, slow=lambda tag: 1.0)

    def noted(tag: str, step: Step, attempt: int) -> Fate:
        fate = draw(tag, step, attempt)
        endings[step.destructive, fate.ending] += 1
        return fate

    programme = SimulatedProgramme(database, settings, seed=SEED, fate_of=noted)
    programme.prepare(folder / "ledger.csv", MACHINES)
    days = list(programme.days())
    programme.close()
    yield Played(settings, database, days, endings)
    database.close()


def test_every_machine_of_every_site_is_through_before_the_cutover(played: Played) -> None:
    assert (
        sum(MachineState(machine.state) in IN_USE for machine in played.rows(Machine)) == MACHINES
    )
    assert {site.key for site in played.rows(Site)} == {name for name, _share in SITES}
    assert {wave.state for wave in played.rows(Wave)} == {WaveState.DONE}
    assert played.days[-1].day < CUTOVER


def test_those_who_were_allowed_to_may_take_their_pcs_out_and_nobody_else(
    played: Played,
) -> None:
    allowed = {row.machine_id for row in played.rows(Takeout) if row.allowed_at is not None}
    out = [row for row in played.rows(Machine) if row.state == MachineState.PORTABLE]
    assert out
    assert {row.id for row in out} <= allowed
    assert {row.generation for row in out} <= {"DK20", "DK21"}
    pins = {row.machine_id: row.state for row in played.rows(DiskPin)}
    assert {pins[row.id] for row in out} == {PinState.CHOSEN}


def test_what_can_go_wrong_did_go_wrong_on_the_way(played: Played) -> None:
    assert played.endings[False, Ending.FAILED] > 0
    assert played.endings[False, Ending.SILENT] > 0
    assert played.endings[True, Ending.LATE] + played.endings[True, Ending.SILENT] > 0
    verbs = Counter(fact.verb for fact in played.rows(AuditRow))
    assert {"fail", "fall_silent", "retry", "open_tranche"} <= set(verbs)


def test_every_disk_was_rewritten_once(played: Played) -> None:
    rewritten = Counter(
        claim.machine_id for claim in played.rows(Claim) if claim.consumed_at is not None
    )
    assert rewritten == {machine.id: 1 for machine in played.rows(Machine)}


def test_nothing_is_left_open_and_the_history_holds(played: Played) -> None:
    with played.database.read() as session:
        assert claims.open_count(session) == 0
        assert not runs.alive(session)
        assert history.verify(session).holds


def test_every_wave_was_approved_by_another_person_and_started_by_the_daemon(
    played: Played,
) -> None:
    for wave in played.rows(Wave):
        assert (wave.submitted_by, wave.approved_by) == (PLANNER.name, APPROVER.name)
    starters = {
        fact.actor for fact in played.rows(AuditRow) if (fact.noun, fact.verb) == ("wave", "start")
    }
    assert starters == {"rollout"}


def test_no_disk_is_rewritten_before_its_day_and_nothing_begins_outside_its_hours(
    played: Played,
) -> None:
    days = {machine.id: machine.planned_day for machine in played.rows(Machine)}
    working = set(calendar_of(played.settings).between(STARTS, CUTOVER))
    ahead = timedelta(days=played.settings.windows.ahead_days)
    for claim in played.rows(Claim):
        begun, step = played.local(claim.created_at), Step(claim.step)
        assert begun.date() >= days[claim.machine_id] - (
            ahead if step in played.settings.windows.ahead else timedelta()
        )
        if step not in played.settings.windows.exempt:
            assert begun.date() in working
            assert 9 <= begun.hour < 17, claim


def test_the_copy_is_made_on_days_before_and_the_disk_rewritten_on_the_day(
    played: Played,
) -> None:
    begun = {
        (claim.machine_id, Step(claim.step)): played.local(claim.created_at).date()
        for claim in played.rows(Claim)
    }
    days = {machine.id: machine.planned_day for machine in played.rows(Machine)}
    early = {
        machine_id
        for (machine_id, step), day in begun.items()
        if step is Step.CAPTURE and day < days[machine_id]
    }
    assert early
    assert all(begun[machine_id, Step.REIMAGE] >= days[machine_id] for machine_id in early)


def test_no_site_ever_has_more_machines_at_work_than_it_bears(played: Played) -> None:
    sites = {site.id: site.key for site in played.rows(Site)}
    places = {machine.id: sites[machine.site_id] for machine in played.rows(Machine)}
    changes = sorted(
        change
        for claim in played.rows(Claim)
        for change in (
            (claim.created_at, 1, places[claim.machine_id]),
            (claim.ended_at, -1, places[claim.machine_id]),
        )
    )
    busy: Counter[str] = Counter()
    for _moment, change, site in changes:
        busy[site] += change
        assert busy[site] <= played.settings.site(site).at_once


def test_every_evening_counts_every_machine_once_and_nothing_is_undone(played: Played) -> None:
    done = 0
    for status in played.days:
        standing = status.report.standing
        assert sum(standing.values()) == MACHINES
        assert status.done == done + status.finished >= done
        done = status.done
        assert standing[Standing.UNKNOWN] == 0
    assert done == MACHINES


def test_nights_and_closed_days_are_jumped_over(played: Played) -> None:
    working = list(calendar_of(played.settings).between(STARTS, CUTOVER))
    assert [status.day for status in played.days] == working[: len(played.days)]


def test_the_page_shows_every_day(played: Played, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_markdown(page, Told(MACHINES, len(SITES), 2, SEED, "a command"), played.days)
    text = page.read_text(encoding="utf-8")
    for status in played.days:
        line = next(line for line in text.splitlines() if line.startswith(f"| {status.day} "))
        assert line.split(" | ")[1:4] == [
            str(status.planned), str(status.done), str(status.finished)
        ]  # fmt: skip


def test_a_fate_depends_on_nothing_but_seed_machine_step_and_attempt() -> None:
    first, second = (fates(SEED, slow=lambda tag: 1.0) for _ in range(2))
    tags = [f"DK20-{n:06d}" for n in range(200)]
    forward = [first(tag, step, 1) for tag in tags for step in ODDS]
    backward = [second(tag, step, 1) for tag in reversed(tags) for step in reversed(ODDS)]
    assert forward == backward[::-1]
    assert forward != [
        fates(SEED + 1, slow=lambda tag: 1.0)(tag, step, 1) for tag in tags for step in ODDS
    ]
