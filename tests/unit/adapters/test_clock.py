"""The programme's clock can be set to another date, and runs on from there."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from rollout.adapters.clock import BadClock, ProgrammeClock, SystemClock, clock_from


def test_without_a_text_it_is_the_system_clock():
    assert isinstance(clock_from(None), SystemClock)
    assert isinstance(clock_from("  "), SystemClock)
    assert abs(clock_from(None).now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_programme_clock_runs_on_from_its_start():
    clock = clock_from("2022-11-01T09:00+09:00")
    first = clock.now()
    assert timedelta(0) <= first - datetime.fromisoformat("2022-11-01T09:00+09:00")
    assert first.utcoffset() == timedelta(hours=9)
    deadline = time.monotonic() + 60
    while clock.now() == first:
        assert time.monotonic() < deadline
    assert clock.now() - first < timedelta(seconds=5)


def test_a_date_is_its_midnight():
    assert clock_from("2022-11-01").now().isoformat().startswith("2022-11-01T00:00:0")
    for text in ("20221101", "令和4年11月1日", "R4.11.1", "2022/11/1"):
        assert clock_from(text).now().date().isoformat() == "2022-11-01"


@pytest.mark.parametrize("text", ["2022-11-01T09:00", "2022-11-01 09:00:00", "20221101T0900"])
def test_a_time_without_offset_is_refused_with_the_remedy(text):
    with pytest.raises(BadClock, match=r"\+09:00"):
        clock_from(text)


@pytest.mark.parametrize(
    "text", ["tomorrow", "2022-13-01", "2022-11-01T25:00Z", "令和4年2月30日", "令和4年度"]
)
def test_what_is_no_moment_is_refused_with_the_remedy(text):
    with pytest.raises(BadClock, match="2022-11-01T09:00"):
        clock_from(text)


def test_a_start_without_zone_is_refused():
    with pytest.raises(BadClock):
        ProgrammeClock(datetime(2022, 11, 1))  # noqa: DTZ001 the point of the test
