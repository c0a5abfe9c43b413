"""Every plan passes the checker, whatever the instance; nobody is dropped silently."""

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from planning_problems import SITES, in_force, plain, problems, small

from rollout.planning.calendar import Span
from rollout.planning.checker import violations
from rollout.planning.problem import (
    DepartmentRule,
    MachineToPlace,
    Obstacle,
    OpenWave,
    OwnDates,
    Problem,
    SiteRule,
    Solution,
    Why,
)
from rollout.planning.solver import solve

many = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
)


@many
@given(problems())
def test_the_checker_accepts_every_plan_and_nobody_is_dropped(problem: Problem) -> None:
    solution = solve(problem)
    assert violations(problem, solution) == []
    placed = {p.machine_id for p in solution.placements}
    assert placed | {u.machine_id for u in solution.unplaced} == {m.id for m in problem.machines}


@many
@given(problems())
def test_a_day_is_divided_between_waves_only_when_it_is_larger_than_one(problem: Problem) -> None:
    solution = solve(problem)
    refresh = {m.id: m.refresh for m in problem.machines}
    # What an open wave had room for is not of the new waves' day.
    others = {wave.number for wave in solution.waves if not wave.pilot and not wave.joined}
    waves: dict[tuple[date, bool], Counter[int]] = {}
    for placed in solution.placements:
        if placed.wave in others:
            key = (placed.day, refresh[placed.machine_id])
            waves.setdefault(key, Counter())[placed.wave] += 1
    for found in waves.values():
        assert len(found) == 1 or found.total() > problem.machines_per_wave


@many
@given(problems(), st.integers(0, 9))
def test_the_order_of_the_input_changes_nothing(problem: Problem, seed: int) -> None:
    shuffled = list(problem.machines)
    Random(seed).shuffle(shuffled)
    assert solve(replace(problem, machines=shuffled)) == solve(problem)


@many
@given(problems())
def test_planning_again_without_a_change_moves_nothing(problem: Problem) -> None:
    solution = solve(problem)
    again = in_force(problem, solution)
    second = solve(again)
    assert [move for move in second.moves if move.why is not Why.MAKES_ROOM] == []
    assert violations(again, second) == []
    assert {k.machine_id: k.day for k in second.kept}.items() <= {
        p.machine_id: p.day for p in solution.placements
    }.items()


@many
@given(problems(), st.data())
def test_an_absence_moves_that_machine_and_no_announced_one(
    problem: Problem, data: st.DataObject
) -> None:
    solution = solve(problem)
    before = in_force(problem, solution, announced=10**6)
    dated = [m for m in before.machines if m.current]
    if not dated:
        return
    absent = data.draw(st.sampled_from(dated))
    assert absent.current is not None
    own = (absent.own or OwnDates())._replace(
        pinned=None, absences=(Span(absent.current.day, absent.current.day),)
    )
    changed = replace(
        before, machines=[replace(m, own=own) if m is absent else m for m in before.machines]
    )
    again = solve(changed)
    assert {move.machine_id: move.why for move in again.moves} == {absent.id: Why.OWN_DATES}
    assert violations(changed, again) == []


def test_no_machine_gives_an_empty_plan() -> None:
    assert solve(small([])) == Solution([], [], [], [], [], [])


def test_one_machine_is_the_pilot_on_the_first_day() -> None:
    solution = solve(small(plain(1), pilot_size=10, soak_working_days=3))
    assert [(p.day, p.wave) for p in solution.placements] == [(date(2023, 1, 10), 1)]
    assert solution.waves[0].pilot


def test_the_load_is_even_where_there_is_room() -> None:
    solution = solve(small(plain(69), per_day=40))
    load = Counter(p.day for p in solution.placements)
    assert len(load) == 23
    assert max(load.values()) - min(load.values()) <= 1


def test_few_visits_fill_few_days() -> None:
    problem = small(plain(20))
    rules = {"本庁": SiteRule(5, few_visits=True)}
    days = {p.day for p in solve(replace(problem, sites=rules)).placements}
    assert len(days) == 4


def test_older_generations_wait_for_the_newer_at_each_site() -> None:
    newer = plain(30)
    older = [replace(m, id=m.id + 100, asset_tag=f"DK17-{m.id:06d}", generation="DK17", order=5)
             for m in plain(30)]  # fmt: skip
    solution = solve(small([*older, *newer]))
    last_newer = max(p.day for p in solution.placements if p.machine_id <= 100)
    assert last_newer <= min(p.day for p in solution.placements if p.machine_id > 100)


def test_the_pilot_comes_from_every_site_and_department_and_waits_for_nobody_absent() -> None:
    machines = [replace(m, site=SITES[m.id % 3], department=f"部{m.id % 2}") for m in plain(60)]
    machines[5] = replace(machines[5], own=OwnDates(not_before=date(2023, 2, 9)))
    problem = small(machines, pilot_size=6, soak_working_days=2)
    solution = solve(problem)
    by_id = {m.id: m for m in machines}
    pilot = [by_id[p.machine_id] for p in solution.placements if p.wave == 1]
    assert Counter((m.site, m.department) for m in pilot) == Counter(
        {(site, part): 1 for site in SITES[:3] for part in ("部0", "部1")}
    )
    assert solution.waves[0].last_day == date(2023, 1, 10)
    assert solution.waves[1].first_day == date(2023, 1, 13)


