"""When it will be done: cohorts of machines moved through the coming days, many times over.

A cohort is a site: its room is its own. Each trial draws one success rate, one rate of taking
failed machines up again and one pace, for all sites: what goes wrong in a rollout (an image, a
network, a help desk) goes wrong everywhere, so that good and bad luck do not average out. Days
differ beside that, and machines are counted whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from rollout.planning.endangered import AtCutover, Endangered, Part, PartKind, in_danger
from rollout.planning.observed import Observed

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["BandDay", "Cohort", "Endangered", "Observed", "Outlook", "Part", "PartKind", "outlook"]

SITES_SIMULATED = 8
"""The sites that finish last decide; the others are only tried out to find these."""
SERIOUS = 0.1
"""Late in so many of the trials: the plan needs a change there."""
_CELLS = 60_000
"""Sites times trials of that first look."""
_WEIGHT = 60
"""Outcomes count as at most so many: those of one week do not prove the rate of all months."""
_DRIFT = 0.05
"""How far the pace of the coming months is from that of the last days, beside chance."""


@dataclass(frozen=True)
class Cohort:
    """A site: machines that become due on each of the coming days, and what a day can hold.

    `parked` ones failed, fell silent or are held. Without `weekdays` (numbers of
    `date.weekday()`) every working day counts.
    """

    name: str
    due: Mapping[date, int]
    per_day: int
    parked: int = 0
    weekdays: frozenset[int] | None = None
    parts: Sequence[Part] = field(default=())

    @property
    def machines(self) -> int:
        """Machines to be moved."""
        return sum(self.due.values()) + self.parked


class BandDay(NamedTuple):
    """Machines more that are done by the end of `day`, in 10, 50 and 90 of 100 trials at most."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Outlook:
    """Days by which all is done in 10, 50 and 90 of 100 trials (None: not within the horizon)."""

    p10: date | None
    p50: date | None
    p90: date | None
    probability: float
    endangered: Sequence[Endangered]
    """Sites, waves and departments by the share of trials in which they are late, worst first."""
    band: Sequence[BandDay] = ()
    """Only when it was asked for; up to the day on which all trials are through."""

    @property
    def first(self) -> Endangered | None:
        """Of all that is in real danger what is due first, else the worst; None: nothing is."""
        serious = [
            entry
            for entry in self.endangered
            if entry.late >= SERIOUS and entry.last_day is not None
        ]
        earliest = min(serious, key=lambda entry: (entry.last_day, -entry.late), default=None)
        return earliest or (self.endangered[0] if self.endangered else None)


class _Rates(NamedTuple):
    """One value per trial: success of a passage, taking up again, pace; and the noise of days."""

    success: Any
    retry: Any
    pace: Any
    noise: float


class _Ended(NamedTuple):
    """By site and trial: position of the last day; waiting and parked machines at the cutover.

    `reached`: by trial, the first day on which the goal was reached. `progress`: quantiles of the
    machines done, by day, when they were asked for.
    """

    day: Any
    waiting: Any
    parked: Any
    reached: Any
    progress: Sequence[Any] = ()


