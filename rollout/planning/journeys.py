"""Far sites and the others: how the days of journeys weigh on everybody else's."""

from rollout.planning.problem import Problem, SiteRule
from rollout.planning.room import Parcels

_CALMEST = 0.2
"""Sites near by never rest quite on the days of journeys."""


class Journeys:
    """Machines of far sites by day; `calm`: how much of an even day the other sites then move."""

    def __init__(self, problem: Problem, days: int) -> None:
        self._sites = problem.sites
        self.load = [0] * days
        self.calm = [1.0] * days

    def leads_to(self, site: str) -> bool:
        """Whether few full days are better there than many half empty ones."""
        rule = self._sites.get(site, SiteRule(0))
        return rule.few_visits or rule.weekdays is not None

    def count(self, taken: Parcels) -> None:
        """Machines of a far site have been given these days."""
        for day, machines in taken.items():
            self.load[day] += machines

    def level_out(self, machines: int, start: int) -> None:
        """Weigh the days from `start` on for the `machines` of all other sites."""
        days = len(self.load) - start
        if machines and days > 0:
            mean = sum(self.load) / days
            for day in range(start, len(self.load)):
                weight = 1 + (mean - self.load[day]) * days / machines
                self.calm[day] = max(_CALMEST, weight)
