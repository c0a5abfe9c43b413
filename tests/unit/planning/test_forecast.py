"""The forecast sees a slip, is repeatable, and says when it cannot know."""

from datetime import date

import pytest

from rollout.planning.calendar import WorkCalendar
from rollout.planning.forecast import Cohort, Observed, outlook

DAYS = list(WorkCalendar().between(date(2023, 1, 10), date(2023, 6, 30)))
CUTOVER = date(2023, 5, 1)
GOOD = Observed(95, 3, 2, [10] * 10)


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
    assert found.endangered[0][0] == "尾鷲"


def test_many_failures_make_it_later() -> None:
    bad = Observed(60, 30, 10, [10] * 10)
    good_day = outlook([site("本庁", 300, 10)], GOOD, DAYS, CUTOVER).p50
    bad_day = outlook([site("本庁", 300, 10)], bad, DAYS, CUTOVER).p50
    assert good_day
    assert bad_day
    assert good_day < bad_day


def test_the_same_seed_gives_the_same_answer_and_many_sites_cost_no_more() -> None:
    many = [site(f"s{n}", 30 + n, 2) for n in range(50)]
    first = outlook(many, GOOD, DAYS, CUTOVER, seed=7)
    assert outlook(many, GOOD, DAYS, CUTOVER, seed=7) == first


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (Observed(0, 0, 0, []), "0 working days"),
        (Observed(3, 1, 0, [1, 1, 1]), "4 outcomes"),
        (Observed(0, 20, 0, [0, 0, 0]), "no machine"),
    ],
)
def test_too_little_history_is_said_with_the_reason(observed: Observed, reason: str) -> None:
    assert reason in (observed.missing() or "")
    assert GOOD.missing() is None
