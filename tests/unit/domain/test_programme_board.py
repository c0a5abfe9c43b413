"""What the programme promised besides machines is judged by its day and by its fiscal year."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.errors import NotAllowed
from rollout.domain.periods import fiscal_period
from rollout.domain.programme_board import (
    MILESTONE,
    Better,
    IndicatorStanding,
    MilestoneState,
    MilestoneVerb,
    indicator_standing,
    is_late,
)

YEARS = st.integers(2020, 2040)
FIGURES = st.floats(0, 1e9)


def test_a_milestone_is_in_time_on_its_day_and_late_on_the_next() -> None:
    due = date(2023, 3, 31)
    assert not is_late(MilestoneState.UNDER_WAY, due, due)
    assert is_late(MilestoneState.UNDER_WAY, due, due + timedelta(days=1))
    assert is_late(MilestoneState.OPEN, due, due + timedelta(days=1))


@pytest.mark.parametrize("state", [MilestoneState.DONE, MilestoneState.DROPPED])
def test_what_is_settled_is_never_late(state: MilestoneState) -> None:
    assert not is_late(state, date(2023, 3, 31), date(2030, 1, 1))


def test_every_state_is_reached_from_every_other_but_what_is_done_is_not_dropped() -> None:
    reached = {(state, target) for (state, _verb), target in MILESTONE.moves.items()}
    every = {(a, b) for a in MilestoneState for b in MilestoneState if a is not b}
    missing = {
        (MilestoneState.DONE, MilestoneState.DROPPED),
        (MilestoneState.DROPPED, MilestoneState.DONE),
    }
    assert reached == every - missing
    with pytest.raises(NotAllowed):
        MILESTONE.move({"state": "done"}, MilestoneVerb.DROP)


@given(YEARS, FIGURES, FIGURES, st.sampled_from(Better))
def test_after_the_year_the_figure_decides(
    year: int, target: float, actual: float, better: Better
) -> None:
    after = fiscal_period(year).last + timedelta(days=1)
    holds = actual >= target if better is Better.MORE else actual <= target
    expected = IndicatorStanding.MET if holds else IndicatorStanding.BEHIND
    assert indicator_standing(better, year, target, actual, after) is expected
    unsaid = indicator_standing(better, year, target, None, after)
    assert unsaid is IndicatorStanding.UNMEASURED


@given(YEARS, FIGURES, FIGURES)
def test_in_the_year_only_what_cannot_change_any_more_is_judged(
    year: int, target: float, actual: float
) -> None:
    last = fiscal_period(year).last
    more = indicator_standing(Better.MORE, year, target, actual, last)
    less = indicator_standing(Better.LESS, year, target, actual, last)
    awaited = IndicatorStanding.AWAITED
    assert more is (IndicatorStanding.MET if actual >= target else awaited)
    assert less is (IndicatorStanding.BEHIND if actual > target else awaited)
    assert indicator_standing(Better.MORE, year, target, None, last) is awaited