def outlook(
    cohorts: Sequence[Cohort],
    observed: Observed,
    days: Sequence[date],
    cutover: date,
    *,
    trials: int = 10_000,
    seed: int = 1,
    goal: int | None = None,
    band: bool = False,
) -> Outlook:
    """The forecast over the coming working `days`, which reach beyond the cutover.

    With a `goal` the days are those by which so many machines are done, wherever they stand;
    nothing is said of endangered parts then. With `band` it says how many are done by each day.
    The same arguments give the same answer.
    """
    import numpy

    sites = everywhere = [cohort for cohort in cohorts if cohort.machines]
    random = numpy.random.default_rng(seed)
    if len(sites) > SITES_SIMULATED and goal is None:
        few = max(16, _CELLS // len(sites))
        ended = _simulate(sites, _rates(observed, few, random), days, cutover, random)
        late = ended.day.mean(axis=1)
        last = sorted(range(len(sites)), key=lambda index: (-late[index], sites[index].name))
        sites = [sites[index] for index in sorted(last[:SITES_SIMULATED])]
    elif goal is not None:
        trials = min(trials, max(200, 2 * _CELLS // max(1, len(sites))))
    rates = _rates(observed, trials, random)
    ended = _simulate(sites, rates, days, cutover, random, goal=goal, watched=band)
    finish = ended.day.max(axis=0, initial=0) if goal is None else ended.reached
    in_time = sum(day < cutover for day in days)
    quantiles = numpy.quantile(finish, [0.1, 0.5, 0.9], method="higher")
    p10, p50, p90 = (days[int(q)] if int(q) < len(days) else None for q in quantiles)
    endangered = []
    if goal is None:
        late_sites = [
            Endangered(PartKind.SITE, site.name, share, max(site.due, default=None))
            for index, site in enumerate(sites)
            if (share := float((ended.day[index] >= in_time).mean())) > 0
        ]
        endangered = in_danger(
            late_sites,
            [
                AtCutover(
                    Part(PartKind.SITE, site.name, None, site.due, site.parked),
                    site.parts,
                    ended.waiting[index],
                    ended.parked[index],
                )
                for index, site in enumerate(sites)
            ],
            days[:in_time],
            float(1 - (rates.retry * rates.success).mean()),
        )
    progress = ended.progress
    if band and len(sites) < len(everywhere):
        # The few sites that decide the finish are not all that is done on the way.
        few = max(200, 2 * _CELLS // len(everywhere))
        rates = _rates(observed, few, random)
        progress = _simulate(everywhere, rates, days, cutover, random, watched=True).progress
    return Outlook(
        p10,
        p50,
        p90,
        float((finish < in_time).mean()),
        endangered,
        [BandDay(day, *map(int, done)) for day, done in zip(days, progress, strict=False)],
    )


def _rates(observed: Observed, trials: int, random: "Generator") -> _Rates:
    import numpy

    lost = observed.failed + observed.silent
    weight = min(1.0, _WEIGHT / max(1, observed.succeeded + lost))
    success = random.beta(1 + observed.succeeded * weight, 1 + lost * weight, trials)
    stayed = max(0, observed.parked_days - observed.retried)
    weight = min(1.0, _WEIGHT / max(1, observed.retried + stayed))
    # Two and two: without any news a failed machine is hardly left for months.
    retry = random.beta(2 + observed.retried * weight, 2 + stayed * weight, trials)
    mean, noise = observed.pace()
    spread = (noise**2 / max(1, len(observed.offered)) + _DRIFT**2) ** 0.5
    pace = numpy.clip(random.normal(1.0, spread, trials) * mean, 0.02, 1.0)
    single = numpy.float32
    return _Rates(success.astype(single), retry.astype(single), pace.astype(single), noise)


class _Chance:
    """Random numbers of a simulation: slices of two pools, which costs a tenth of new ones."""

    def __init__(self, random: "Generator", size: int) -> None:
        import numpy

        single = numpy.float32
        self._random, self._size = random, size
        self._normal = random.standard_normal(2 * size + 4096, dtype=single)
        self._uniform = random.random(2 * size + 4096, dtype=single)

    def normal(self, shape: tuple[int, ...]) -> Any:
        return self._slice(self._normal, shape)

    def uniform(self, shape: tuple[int, ...]) -> Any:
        return self._slice(self._uniform, shape)

    def _slice(self, pool: Any, shape: tuple[int, ...]) -> Any:
        size = 1
        for length in shape:
            size *= length
        start = int(self._random.integers(len(pool) - size))
        return pool[start : start + size].reshape(shape)


def _simulate(
    sites: Sequence[Cohort],
    rates: _Rates,
    days: Sequence[date],
    cutover: date,
    random: "Generator",
    *,
    goal: int | None = None,
    watched: bool = False,
) -> _Ended:
    """Move whole machines day by day: due, tried, done or parked, taken up again."""
    import numpy as np

    shape = (len(sites), len(rates.success))
    chance = _Chance(random, shape[0] * shape[1])
    position = {day: index for index, day in enumerate(days)}
    due = np.zeros((len(days), len(sites), 1), dtype=np.float32)
    room = np.zeros((len(days), len(sites), 1), dtype=np.float32)
    for index, site in enumerate(sites):
        for day, machines in site.due.items():
            due[position[day], index] += machines
        room[:, index] = site.per_day
        if site.weekdays is not None:
            room[[day.weekday() not in site.weekdays for day in days], index] = 0
    to_come = due.sum(axis=0)
    waiting = np.zeros(shape, dtype=np.float32)
    parked = np.full(shape, [[site.parked] for site in sites] or 0, dtype=np.float32)
    ended = np.full(shape, len(days), dtype=np.int64)
    reached = np.full(shape[1], len(days), dtype=np.int64)
    done = np.zeros(shape[1], dtype=np.float32)
    last_in_time = sum(day < cutover for day in days) - 1
    at_cutover = (waiting, parked)
    progress = []
    for at in range(len(days)):
        again = _binomial(parked, rates.retry, chance.normal(shape))
        waiting = waiting + due[at] + again
        to_come = to_come - due[at]
        pace = np.clip(rates.pace * (1 + rates.noise * chance.normal((shape[1],))), 0, 1)
        tried = np.floor(np.minimum(waiting, room[at]) * pace + chance.uniform(shape))
        tried = np.minimum(tried, waiting)
        passed = _binomial(tried, rates.success, chance.normal(shape))
        parked = parked - again + (tried - passed)
        waiting = waiting - tried
        left = waiting + parked + to_come
        ended[(left < 0.5) & (ended == len(days))] = at
        done += passed.sum(axis=0)
        if watched:
            progress.append(np.quantile(done, [0.1, 0.5, 0.9]).round())
        if goal is not None:
            reached[(done >= goal - 0.5) & (reached == len(days))] = at
        if at <= last_in_time:
            at_cutover = (waiting, parked)
        if ((ended if goal is None else reached) < len(days)).all():
            break
    return _Ended(ended, *at_cutover, reached, progress)


def _binomial(number: Any, chance_of_each: Any, normal: Any) -> Any:
    """How many of `number` come true, by the normal approximation in whole numbers.

    With one machine that is yes or no with nearly the chance itself.
    """
    import numpy as np

    mean = number * chance_of_each
    drawn = np.rint(mean + np.sqrt(mean * (1 - chance_of_each)) * normal)
    return np.minimum(np.maximum(drawn, 0), number)
