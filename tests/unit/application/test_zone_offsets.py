"""The hours of a zone, as the database is told them, are those of the zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.application.exports.extract import offsets

UNTIL = datetime(2023, 5, 1, tzinfo=UTC)
ZONES = ("Asia/Tokyo", "America/New_York", "Africa/Casablanca", "Asia/Kathmandu", "UTC")


def test_tokyo_has_one() -> None:
    assert [seconds for _begin, seconds in offsets(ZoneInfo("Asia/Tokyo"), UNTIL)] == [32_400]


@pytest.mark.parametrize("name", ZONES)
def test_every_moment_has_the_offset_of_its_zone(name: str) -> None:
    zone = ZoneInfo(name)
    hours = offsets(zone, UNTIL)

    @given(st.datetimes(datetime(1971, 1, 1), datetime(2024, 1, 1)))  # noqa: DTZ001
    @settings(deadline=None, max_examples=50)
    def holds(at: datetime) -> None:
        text = at.strftime("%Y-%m-%dT%H:%M:%S")
        found = next((seconds for begin, seconds in hours if text >= begin), hours[-1][1])
        told = at.replace(tzinfo=UTC, microsecond=0).astimezone(zone).utcoffset()
        assert told is not None
        assert found == told.total_seconds()

    holds()
