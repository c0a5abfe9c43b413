"""Plans keep every rule, as an independent checker sees it."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.problem import MachineToPlace, Obstacle, Placement, Problem, Solution
from rollout.planning.solver import solve

START, END = date(2022, 12, 19), date(2023, 1, 20)
HOLIDAYS = {date(2023, 1, 1), date(2023, 1, 2), date(2023, 1, 9)}  # written down, not computed
SITES = ["本庁", "四日市", "尾鷲", "閉鎖"]
CALENDAR = WorkCalendar(
    closed=(Span(date(2022, 12, 29), date(2023, 1, 3)),),
    frozen=(Span(date(2023, 1, 12), date(2023, 1, 13)),),
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    count = draw(st.integers(0, 60))
    machines = [
        MachineToPlace(
            id=number,
            asset_tag=f"DK{17 + draw(st.integers(0, 4))}-{number:06d}",
            site=draw(st.sampled_from(SITES)),
            department=draw(st.sampled_from(["総務", "税務", "土木"])),
            generation=(generation := draw(st.sampled_from(["DK17", "DK20", "DK21"]))),
            order={"DK17": 5, "DK20": 1, "DK21": 1}[generation],
            obstacle=draw(st.sampled_from([None] * 6 + [Obstacle.REFRESH, Obstacle.NO_SERIAL])),
        )
        for number in range(1, count + 1)
    ]
    capacity = {site: draw(st.integers(0, 4)) for site in SITES[:3]} | {"閉鎖": 0}
    days = [START + timedelta(days=n) for n in range(12)]
    taken = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(SITES), st.sampled_from(days)), st.integers(0, 4), max_size=6
        )
    )
    return Problem(
        machines=draw(st.permutations(machines)),
        calendar=CALENDAR,
        first=START,
        last=draw(st.sampled_from([END, START + timedelta(days=6)])),
        capacity=capacity,
        taken=taken,
        pilot_size=draw(st.integers(0, 8)),
        soak_working_days=draw(st.integers(0, 4)),
        machines_per_wave=draw(st.integers(1, 15)),
        first_wave=draw(st.integers(1, 5)),
    )


def working_days(first: date, last: date) -> list[date]:
    """Not the program's calendar: the days of this file, by hand."""
    off = {date(2022, 12, day) for day in (29, 30, 31)} | HOLIDAYS
    off |= {date(2023, 1, 3), date(2023, 1, 12), date(2023, 1, 13)}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.isoweekday() <= 5 and day not in off]


def faults(problem: Problem, solution: Solution) -> list[str]:
    """Every broken rule of a plan."""
    found: list[str] = []
    machines = {machine.id: machine for machine in problem.machines}
    days = working_days(problem.first, problem.last)
    seen = Counter(p.machine_id for p in solution.placements)
    seen.update(u.machine_id for u in solution.unplaced)
    if seen != Counter(list(machines)):
        found.append("a machine is dropped or counted twice")
    load = Counter((p.site, p.day) for p in solution.placements)
    for placement in solution.placements:
        machine = machines[placement.machine_id]
        if machine.obstacle is not None:
            found.append(f"{placement} cannot be moved")
        if placement.site != machine.site or placement.asset_tag != machine.asset_tag:
            found.append(f"{placement} is not {machine}")
        if placement.day not in days:
            found.append(f"{placement} is not on a working day of the programme")
    for (site, day), number in load.items():
        if number + problem.taken.get((site, day), 0) > problem.capacity[site]:
            found.append(f"{site} has too many on {day}")
    found += _wave_faults(problem, solution)
    found += _pilot_faults(problem, solution, days)
    found += _order_faults(machines, solution)
    return found


def _wave_faults(problem: Problem, solution: Solution) -> list[str]:
    found = []
    members: dict[int, list[Placement]] = {}
    for placement in solution.placements:
        members.setdefault(placement.wave, []).append(placement)
    numbers = [wave.number for wave in solution.waves]
    if numbers != list(range(problem.first_wave, problem.first_wave + len(numbers))):
        found.append(f"waves are numbered {numbers}")
    if set(numbers) != set(members):
        found.append("a wave is empty, or a machine is in none")
    for wave in solution.waves:
        days = [p.day for p in members.get(wave.number, [])]
        if (wave.size, wave.first_day, wave.last_day) != (len(days), min(days), max(days)):
            found.append(f"{wave} does not describe its machines")
        if wave.size > problem.machines_per_wave:
            found.append(f"{wave} is too large")
    others = [wave for wave in solution.waves if not wave.pilot]
    for before, after in pairwise(others):
        if after.first_day < before.last_day:
            found.append(f"{after} begins before {before} ends")
    return found


