"""Working days: neither weekend nor Japanese holiday, nor closed, nor frozen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice

_DAY = timedelta(days=1)
_SATURDAY = 5


class DayOff(StrEnum):
    """Why nothing is moved on a day."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last`, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class WorkCalendar:
    """`closed`: nobody works; `frozen`: people work, but no machine is moved."""

    closed: Sequence[Span] = ()
    frozen: Sequence[Span] = ()

    def why_off(self, day: date) -> DayOff | None:
        """Why nothing is moved on `day`; None when it is a working day."""
        if day.weekday() >= _SATURDAY:
            return DayOff.WEEKEND
        if day in _holidays(day.year):
            return DayOff.HOLIDAY
        if any(day in span for span in self.closed):
            return DayOff.CLOSED
        if any(day in span for span in self.frozen):
            return DayOff.FROZEN
        return None

    def is_working(self, day: date) -> bool:
        """Whether machines may be moved on `day`."""
        return self.why_off(day) is None

    def between(self, first: date, last: date) -> Iterator[date]:
        """The working days from `first` to `last`, both included."""
        day = first
        while day <= last:
            if self.is_working(day):
                yield day
            day += _DAY

    def count(self, first: date, last: date) -> int:
        """How many working days there are from `first` to `last`, both included."""
        return sum(1 for _ in self.between(first, last))

    def following(self, day: date, skip: int = 0, *, until: date) -> date | None:
        """The first working day after `day`, when `skip` of them are left out before it.

        None when there is none up to `until`.
        """
        return next(islice(self.between(day + _DAY, until), skip, None), None)


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    # Imported here: it takes as long to import as the rest of the planner together.
    import jpholiday

    return frozenset(day for day, _ in jpholiday.year_holidays(year))
