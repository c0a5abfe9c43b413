"""What is left of one limit, day by day.

Days are positions in the list of working days. A set of days is a whole number in which day `n`
is bit `n`: which days suit a machine and still have room is a handful of `&`, at any length of
the programme.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

PLENTY = 10**9


def bits(days: Iterable[int]) -> int:
    """The set of `days`."""
    found = 0
    for day in days:
        found |= 1 << day
    return found


def positions(days: int) -> Iterator[int]:
    """The days of a set, the earliest first."""
    while days:
        lowest = days & -days
        yield lowest.bit_length() - 1
        days ^= lowest


class Places:
    """A limit whose days do not touch each other; `open` is the set of days with a place."""

    __slots__ = ("left", "open")

    def __init__(self, left: Sequence[int]) -> None:
        self.left = list(left)
        self.open = bits(day for day, places in enumerate(self.left) if places > 0)

    def take(self, day: int, machines: int) -> None:
        """Use up places of `day`; a negative number gives them back."""
        left = self.left[day] - machines
        self.left[day] = left
        if left > 0:
            self.open |= 1 << day
        else:
            self.open &= ~(1 << day)


class Stock(Places):
    """Successors delivered by each day and not used: one that is taken is gone for later days too.

    `left` is what a day can take without robbing a later day of one that is promised already, so
    it never falls from day to day.
    """

    __slots__ = ("_there",)

    def __init__(self, delivered: Sequence[int]) -> None:
        self._there = list(delivered)
        super().__init__(_lowest_from(delivered))

    def take(self, day: int, machines: int) -> None:
        """Use up successors from `day` on; a negative number gives them back."""
        self._there[day:] = [left - machines for left in self._there[day:]]
        if machines < 0:
            self.left = _lowest_from(self._there)
        else:
            left = self.left
            left[day:] = [places - machines for places in left[day:]]
            for before in range(day - 1, -1, -1):
                if left[before] <= left[day]:
                    break
                left[before] = left[day]
        self.open = (1 << len(self.left)) - (1 << bisect_right(self.left, 0))


def _lowest_from(numbers: Sequence[int]) -> list[int]:
    """For each day the lowest of that day and all later ones."""
    return list(accumulate(reversed(numbers), min))[::-1]


class Canary:
    """Machines of one generation at one site: at most `most` on the first of their days."""

    __slots__ = ("_by_day", "first", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.first: int | None = None
        self._by_day: dict[int, int] = {}

    def allows(self, day: int) -> int:
        """How many more machines may go on `day`."""
        if self.first is None or day < self.first:
            return self.most
        if day > self.first:
            return PLENTY
        return max(0, self.most - self._by_day[day])

    def take(self, day: int, machines: int) -> None:
        """Count machines on `day`; a negative number takes them off again."""
        self._by_day[day] = self._by_day.get(day, 0) + machines
        if machines > 0 and (self.first is None or day < self.first):
            self.first = day
        elif not self._by_day[day]:
            del self._by_day[day]
            self.first = min(self._by_day, default=None)
