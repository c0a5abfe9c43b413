"""Each rule changes the plan: without it the solver breaks it, with it the solver keeps it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_problems import in_force, plain, small

from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.checker import Rule, violations
from rollout.planning.problem import (
    DepartmentRule,
    MachineToPlace,
    OwnDates,
    Problem,
    SiteRule,
)
from rollout.planning.solver import solve

FIRST, SECOND, THIRD = date(2023, 1, 10), date(2023, 1, 11), date(2023, 1, 12)
ANY = SiteRule(50)


def of(machines: list[MachineToPlace], **other: Any) -> Problem:
    """Three working days and more room than anybody needs, but for what `other` says."""
    return small(machines, **{"sites": {"本庁": ANY}, "last": THIRD} | other)


def own(dates: OwnDates) -> list[MachineToPlace]:
    return [replace(machine, own=dates) for machine in plain(3)]


def refreshes(**dates: date) -> list[MachineToPlace]:
    lease = OwnDates(**dates) if dates else None
    return [replace(machine, refresh=True, own=lease) for machine in plain(6)]


def half_newer() -> list[MachineToPlace]:
    return [
        replace(m, generation=name, order=order)
        for m, (name, order) in zip(plain(6), [("DK17", 2), ("DK20", 1)] * 3, strict=True)
    ]


SITES: dict[Rule, SiteRule] = {
    Rule.SITE_PER_DAY: SiteRule(3),
    Rule.SITE_AT_ONCE: SiteRule(50, at_once=2),
    Rule.SITE_NETWORK: SiteRule(50, network_at_once=1),
    Rule.SITE_SPARES: SiteRule(50, spares=3),
    Rule.SITE_WEEKDAY: SiteRule(50, weekdays=frozenset({FIRST.weekday(), THIRD.weekday()})),
}
FREEZE = WorkCalendar(frozen=(Span(SECOND, SECOND),))
# rule: the problem with the rule, and what takes the rule out of it
CASES: dict[Rule, tuple[Problem, dict[str, Any]]] = {
    Rule.PERIOD: (of(plain(6)), {"last": date(2023, 1, 20)}),
    Rule.WEEKEND: (of(plain(9), first=date(2023, 1, 13), last=date(2023, 1, 16)), {}),
    Rule.HOLIDAY: (of(plain(9), first=date(2023, 1, 6), last=date(2023, 1, 10)), {}),
    Rule.CLOSED: (
        of(plain(6), calendar=WorkCalendar(closed=(Span(SECOND, SECOND),))),
        {"calendar": WorkCalendar()},
    ),
    Rule.FROZEN: (of(plain(6), calendar=FREEZE), {"calendar": WorkCalendar()}),
    **{
        rule: (of(plain(9), sites={"本庁": limit}, turns_per_day=2, reimages_per_day=3),
               {"sites": {"本庁": SiteRule(50, few_visits=rule is not Rule.SITE_WEEKDAY)}})
        for rule, limit in SITES.items()
    },
    Rule.BLAST_RADIUS: (
        of(plain(9), blast_radius=1, reimages_per_day=3,
           sites={"本庁": SiteRule(50, few_visits=True)}),
        {"blast_radius": None},
    ),
    Rule.DEPARTMENT_DATES: (
        of(plain(7), departments={f"部{n}": DepartmentRule((), SECOND, SECOND) for n in range(3)}),
        {"departments": {}},
    ),
    Rule.DEPARTMENT_SHARE: (
        of([replace(m, department="税務課") for m in plain(9)], department_share=0.34,
           sites={"本庁": SiteRule(50, few_visits=True)}),
        {"department_share": 1.0},
    ),
    Rule.PINNED: (of(own(OwnDates(pinned=SECOND))), {"machines": plain(3)}),
    Rule.WINDOW: (of(own(OwnDates(windows=(Span(SECOND, THIRD),)))), {"machines": plain(3)}),
    Rule.ABSENCE: (of(own(OwnDates(absences=(Span(FIRST, SECOND),)))), {"machines": plain(3)}),
    Rule.TOO_EARLY: (of(own(OwnDates(not_before=THIRD))), {"machines": plain(3)}),
    Rule.LEASE: (of(own(OwnDates(not_after=FIRST))), {"machines": plain(3)}),
    Rule.SUCCESSORS: (
        of(refreshes(), deliveries={"DK20": {FIRST: 1, SECOND: 2, THIRD: 3}}),
        {"deliveries": {"DK20": {FIRST: 6}}},
    ),
    Rule.CANARY: (of(plain(9), canary={"DK20": 1}), {"canary": {}}),
    Rule.GENERATION_ORDER: (
        of(half_newer()),
        {"machines": [replace(m, order=3 - m.order) for m in half_newer()]},
    ),
    Rule.PILOT: (
        of(plain(9), pilot_size=2, soak_working_days=1), {"pilot_size": 0},
    ),
    Rule.WAVE_SIZE: (of(plain(9), machines_per_wave=2), {"machines_per_wave": 200}),
}  # fmt: skip
NO_SUCH_DAY = (Rule.WEEKEND, Rule.HOLIDAY)
"""Which days these are nobody configures; that such days are left out is seen below."""


@pytest.mark.parametrize("rule", [rule for rule in CASES if rule not in NO_SUCH_DAY])
def test_without_the_rule_the_plan_breaks_it_and_with_it_keeps_it(rule: Rule) -> None:
    problem, relaxed = CASES[rule]
    careless = solve(replace(problem, **relaxed))
    assert {v.rule for v in violations(problem, careless)} == {rule}
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert plan.unplaced == []


@pytest.mark.parametrize("rule", NO_SUCH_DAY)
def test_weekends_and_holidays_are_no_working_days(rule: Rule) -> None:
    problem, _ = CASES[rule]
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert {p.day for p in plan.placements} == {problem.first, problem.last}


def test_every_rule_on_days_has_its_case() -> None:
    # These say how a plan is written down, not on which day anybody is moved.
    of_form = {Rule.COUNTED, Rule.IMPOSSIBLE, Rule.SITE, Rule.WAVE_DAYS, Rule.ANNOUNCED}
    assert CASES.keys() | of_form == set(Rule)


def test_announced_dates_hold_when_another_machine_has_no_day() -> None:
    problem = of(plain(6), sites={"本庁": SiteRule(2)})
    told = in_force(problem, solve(problem), announced=6)
    late = replace(plain(1, first_id=7)[0], own=OwnDates(pinned=SECOND))
    plan = solve(replace(told, machines=[*told.machines, late]))
    assert plan.moves == []
    assert [entry.machine_id for entry in plan.unplaced] == [7]
