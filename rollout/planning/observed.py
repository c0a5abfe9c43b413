"""What the last working days brought, and whether it is enough to say anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rollout.domain.lifecycle import Described

LEAST_OUTCOMES = 10
LEAST_DAYS = 3


class Lack(Described):
    """What is missing for a forecast."""

    FEW_DAYS = "few_days", "outcomes on {found} working {found:day|days}, {needed} are needed"
    FEW_OUTCOMES = "few_outcomes", "{found} {found:outcome|outcomes}, {needed} are needed"
    NOTHING_FINISHED = "nothing_finished", "no machine has been finished in these days"


class Missing(NamedTuple):
    """Why nothing can be computed yet; `lack.meaning` is a msgid for the other two."""

    lack: Lack
    found: int = 0
    needed: int = 0


@dataclass(frozen=True)
class Observed:
    """Outcomes of the last working days, in numbers of machines.

    A machine that failed twice and then came through counts as two failures and one success.
    `by_day`: machines done on each working day on which any outcome was seen. `attempts` and
    `offered`, day by day: machines that had an outcome, and machines that could have had one
    since they were due and their site had room. `retried` machines were taken up again, of
    `parked_days` machine-days that failed and silent ones stood still.
    """

    succeeded: int
    failed: int
    silent: int
    by_day: Sequence[int]
    attempts: Sequence[int] = ()
    offered: Sequence[float] = ()
    retried: int = 0
    parked_days: int = 0

    def missing(self) -> Missing | None:
        """Why nothing can be computed yet; None when there is enough."""
        outcomes = self.succeeded + self.failed + self.silent
        if len(self.by_day) < LEAST_DAYS:
            return Missing(Lack.FEW_DAYS, len(self.by_day), LEAST_DAYS)
        if outcomes < LEAST_OUTCOMES:
            return Missing(Lack.FEW_OUTCOMES, outcomes, LEAST_OUTCOMES)
        if not self.succeeded:
            return Missing(Lack.NOTHING_FINISHED)
        return None

    def pace(self) -> tuple[float, float]:
        """Which share of what could be done is done on a day, and how much a day differs.

        Both relative; the second is the standard deviation of one day. Days on which nothing
        could be done say nothing.
        """
        days = [
            (done, could)
            for done, could in zip(self.attempts, self.offered, strict=True)
            if could >= 1
        ]
        if not days:
            return 1.0, _DAY_NOISE
        mean = sum(done for done, _ in days) / sum(could for _, could in days)
        mean = min(1.0, max(_SLOWEST, mean))
        if len(days) < LEAST_DAYS:
            return mean, _DAY_NOISE
        squares = sum(could * (done / could - mean) ** 2 for done, could in days)
        spread = (squares / sum(could for _, could in days)) ** 0.5 / mean
        return mean, min(0.5, max(_LEAST_NOISE, spread))


_DAY_NOISE = 0.15
"""The spread of a day when too few days were seen to measure it."""
_LEAST_NOISE = 0.02
_SLOWEST = 0.05
