"""When a change window is open, also over midnight and when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rollout.domain.windows import Hours, Window

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")


def window(*hours: str, weekdays: tuple[int, ...] = ()) -> Window:
    return Window(tuple(Hours.parse(text) for text in hours), weekdays)


def on(text: str, zone: ZoneInfo = TOKYO) -> datetime:
    return datetime.fromisoformat(f"2022-11-{text}").replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("01T17:59:59.999999", False),
        ("01T18:00", True),
        ("01T21:59:59", True),
        ("01T22:00", False),
    ],
)
def test_the_first_minute_is_in_it_and_the_last_is_not(moment: str, is_open: bool) -> None:
    assert window("18:00-22:00").opens(on(moment)) is is_open


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    # 4 November 2022 was a Friday.
    fridays = window("22:00-05:00", weekdays=(4,))
    assert fridays.opens(on("04T22:00"))
    assert fridays.opens(on("05T04:59"))
    assert not fridays.opens(on("05T05:00"))
    assert not fridays.opens(on("04T04:00"))
    assert not fridays.opens(on("05T22:00"))


def test_without_hours_or_weekdays_it_is_always_open() -> None:
    assert window().opens(on("06T03:00"))
    assert window(weekdays=(6,)).opens(on("06T23:59:59"))
    assert not window(weekdays=(6,)).opens(on("07T00:00"))


def test_the_whole_day_can_be_written() -> None:
    assert window("00:00-24:00").opens(on("06T23:59:59"))
    assert str(Hours.parse("00:00-24:00")) == "00:00-24:00"
    assert str(Hours.parse("22:00～05:00")) == "22:00-05:00"


@pytest.mark.parametrize("text", ["18-22", "18:00", "25:00-26:00", "18:60-19:00", "18:00-18:00"])
def test_what_is_no_span_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"00"):
        Hours.parse(text)


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    # In New York 01:30 of 6 November 2022 comes at 05:30 and at 06:30 UTC.
    night = window("01:00-02:00")
    opened = [
        hour
        for hour in range(24)
        if night.opens(datetime(2022, 11, 6, hour, 30, tzinfo=UTC).astimezone(NEW_YORK))
    ]
    assert opened == [5, 6]


def test_the_hour_that_does_not_come_is_passed_by_until_the_next_day() -> None:
    # 02:00 to 03:00 of 13 March 2022 does not exist in New York.
    night = window("02:00-03:00")
    start = datetime(2022, 3, 13, 5, tzinfo=UTC)
    for minute in range(20 * 60):
        assert not night.opens((start + timedelta(minutes=minute)).astimezone(NEW_YORK))
    assert night.opens(datetime(2022, 3, 14, 2, tzinfo=NEW_YORK))
