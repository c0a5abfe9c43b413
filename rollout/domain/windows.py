"""Change windows: the hours of the day and days of the week in which a step may begin.

Everything is asked of a moment on the wall clock of the programme's zone, never by adding hours
to midnight: on the day on which clocks change a window keeps its wall-clock hours, opens in both
hours that are called the same, and not at all in an hour that does not exist.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-~～–]\s*(\d{1,2}):(\d{2})")
_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """From the first minute up to, not including, the last; both counted from midnight.

    `until` beyond 24 hours is in the next morning, which belongs to the day before.
    """

    start: int
    until: int

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Of `18:00-22:00`, or `22:00-05:00` over midnight. Raises ValueError with the remedy."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no span of hours: write it as 18:00-22:00")
        first_hour, first_minute, last_hour, last_minute = (int(part) for part in found.groups())
        start, until = first_hour * 60 + first_minute, last_hour * 60 + last_minute
        if first_minute > 59 or last_minute > 59 or start >= _DAY or until > _DAY:
            raise ValueError(f"{text!r} names an hour that there is not: 00:00 to 24:00")
        if start == until:
            raise ValueError(f"{text!r} is empty: for the whole day write 00:00-24:00")
        return cls(start, until if until > start else until + _DAY)

    def __str__(self) -> str:
        """As it is written."""
        last = self.until if self.until <= _DAY else self.until - _DAY
        return f"{self.start // 60:02}:{self.start % 60:02}-{last // 60:02}:{last % 60:02}"


@dataclass(frozen=True)
class Window:
    """When steps may begin; no hours: at any, no weekdays: on any (0 is Monday)."""

    hours: tuple[Hours, ...] = ()
    weekdays: Collection[int] = ()

    def opens(self, local: datetime) -> bool:
        """Whether a step may begin at that moment of the wall clock."""
        minute = (local.hour * 60 + local.minute) + local.second / 60 + local.microsecond / 6e7
        today = local.date()
        spans = self.hours or (Hours(0, _DAY),)
        return any(
            (span.start <= minute < span.until and self._on(today.weekday()))
            or (minute + _DAY < span.until and self._on((today - timedelta(days=1)).weekday()))
            for span in spans
        )

    def _on(self, weekday: int) -> bool:
        return not self.weekdays or weekday in self.weekdays
