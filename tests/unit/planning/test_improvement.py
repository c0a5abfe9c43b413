"""Chains of moves: whoever can be fitted in is, and nobody is moved without need."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from planning_problems import in_force, plain, small
from scipy.optimize import linprog

from rollout.planning.calendar import Span
from rollout.planning.checker import violations
from rollout.planning.problem import DepartmentRule, OwnDates, Problem, SiteRule, Why
from rollout.planning.solver import solve

FIRST = date(2023, 1, 10)
DAYS = [FIRST + timedelta(days=n) for n in (0, 1, 2, 3, 6)]
absences = st.sets(st.sampled_from(DAYS), max_size=4)


def away(*days: date) -> OwnDates:
    return OwnDates(absences=tuple(Span(day, day) for day in days))


def shared(machines: int, per_day: int, absent: list[set[date]], share: float) -> Problem:
    people = [
        replace(m, department=f"部{m.id % 2}", own=away(*sorted(days)) if days else None)
        for m, days in zip(plain(machines), absent, strict=True)
    ]
    return small(people, per_day=per_day, last=DAYS[-1], department_share=share)


def most(problem: Problem) -> float:
    """How many anybody could place: days have room at the site and in each department."""
    columns = [
        (number, day)
        for number, machine in enumerate(problem.machines)
        for day in DAYS
        if not any(day in span for span in (machine.own or OwnDates()).absences)
    ]
    size = len(problem.machines)
    share = max(1, int(size / 2 * problem.department_share))
    rows, limits = [], []
    for day in DAYS:
        rows.append([float(on == day) for _, on in columns])
        limits.append(problem.sites["本庁"].machines_per_day)
        for department in ("部0", "部1"):
            rows.append([float(on == day and problem.machines[n].department == department)
                         for n, on in columns])  # fmt: skip
            limits.append(share)
    for number in range(size):
        rows.append([float(n == number) for n, _ in columns])
        limits.append(1)
    answer = linprog([-1.0] * len(columns), A_ub=rows, b_ub=limits, bounds=(0, 1))
    return round(float(-answer.fun), 6)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3), st.sampled_from([0.25, 1.0]), st.lists(absences, min_size=8, max_size=8))
def test_at_a_site_nobody_could_place_more(
    per_day: int, share: float, absent: list[set[date]]
) -> None:
    problem = shared(8, per_day, absent, share)
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert len(plan.placements) == most(problem)


def test_a_chain_of_two_moves_makes_room_for_a_third_machine() -> None:
    # Only this way: 1 on the third day, 2 on the second, 3 on the first.
    owns = [away(DAYS[1]), away(DAYS[2]), away(DAYS[1], DAYS[2])]
    machines = [replace(m, own=own) for m, own in zip(plain(3), owns, strict=True)]
    problem = small(machines, per_day=1, last=DAYS[2])
    assert [p.day for p in sorted(solve(problem).placements)] == [DAYS[2], DAYS[1], DAYS[0]]


def test_a_full_department_makes_room_by_moving_one_of_its_own() -> None:
    machines = [replace(m, department="税務課") for m in plain(2)]
    problem = small(machines, last=DAYS[1], department_share=0.5)
    before = in_force(problem, solve(problem))
    late = replace(plain(1, first_id=3)[0], department="税務課", own=OwnDates(pinned=DAYS[0]))
    again = replace(before, machines=[*before.machines, late], last=DAYS[2],
                    department_sizes={"税務課": 2})  # fmt: skip
    plan = solve(again)
    assert violations(again, plan) == []
    assert [(m.from_day, m.why) for m in plan.moves] == [(DAYS[0], Why.MAKES_ROOM)]
    assert plan.unplaced == []


def test_a_machine_on_the_canary_s_day_stays_there() -> None:
    problem = small(plain(4), last=DAYS[1], canary={"DK20": 1}, per_day=3)
    before = in_force(problem, solve(problem))
    late = replace(plain(1, first_id=9)[0], generation="DK21", own=OwnDates(pinned=DAYS[0]))
    rules = {"本庁": SiteRule(3), "四日市": SiteRule(1)}
    again = replace(before, machines=[*before.machines, late], sites=rules, last=DAYS[2])
    plan = solve(again)
    assert plan.moves == []
    assert violations(again, plan) == []


def test_with_room_nobody_moves_for_a_new_freeze_but_those_in_it() -> None:
    problem = small(plain(40))
    before = in_force(problem, solve(problem))
    closed = Span(date(2023, 1, 16), date(2023, 1, 20))
    rules = {f"部{n}": DepartmentRule(blackouts=(closed,)) for n in range(7)}
    again = solve(replace(before, departments=rules))
    inside = {m.id for m in before.machines if m.current and m.current.day in closed}
    assert inside
    assert {(move.machine_id, move.why) for move in again.moves} == {
        (number, Why.DEPARTMENT_DATES) for number in inside
    }
    assert again.unplaced == []


def test_less_room_moves_only_as_many_as_there_are_too_many() -> None:
    problem = small(plain(46), per_day=3)
    before = in_force(problem, solve(problem), announced=20)
    day = before.machines[0].current
    assert day is not None
    fewer = replace(before, sites={"本庁": SiteRule(1)}, last=date(2023, 4, 28))
    again = solve(fewer)
    assert violations(fewer, again) == []
    assert {move.why for move in again.moves} == {Why.NO_ROOM}
    assert len(again.kept) == len({m.current.day for m in before.machines if m.current})
    assert again.unplaced == []


def test_a_reimage_gives_way_to_one_of_another_site_when_the_blast_radius_is_full() -> None:
    anywhere = plain(2)
    only = replace(plain(1, first_id=3)[0], site="四日市", own=away(*DAYS[1:]))
    rules = {"本庁": SiteRule(1), "四日市": SiteRule(9)}
    problem = small([*anywhere, only], sites=rules, last=DAYS[2], blast_radius=1,
                    reimages_per_day=1)  # fmt: skip
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert {p.machine_id: p.day for p in plan.placements}[3] == DAYS[0]
    assert plan.unplaced == []