def _pilot_faults(problem: Problem, solution: Solution, days: list[date]) -> list[str]:
    pilots = [wave for wave in solution.waves if wave.pilot]
    if not pilots:
        return ["there is no pilot"] if problem.pilot_size and solution.placements else []
    (pilot,) = pilots
    found = [] if pilot.number == problem.first_wave else ["the pilot is not the first wave"]
    if pilot.size > problem.pilot_size:
        found.append("the pilot is too large")
    for wave in solution.waves:
        between = [day for day in days if pilot.last_day < day < wave.first_day]
        if not wave.pilot and (
            wave.first_day <= pilot.last_day or len(between) < problem.soak_working_days
        ):
            found.append(f"{wave} begins before the pilot has soaked")
    return found


def _order_faults(machines: Mapping[int, MachineToPlace], solution: Solution) -> list[str]:
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    latest: dict[tuple[str, int], date] = {}
    earliest: dict[tuple[str, int], date] = {}
    for placement in solution.placements:
        if placement.wave in pilots:
            continue
        key = (placement.site, machines[placement.machine_id].order)
        latest[key] = max(latest.get(key, placement.day), placement.day)
        earliest[key] = min(earliest.get(key, placement.day), placement.day)
    return [
        f"{site}: generation order {late} begins before {early} is through"
        for site, early in latest
        for other, late in earliest
        if other == site and late > early and earliest[site, late] < latest[site, early]
    ]


@settings(deadline=None, max_examples=60)
@given(problems())
def test_every_plan_keeps_every_rule(problem: Problem) -> None:
    assert faults(problem, solve(problem)) == []


@settings(deadline=None, max_examples=60)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(problem: Problem, random: object) -> None:
    shuffled = list(problem.machines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert solve(replace(problem, machines=shuffled)) == solve(problem)


@settings(deadline=None, max_examples=60)
@given(problems())
def test_nobody_is_left_over_while_the_site_has_room(problem: Problem) -> None:
    solution = solve(problem)
    load = Counter((p.site, p.day) for p in solution.placements)
    pilot = [wave for wave in solution.waves if wave.pilot]
    days = working_days(problem.first, problem.last)
    if pilot:
        after = [day for day in days if day > pilot[0].last_day]
        days = after[problem.soak_working_days :]
    sites = {machine.id: machine.site for machine in problem.machines}
    for entry in solution.unplaced:
        if entry.obstacle is not Obstacle.NO_DAY_LEFT:
            continue
        site = sites[entry.machine_id]
        for day in days:
            used = load[site, day] + problem.taken.get((site, day), 0)
            assert used >= problem.capacity[site]


def test_the_checker_sees_a_machine_on_a_holiday_and_a_full_site() -> None:
    machines = [MachineToPlace(n, f"DK20-{n:06d}", "本庁", "", "DK20", 1) for n in (1, 2, 3)]
    problem = Problem(machines, CALENDAR, START, END, {"本庁": 2})
    solution = solve(problem)
    moved = [replace(p, day=date(2023, 1, 9)) for p in solution.placements]
    found = " ".join(faults(problem, replace(solution, placements=moved)))
    assert "not on a working day" in found
    assert "too many" in found


def test_the_pilot_comes_from_every_site_and_department_of_the_first_generation() -> None:
    machines = [
        MachineToPlace(n, f"DK20-{n:06d}", SITES[n % 3], f"部{n % 2}", "DK20", 1)
        for n in range(1, 61)
    ] + [MachineToPlace(99, "DK17-000099", "本庁", "部0", "DK17", 5)]
    problem = Problem(machines, CALENDAR, START, END, dict.fromkeys(SITES, 5), pilot_size=6)
    solution = solve(problem)
    by_id = {machine.id: machine for machine in machines}
    pilot = [by_id[p.machine_id] for p in solution.placements if p.wave == 1]
    assert Counter((m.site, m.department) for m in pilot) == Counter(
        {(site, part): 1 for site in SITES[:3] for part in ("部0", "部1")}
    )


def test_a_pilot_whose_soak_reaches_the_end_leaves_the_others_unplaced_with_the_reason() -> None:
    machines = [MachineToPlace(n, f"DK20-{n:06d}", "本庁", "", "DK20", 1) for n in (1, 2)]
    problem = Problem(machines, CALENDAR, START, START + timedelta(days=2), {"本庁": 9}, {}, 1, 5)
    solution = solve(problem)
    assert [p.asset_tag for p in solution.placements] == ["DK20-000001"]
    assert [(u.asset_tag, u.obstacle) for u in solution.unplaced] == [
        ("DK20-000002", Obstacle.NO_DAY_LEFT)
    ]


def test_a_hundred_thousand_machines_are_planned_in_a_few_seconds() -> None:
    machines = [
        MachineToPlace(n, f"DK20-{n:06d}", f"site{n % 15}", f"dep{n % 110}", "DK20", 1)
        for n in range(100_000)
    ]
    capacity = {f"site{n}": 400 for n in range(15)}
    problem = Problem(machines, CALENDAR, START, END, capacity, pilot_size=50)
    started = time.process_time()
    solution = solve(problem)
    assert time.process_time() - started < 10
    assert len(solution.placements) + len(solution.unplaced) == 100_000
