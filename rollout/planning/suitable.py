"""Which working days suit a site, a department or a single machine, as sets of days."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date

from rollout.planning.calendar import Span
from rollout.planning.limits import bits
from rollout.planning.problem import OwnDates, Problem, SiteRule


class SuitableDays:
    """Asked millions of times for a few thousand answers, so each of them is kept."""

    def __init__(self, problem: Problem, days: list[date]) -> None:
        self._problem = problem
        self._days = days
        self.all = (1 << len(days)) - 1
        self._site: dict[str, int] = {}
        self._department: dict[str, int] = {}
        self._own: dict[OwnDates, int] = {}

    def since(self, position: int) -> int:
        """The days from `position` on."""
        return self.all >> position << position

    def within(self, first: date | None, last: date | None) -> int:
        """The working days from `first` to `last`, both included."""
        begin = bisect_left(self._days, first) if first is not None else 0
        end = bisect_right(self._days, last) if last is not None else len(self._days)
        return (1 << end) - (1 << begin) if begin < end else 0

    def for_site(self, site: str) -> int:
        """The days on which the site is visited."""
        found = self._site.get(site)
        if found is None:
            weekdays = self._problem.sites.get(site, SiteRule(0)).weekdays
            found = self.all
            if weekdays is not None:
                found = bits(n for n, day in enumerate(self._days) if day.weekday() in weekdays)
            self._site[site] = found
        return found

    def for_department(self, name: str) -> int:
        """The days that suit the department."""
        found = self._department.get(name)
        if found is None:
            rule = self._problem.departments.get(name)
            found = self.all
            if rule is not None:
                found = self.within(rule.not_before, rule.not_after) & ~self._any(rule.blackouts)
            self._department[name] = found
        return found

    def for_machine(self, own: OwnDates | None) -> int:
        """The days that suit a machine with these dates of its own."""
        if own is None:
            return self.all
        found = self._own.get(own)
        if found is None:
            found = self.within(own.not_before, own.not_after)
            if own.pinned is not None:
                found &= self.within(own.pinned, own.pinned)
            for window in own.windows:
                found &= self.within(window.first, window.last)
            found &= ~self._any(own.absences)
            self._own[own] = found
        return found

    def _any(self, spans: Iterable[Span]) -> int:
        days = 0
        for span in spans:
            days |= self.within(span.first, span.last)
        return days
