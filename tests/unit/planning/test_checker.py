"""Each rule of the checker finds a plan that breaks it, and names machine, day and rule.

Every case is a valid plan with one thing wrong; the valid plan passes first.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_problems import plain, small

from rollout.application.planning.words import broken_words
from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.checker import Rule, violations
from rollout.planning.problem import (
    DepartmentRule,
    MachineToPlace,
    Move,
    Obstacle,
    OwnDates,
    Placement,
    PlannedWave,
    Problem,
    SiteRule,
    Solution,
    Taken,
    Why,
)

DAY = date(2023, 1, 16)
LATER = date(2023, 1, 17)
TAG = "DK20-000001"


@pytest.fixture(autouse=True)
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "ja")


def english_in(words: str) -> list[str]:
    """What a reader of Japanese would stumble over; tags and generations are no words."""
    return re.findall("[A-Za-z]{2,}", re.sub("DK[0-9]{2}", "", words))


def dated(problem: Problem, *days: date) -> Solution:
    """Machine after machine on its day, in one wave that holds all."""
    placements = [
        Placement(m.id, m.asset_tag, m.site, day, 1)
        for m, day in zip(problem.machines, days, strict=True)
    ]
    return Solution(placements, [], [PlannedWave(1, False, min(days), max(days), len(placements))])


def one(own: OwnDates | None = None, **other: Any) -> Problem:
    return small([replace(plain(1)[0], department="部1", own=own)], **other)


def two(**other: Any) -> Problem:
    """Two machines of one department."""
    return small([replace(m, department="部1") for m in plain(2)], **other)


def two_generations(**other: Any) -> Problem:
    newer, older = plain(2)
    older = replace(older, generation="DK17", asset_tag="DK17-000002", order=2)
    return small([newer, older], **other)


def refreshed(problem: Problem) -> Problem:
    return replace(problem, machines=[replace(m, refresh=True) for m in problem.machines])


# rule: problem, days on which it is kept, days on which it is not, whose and when that is
Case = tuple[Problem, tuple[date, ...], tuple[date, ...], str, date | None]
AS_DATED: dict[Rule, Case] = {
    Rule.PERIOD: (one(), (DAY,), (date(2023, 2, 10),), TAG, date(2023, 2, 10)),
    Rule.WEEKEND: (one(), (DAY,), (date(2023, 1, 14),), TAG, date(2023, 1, 14)),
    Rule.HOLIDAY: (
        one(first=date(2023, 1, 4)), (DAY,), (date(2023, 1, 9),), TAG, date(2023, 1, 9),
    ),
    Rule.CLOSED: (
        one(calendar=WorkCalendar(closed=(Span(LATER, LATER),))), (DAY,), (LATER,), TAG, LATER,
    ),
    Rule.FROZEN: (
        one(calendar=WorkCalendar(frozen=(Span(LATER, LATER),))), (DAY,), (LATER,), TAG, LATER,
    ),
    Rule.SITE_WEEKDAY: (
        one(sites={"本庁": SiteRule(5, weekdays=frozenset({0}))}), (DAY,), (LATER,), TAG, LATER,
    ),
    Rule.SITE_PER_DAY: (two(per_day=1), (DAY, LATER), (DAY, DAY), "DK20-000002", DAY),
    Rule.SITE_AT_ONCE: (
        two(sites={"本庁": SiteRule(5, at_once=1)}, turns_per_day=1),
        (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.SITE_NETWORK: (
        two(sites={"本庁": SiteRule(5, network_at_once=1)}, reimages_per_day=1),
        (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.SITE_SPARES: (
        two(sites={"本庁": SiteRule(5, spares=1)}), (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.BLAST_RADIUS: (
        two(blast_radius=1, reimages_per_day=1), (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.DEPARTMENT_DATES: (
        one(departments={"部1": DepartmentRule(blackouts=(Span(LATER, LATER),))}),
        (DAY,), (LATER,), TAG, LATER,
    ),
    Rule.DEPARTMENT_SHARE: (
        two(department_share=0.5), (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.PINNED: (one(OwnDates(pinned=DAY)), (DAY,), (LATER,), TAG, LATER),
    Rule.WINDOW: (one(OwnDates(windows=(Span(DAY, DAY),))), (DAY,), (LATER,), TAG, LATER),
    Rule.ABSENCE: (one(OwnDates(absences=(Span(LATER, LATER),))), (DAY,), (LATER,), TAG, LATER),
    Rule.TOO_EARLY: (one(OwnDates(not_before=LATER)), (LATER,), (DAY,), TAG, DAY),
    Rule.LEASE: (one(OwnDates(not_after=DAY)), (DAY,), (LATER,), TAG, LATER),
    Rule.SUCCESSORS: (
        refreshed(two(deliveries={"DK20": {DAY: 1, LATER: 1}})),
        (DAY, LATER), (DAY, DAY), "DK20-000002", DAY,
    ),
    Rule.CANARY: (two(canary={"DK20": 1}), (DAY, LATER), (DAY, DAY), "DK20-000002", DAY),
    Rule.GENERATION_ORDER: (two_generations(), (DAY, LATER), (LATER, DAY), TAG, LATER),
}  # fmt: skip


@pytest.mark.parametrize("rule", AS_DATED)
def test_a_day_that_breaks_a_rule_is_found_with_machine_day_and_rule(rule: Rule) -> None:
    problem, good, bad, tag, day = AS_DATED[rule]
    assert violations(problem, dated(problem, *good)) == []
    found = violations(problem, dated(problem, *bad))
    assert [(v.rule, v.asset_tag, v.day) for v in found] == [(rule, tag, day)]
    assert english_in(broken_words(found[0])) == []


def test_a_refresh_is_not_to_blame_for_reimages_that_have_their_day_for_good() -> None:
    problem = refreshed(one(deliveries={"DK20": {DAY: 1}}))
    rule = SiteRule(5, network_at_once=0, spares=0)
    problem = replace(
        problem,
        sites={"本庁": rule},
        taken=[Taken("本庁", "部1", "DK21", False, DAY, 1)],
        department_sizes={"部1": 9},
    )
    assert violations(problem, dated(problem, DAY)) == []


Break = Callable[[Problem, Solution], tuple[Problem, Solution]]


def without(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    wave = replace(plan.waves[0], size=1, last_day=DAY)
    return problem, replace(plan, placements=plan.placements[:1], waves=[wave])


def twice(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return problem, replace(plan, kept=[plan.placements[1]])


def unable(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    machine = replace(problem.machines[1], obstacle=Obstacle.NO_SERIAL)
    return replace(problem, machines=[problem.machines[0], machine]), plan


def elsewhere(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    moved = plan.placements[1]._replace(site="四日市")
    return problem, replace(plan, placements=[plan.placements[0], moved])


def small_waves(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return replace(problem, machines_per_wave=1), plan


def other_days(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return problem, replace(plan, waves=[replace(plan.waves[0], last_day=date(2023, 1, 18))])


def no_wave(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return problem, replace(plan, waves=[])


def no_pilot(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return replace(problem, pilot_size=1), plan


def hasty(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    """The second machine goes on the day after the pilot, which soaks for one day."""
    first, second = plan.placements
    waves = [PlannedWave(1, True, DAY, DAY, 1), PlannedWave(2, False, LATER, LATER, 1)]
    return (
        replace(problem, pilot_size=1, soak_working_days=1),
        replace(plan, placements=[first, second._replace(wave=2)], waves=waves),
    )


def large_pilot(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    return replace(problem, pilot_size=1), replace(plan, waves=[replace(plan.waves[0], pilot=True)])


def told(problem: Problem, plan: Solution) -> tuple[Problem, Solution]:
    move = Move(2, "DK20-000002", DAY, 1, LATER, Why.MAKES_ROOM, announced=True)
    return problem, replace(plan, moves=[move])


BROKEN: list[tuple[Break, Rule, str, date | None]] = [
    (without, Rule.COUNTED, "DK20-000002", None),
    (twice, Rule.COUNTED, "DK20-000002", None),
    (unable, Rule.IMPOSSIBLE, "DK20-000002", LATER),
    (elsewhere, Rule.SITE, "DK20-000002", LATER),
    (small_waves, Rule.WAVE_SIZE, "DK20-000002", DAY),
    (other_days, Rule.WAVE_DAYS, "DK20-000002", DAY),
    (no_wave, Rule.WAVE_DAYS, TAG, DAY),
    (no_pilot, Rule.PILOT, TAG, None),
    (hasty, Rule.PILOT, "DK20-000002", LATER),
    (large_pilot, Rule.PILOT, "DK20-000002", DAY),
    (told, Rule.ANNOUNCED, "DK20-000002", DAY),
]


@pytest.mark.parametrize(("broken", "rule", "tag", "day"), BROKEN)
def test_a_plan_that_is_put_together_wrongly_is_found(
    broken: Break, rule: Rule, tag: str, day: date | None
) -> None:
    problem = two()
    plan = dated(problem, DAY, LATER)
    assert violations(problem, plan) == []
    found = violations(*broken(problem, plan))
    assert [(v.rule, v.asset_tag, v.day) for v in found] == [(rule, tag, day)]
    assert english_in(broken_words(found[0])) == []


def test_every_rule_has_a_plan_that_breaks_it() -> None:
    of_plans = {rule for _, rule, _, _ in BROKEN}
    assert AS_DATED.keys() | of_plans == set(Rule)


def test_places_that_are_taken_count() -> None:
    problem = one(per_day=1, taken=[Taken("本庁", "部2", "DK20", False, DAY, 1)])
    assert violations(problem, dated(problem, LATER)) == []
    assert [v.rule for v in violations(problem, dated(problem, DAY))] == [Rule.SITE_PER_DAY]


def generations(*found: MachineToPlace, **other: Any) -> list[Rule]:
    """What the checker says when the later generation goes first."""
    problem = small(list(found), **other)
    return [v.rule for v in violations(problem, dated(problem, LATER, DAY))]


def test_the_order_of_generations_gives_way_to_dates_shares_and_canaries() -> None:
    newer, older = two_generations().machines
    assert generations(newer, older) == [Rule.GENERATION_ORDER]
    assert generations(newer, replace(older, order=1)) == []
    assert generations(newer, replace(older, site="尾鷲")) == []
    assert generations(newer, replace(older, own=OwnDates(pinned=DAY))) == []
    assert generations(newer, older, departments={newer.department: DepartmentRule()}) == []
    full = [Taken("四日市", newer.department, "DK20", False, DAY, 1)]
    assert generations(newer, older, department_share=0.3, taken=full) == []
    assert generations(newer, older, canary={"DK17": 1}) == []
