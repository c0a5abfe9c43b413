"""The forecast sees a slip, is repeatable, and says when it cannot know."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.planning.calendar import WorkCalendar
from rollout.planning.forecast import Cohort, Observed, Part, PartKind, outlook
from rollout.planning.observed import Lack, Missing

DAYS = list(WorkCalendar().between(date(2023, 1, 10), date(2023, 6, 30)))
CUTOVER = date(2023, 5, 1)
GOOD = Observed(95, 3, 2, [10] * 10, [10] * 10, [10] * 10, retried=5, parked_days=9)


def site(name: str, machines: int, per_day: int) -> Cohort:
    days = DAYS[: -(-machines // per_day)]
    due = dict.fromkeys(days, per_day)
    due[days[-1]] = machines - per_day * (len(days) - 1)
    return Cohort(name, due, per_day)


def test_a_plan_with_time_to_spare_holds() -> None:
    found = outlook([site("本庁", 200, 10)], GOOD, DAYS, CUTOVER)
    assert found.probability > 0.99
    assert found.p10
    assert found.p50
    assert found.p90
    assert DAYS[19] <= found.p10 <= found.p50 <= found.p90 < CUTOVER
    assert found.endangered == []


def test_the_site_that_cannot_make_it_is_named_first() -> None:
    found = outlook([site("本庁", 200, 10), site("尾鷲", 300, 3)], GOOD, DAYS, CUTOVER)
    assert found.probability < 0.01
    assert found.endangered[0].name == "尾鷲"


def test_many_failures_make_it_later() -> None:
    bad = replace(GOOD, succeeded=60, failed=30, silent=10)
    good_day = outlook([site("本庁", 300, 10)], GOOD, DAYS, CUTOVER).p50
    bad_day = outlook([site("本庁", 300, 10)], bad, DAYS, CUTOVER).p50
    assert good_day
    assert bad_day
    assert good_day < bad_day


def test_the_same_seed_gives_the_same_answer_and_many_sites_cost_no_more() -> None:
    many = [site(f"s{n}", 30 + n, 2) for n in range(50)]
    first = outlook(many, GOOD, DAYS, CUTOVER, seed=7)
    assert outlook(many, GOOD, DAYS, CUTOVER, seed=7) == first


def test_failed_machines_that_nobody_takes_up_again_make_it_later() -> None:
    left = replace(GOOD, retried=1, parked_days=60)
    found = outlook([site("本庁", 200, 10)], left, DAYS, CUTOVER)
    prompt = outlook([site("本庁", 200, 10)], GOOD, DAYS, CUTOVER)
    assert found.p90 is None or (prompt.p90 is not None and prompt.p90 < found.p90)
    assert found.probability < prompt.probability


def test_whoever_does_half_of_what_is_due_takes_twice_as_long() -> None:
    slow = replace(GOOD, attempts=[5] * 10, offered=[10] * 10)
    found = outlook([site("本庁", 300, 10)], slow, DAYS, CUTOVER)
    assert found.p50 is not None
    assert DAYS.index(found.p50) in range(55, 70)


def test_a_site_that_is_visited_once_a_week_is_done_on_its_days_only() -> None:
    thursdays = Cohort("尾鷲", {DAYS[0]: 8}, 4, weekdays=frozenset({3}))
    found = outlook([thursdays], GOOD, DAYS, CUTOVER)
    assert found.p10 is not None
    assert found.p10.weekday() == 3
    assert found.p10 >= date(2023, 1, 19)


def test_machines_that_stand_still_are_waited_for() -> None:
    alone = Cohort("津", {}, 5, parked=4)
    found = outlook([alone], replace(GOOD, retried=2, parked_days=40), DAYS, CUTOVER)
    assert found.p50 is not None
    assert found.p50 > DAYS[5]


def test_the_last_wave_of_a_slow_site_is_in_danger_and_the_first_one_is_not() -> None:
    slow = site("尾鷲", 100, 2)
    first, second = DAYS[:25], DAYS[25:50]
    parts = [
        Part(PartKind.WAVE, "1", first[-1], dict.fromkeys(first, 2)),
        Part(PartKind.WAVE, "2", second[-1], dict.fromkeys(second, 2)),
        Part(PartKind.DEPARTMENT, "農林水産部", second[-1], slow.due),
    ]
    bad = replace(GOOD, attempts=[6] * 10, offered=[10] * 10)
    found = outlook([replace(slow, parts=parts)], bad, DAYS, CUTOVER)
    late = {entry.name: entry.late for entry in found.endangered}
    assert late["2"] > 0.5
    assert late.get("1", 0.0) < 0.2
    assert late["農林水産部"] == pytest.approx(late["尾鷲"], abs=0.02)
    assert found.first is not None
    assert found.first.last_day == second[-1]


def test_a_goal_is_reached_before_everything_is_done() -> None:
    sites = [site("本庁", 200, 10), site("尾鷲", 60, 1)]
    half = outlook(sites, GOOD, DAYS, CUTOVER, goal=130, trials=500)
    whole = outlook(sites, GOOD, DAYS, CUTOVER, trials=500)
    assert half.p50 is not None
    assert whole.p50 is not None
    assert half.p50 < whole.p50


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(0, 5)), min_size=1, max_size=9
    ),
    st.integers(0, 40),
    st.integers(0, 20),
)
@settings(max_examples=30)
def test_the_quantiles_are_in_order_and_shares_are_shares(
    groups: list[tuple[int, int, int]], good: int, bad: int
) -> None:
    cohorts = [
        Cohort(f"s{n}", {DAYS[n]: machines}, per_day, parked)
        for n, (machines, per_day, parked) in enumerate(groups)
    ]
    observed = Observed(good, bad, 0, [1, 1, 1])
    found = outlook(cohorts, observed, DAYS, CUTOVER, trials=200)
    known = [day for day in (found.p10, found.p50, found.p90) if day is not None]
    assert known == sorted(known)
    assert 0 <= found.probability <= 1
    assert all(0 < entry.late <= 1 for entry in found.endangered)
    assert (found.probability == 1) == (not found.endangered)


@pytest.mark.parametrize(
    ("observed", "pace"),
    [
        (Observed(9, 0, 0, [3] * 3), 1.0),
        (Observed(9, 0, 0, [3] * 3, [0, 0, 0], [0, 0, 0]), 1.0),
        (Observed(9, 0, 0, [3] * 3, [3, 3, 3], [6, 6, 6]), 0.5),
        (Observed(9, 0, 0, [3] * 3, [0, 0, 0], [6, 6, 6]), 0.05),
    ],
)
def test_the_pace_is_what_was_done_of_what_could_be_done(observed: Observed, pace: float) -> None:
    assert observed.pace()[0] == pytest.approx(pace)


@pytest.mark.parametrize(
    ("observed", "lack"),
    [
        (Observed(0, 0, 0, []), Missing(Lack.FEW_DAYS, 0, 3)),
        (Observed(20, 0, 0, [10, 10]), Missing(Lack.FEW_DAYS, 2, 3)),
        (Observed(8, 1, 0, [4, 4, 0]), Missing(Lack.FEW_OUTCOMES, 9, 10)),
        (Observed(0, 20, 0, [0, 0, 0]), Missing(Lack.NOTHING_FINISHED)),
        (Observed(9, 1, 0, [3, 3, 3]), None),
    ],
)
def test_too_little_history_is_said_with_the_reason(
    observed: Observed, lack: Missing | None
) -> None:
    assert observed.missing() == lack