def test_chosen_machines_and_departments_are_the_pilot() -> None:
    machines = plain(40)
    chosen = solve(small(machines, pilot_size=3, pilot_machines=frozenset({"DK20-000040"}),
                         pilot_departments=frozenset({"部2"})))  # fmt: skip
    pilot = {p.asset_tag for p in chosen.placements if p.wave == 1}
    assert pilot == {"DK20-000040", "DK20-000002", "DK20-000009"}


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"sites": {"本庁": SiteRule(0)}}, Obstacle.SITE_WITHOUT_CAPACITY),
        ({"sites": {"本庁": SiteRule(5, weekdays=frozenset({6}))}}, Obstacle.SITE_NOT_VISITED),
        ({"departments": {f"部{n}": DepartmentRule(not_before=date(2024, 1, 1)) for n in range(7)}},
         Obstacle.DEPARTMENT_DATES),
        ({"sites": {"本庁": SiteRule(1)}}, Obstacle.NO_DAY_LEFT),
        ({"blast_radius": 0}, Obstacle.EVERYWHERE_FULL),
        ({"department_share": 0.01, "sites": {"本庁": SiteRule(99)}}, Obstacle.DEPARTMENT_FULL),
    ],
)  # fmt: skip
def test_who_has_no_place_is_told_the_reason(change: dict[str, object], obstacle: Obstacle) -> None:
    solution = solve(small(plain(200), **change))
    assert {entry.obstacle for entry in solution.unplaced} == {obstacle}


def test_the_cheapest_relaxation_is_enough() -> None:
    problem = small(plain(150), per_day=5)  # 23 days for 5 a day: 115
    (relaxed,) = solve(problem).relaxations
    assert (relaxed.machines, relaxed.more_per_day, relaxed.later_days) == (35, 2, 7)
    assert not solve(replace(problem, sites={"本庁": SiteRule(7)})).unplaced
    later = replace(problem, last=date(2023, 2, 20))  # 7 working days more
    assert not solve(later).unplaced


def test_a_date_that_nobody_was_told_moves_when_another_machine_has_no_other_day() -> None:
    problem = small(plain(5), per_day=1, last=date(2023, 1, 17))
    solution = solve(problem)
    first = min(p.day for p in solution.placements)
    late = MachineToPlace(99, "DK20-000099", "本庁", "部0", "DK20", 1, own=OwnDates(pinned=first))
    before = in_force(problem, solution)
    again = replace(before, machines=[*before.machines, late])
    second = solve(again)
    assert [(m.from_day, m.why) for m in second.moves] == [(first, Why.MAKES_ROOM)]
    assert second.unplaced == []
    assert violations(again, second) == []
    told = in_force(problem, solution, announced=5)
    third = solve(replace(told, machines=[*told.machines, late]))
    assert third.moves == []
    assert [u.asset_tag for u in third.unplaced] == ["DK20-000099"]


def test_a_wave_that_nobody_has_seen_takes_new_machines() -> None:
    machines = plain(10)
    day = date(2023, 1, 10)
    problem = small(machines, open_waves=[OpenWave(3, day, day, 4)], first_wave=7, per_day=20,
                    machines_per_wave=9)  # fmt: skip
    solution = solve(problem)
    assert violations(problem, solution) == []
    assert {(w.number, w.joined) for w in solution.waves if w.number < 7} <= {(3, True)}


def test_a_newcomer_gets_the_earliest_day_that_is_not_above_the_even_load() -> None:
    problem = small(plain(40), per_day=9)
    before = in_force(problem, solve(problem))
    late = replace(plain(1, first_id=99)[0], site="四日市")
    newcomer = plain(1, first_id=98)[0]
    rules = {"本庁": SiteRule(9), "四日市": SiteRule(9)}
    again = replace(before, machines=[*before.machines, newcomer, late], sites=rules)
    load = Counter(m.current.day for m in before.machines if m.current)
    days = list(problem.calendar.between(problem.first, problem.last))
    quiet = next(day for day in days if load[day] == min(load[day] for day in days))
    placed = {p.machine_id: p.day for p in solve(again).placements}
    assert placed[98] == quiet


def test_far_sites_are_visited_at_different_times_and_the_others_work_around_them() -> None:
    far = {f"遠{n}": SiteRule(5, few_visits=True) for n in range(4)}
    machines = [replace(m, site=f"遠{m.id % 4}") for m in plain(60)]
    near = plain(115, first_id=100)
    problem = small([*machines, *near], sites={**far, "本庁": SiteRule(40)})
    plan = solve(problem)
    days: dict[str, set[date]] = {site: set() for site in far}
    for placed in plan.placements:
        if placed.site in far:
            days[placed.site].add(placed.day)
    assert {len(found) for found in days.values()} == {3}
    assert len(set().union(*days.values())) == 12
    load = Counter(p.day for p in plan.placements)
    assert max(load.values()) - min(load.values()) <= 2
