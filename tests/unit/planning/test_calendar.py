"""Working days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.planning.calendar import DayOff, Span, WorkCalendar

YEAR_END = Span(date(2022, 12, 29), date(2023, 1, 3))
FREEZE = Span(date(2023, 3, 20), date(2023, 4, 14))
CALENDAR = WorkCalendar(closed=(YEAR_END,), frozen=(FREEZE,))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2022, 11, 1), None),
        (date(2022, 11, 3), DayOff.HOLIDAY),
        (date(2022, 11, 5), DayOff.WEEKEND),
        (date(2022, 12, 29), DayOff.CLOSED),
        (date(2023, 1, 2), DayOff.HOLIDAY),
        (date(2023, 1, 3), DayOff.CLOSED),
        (date(2023, 1, 4), None),
        (date(2023, 3, 17), None),
        (date(2023, 3, 20), DayOff.FROZEN),
        (date(2023, 4, 14), DayOff.FROZEN),
        (date(2023, 4, 17), None),
        (date(2023, 5, 3), DayOff.HOLIDAY),
        (date(2023, 5, 5), DayOff.HOLIDAY),
    ],
)
def test_a_day_is_off_for_its_reason(day: date, why: DayOff | None) -> None:
    assert CALENDAR.why_off(day) == why


def test_the_programme_has_the_working_days_that_were_counted_by_hand() -> None:
    # November 20, December 20 (from the 29th closed), January 19, February 18, March 13 (to the
    # 17th... the 21st lies in the freeze), April 10 (from the 17th), May 2.
    months = [
        (date(2022, 11, 1), date(2022, 11, 30), 20),
        (date(2022, 12, 1), date(2022, 12, 31), 20),
        (date(2023, 1, 1), date(2023, 1, 31), 19),
        (date(2023, 2, 1), date(2023, 2, 28), 19),
        (date(2023, 3, 1), date(2023, 3, 31), 13),
        (date(2023, 4, 1), date(2023, 4, 30), 10),
        (date(2023, 5, 1), date(2023, 5, 2), 2),
    ]
    assert [CALENDAR.count(first, last) for first, last, _ in months] == [n for *_, n in months]


def test_following_leaves_out_the_days_of_the_soak() -> None:
    friday = date(2022, 11, 11)
    last = date(2022, 11, 30)
    assert CALENDAR.following(friday, until=last) == date(2022, 11, 14)
    assert CALENDAR.following(friday, 3, until=last) == date(2022, 11, 17)
    assert CALENDAR.following(date(2022, 11, 30), until=last) is None


@given(
    first=st.dates(date(2022, 4, 1), date(2024, 3, 31)),
    length=st.integers(0, 120),
)
def test_between_gives_every_working_day_once_and_in_order(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    days = list(CALENDAR.between(first, last))
    every = [first + timedelta(days=n) for n in range(length + 1)]
    assert days == [day for day in every if CALENDAR.why_off(day) is None]
    assert CALENDAR.count(first, last) == len(days)
