"""When it will be done: cohorts of machines moved through the remaining days, many times over.

Each trial draws one success rate and one pace for all cohorts: what goes wrong in a rollout (an
image, a network, a help desk) goes wrong everywhere, so good and bad days do not average out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

COHORTS = 8
"""The largest sites stand alone, the others together: ten thousand trials cost the same then."""
LEAST_OUTCOMES = 10
LEAST_DAYS = 3
_WEIGHT = 60
"""Outcomes count as at most so many: those of one week do not prove the rate of all months."""


@dataclass(frozen=True)
class Observed:
    """What the last working days brought."""

    succeeded: int
    failed: int
    silent: int
    by_day: Sequence[int]
    """Machines done on each working day on which any outcome was seen."""

    def missing(self) -> str | None:
        """Why nothing can be computed yet; None when there is enough."""
        outcomes = self.succeeded + self.failed + self.silent
        if len(self.by_day) < LEAST_DAYS:
            return f"outcomes on {len(self.by_day)} working days, {LEAST_DAYS} are needed"
        if outcomes < LEAST_OUTCOMES:
            return f"{outcomes} outcomes, {LEAST_OUTCOMES} are needed"
        if not self.succeeded:
            return "no machine has been finished in these days"
        return None


@dataclass(frozen=True)
class Cohort:
    """A site: machines that become due on each of the coming days, and what a day can hold."""

    name: str
    due: Mapping[date, int]
    per_day: int

    @property
    def machines(self) -> int:
        """Machines to be moved."""
        return sum(self.due.values())


@dataclass(frozen=True)
class Outlook:
    """Days by which all is done in 10, 50 and 90 of 100 trials (None: not within the horizon)."""

    p10: date | None
    p50: date | None
    p90: date | None
    probability: float
    endangered: Sequence[tuple[str, float]]
    """Sites by the share of trials in which they are late, the worst first."""


def outlook(
    cohorts: Sequence[Cohort],
    observed: Observed,
    days: Sequence[date],
    cutover: date,
    *,
    trials: int = 10_000,
    seed: int = 1,
) -> Outlook:
    """The forecast over the coming working `days`, which reach beyond the cutover.

    The same arguments give the same answer.
    """
    import numpy

    random = numpy.random.default_rng(seed)
    lost = observed.failed + observed.silent
    weight = min(1.0, _WEIGHT / max(1, observed.succeeded + lost))
    rate = random.beta(1 + observed.succeeded * weight, 1 + lost * weight, trials)
    mean = sum(observed.by_day) / len(observed.by_day)
    spread = float(numpy.std(observed.by_day)) / mean / len(observed.by_day) ** 0.5 if mean else 0.3
    pace = numpy.clip(random.normal(1.0, min(0.3, max(0.05, spread)), trials), 0.3, 1.2)
    in_time = sum(day < cutover for day in days)
    finish = numpy.zeros(trials, dtype=numpy.int64)
    late: list[tuple[str, float]] = []
    for cohort in _grouped(cohorts):
        ended = numpy.full(trials, len(days), dtype=numpy.int64)
        waiting = numpy.zeros(trials)
        to_come = cohort.machines
        for position, day in enumerate(days):
            to_come -= cohort.due.get(day, 0)
            waiting += cohort.due.get(day, 0)
            # A failed machine takes a place again on a later day.
            waiting -= numpy.minimum(waiting, cohort.per_day * pace) * rate
            if to_come == 0:
                ended[(waiting < 0.5) & (ended == len(days))] = position
                if (ended < len(days)).all():
                    break
        if cohort.machines:
            numpy.maximum(finish, ended, out=finish)
            share = float((ended >= in_time).mean())
            if share:
                late.append((cohort.name, share))
    quantiles = numpy.quantile(finish, [0.1, 0.5, 0.9], method="higher")
    p10, p50, p90 = (days[int(q)] if int(q) < len(days) else None for q in quantiles)
    late.sort(key=lambda entry: (-entry[1], entry[0]))
    return Outlook(p10, p50, p90, float((finish < in_time).mean()), late)


def _grouped(cohorts: Sequence[Cohort]) -> list[Cohort]:
    """The tightest sites alone, the rest as one."""

    def need(cohort: Cohort) -> tuple[float, str]:
        return (-cohort.machines / max(1, cohort.per_day), cohort.name)

    ranked = sorted(cohorts, key=need)
    rest = ranked[COHORTS:]
    if not rest:
        return ranked
    due: dict[date, int] = {}
    for cohort in rest:
        for day, machines in cohort.due.items():
            due[day] = due.get(day, 0) + machines
    return [*ranked[:COHORTS], Cohort("…", due, sum(cohort.per_day for cohort in rest))]
