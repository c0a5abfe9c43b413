"""The numbers behind the picture of the burn-up."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

from rollout.application.burn_up import BurnUp
from rollout.store.tables import DayForecast
from tui.widgets.burn_up_chart import Days, _band, _in_steps, _middle, _span, _steps

TODAY, CUTOVER = date(2022, 11, 16), date(2023, 5, 1)


def _burn_up(band: DayForecast | None = None) -> BurnUp:
    plan = [(date(2022, 11, 14), 10), (date(2022, 11, 21), 40)]
    return BurnUp(TODAY, CUTOVER, 100, plan, [(date(2022, 11, 15), 5), (TODAY, 10)], band)


def _forecast(p10: date | None, p50: date | None, p90: date | None) -> DayForecast:
    return DayForecast(
        day=TODAY, made_at=datetime(2022, 11, 16, tzinfo=UTC), cutover=CUTOVER, done=10,
        remaining=90, p10=p10, p50=p50, p90=p90,
    )  # fmt: skip


def test_the_plan_stands_still_between_two_of_its_days():
    points = dict(_steps(_burn_up()))
    assert points[date(2022, 11, 14).toordinal()] == 10
    assert points[date(2022, 11, 20).toordinal()] == 10
    assert points[CUTOVER.toordinal()] == 40


def test_the_band_begins_at_what_is_done_and_ends_with_all():
    band = _forecast(date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1))
    points = list(_band(_burn_up(band), 1.0, 20))
    assert min(number for _, number in points) >= 10
    assert max(number for _, number in points) == 100
    assert {day for day, number in points if number == 100} >= {date(2023, 1, 1).toordinal()}
    middle = dict(_middle(_burn_up(band), 1.0))
    assert middle[date(2023, 2, 1).toordinal()] == 100


def test_a_late_finish_beyond_the_horizon_still_has_a_band():
    points = list(_band(_burn_up(_forecast(None, date(2023, 4, 1), None)), 1.0, 20))
    assert max(day for day, _ in points) > CUTOVER.toordinal()


def test_a_number_of_today_that_moves_no_line_of_the_picture_leaves_it():
    def done(number: int) -> BurnUp:
        begun = replace(_burn_up(), total=1000)
        return replace(begun, actual=[*begun.actual[:-1], (TODAY, number)])

    assert _in_steps(done(101), 20) == _in_steps(done(149), 20)
    assert _in_steps(done(101), 20) != _in_steps(done(150), 20)


def test_without_a_forecast_there_is_no_band():
    assert list(_band(_burn_up(), 1.0, 20)) == list(_middle(_burn_up(), 1.0)) == []


def test_every_line_is_within_the_axis():
    first, last = _span(_burn_up(_forecast(None, date(2023, 4, 1), date(2023, 7, 1))))
    assert first <= date(2022, 11, 14).toordinal()
    assert last >= date(2023, 7, 1).toordinal()


def test_months_are_left_out_evenly_when_there_are_many():
    ticks = Days().get_ticks(date(2022, 8, 3).toordinal(), date(2024, 3, 2).toordinal(), 8)
    days = [date.fromordinal(int(tick)) for tick in ticks]
    assert len(days) <= 8
    assert all(day.day == 1 for day in days)
    assert {(b.year - a.year) * 12 + b.month - a.month for a, b in pairwise(days)} == {3}
