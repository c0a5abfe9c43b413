"""Where the programme stands on one day, and what the forecast makes of it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from rollout.domain.machine import MachineVerb
from rollout.planning.calendar import WorkCalendar
from rollout.planning.forecast import Cohort, Observed, Part, PartKind
from rollout.settings import Settings
from rollout.settings.planning import WEEKDAYS

WINDOW = 10
"""Working days whose outcomes count."""

_DAY = timedelta(days=1)
_GOOD = (MachineVerb.HAND_OVER, MachineVerb.SUPERSEDE)
_BAD = (MachineVerb.FAIL, MachineVerb.FALL_SILENT)


class Pile(NamedTuple):
    """Machines of one place that are not done; without a `day` nobody has dated them."""

    site: str
    day: date | None
    parked: bool
    machines: int
    wave: int | None = None
    department: str = ""


@dataclass(frozen=True)
class Standing:
    """The state of things on `today`.

    `happened` counts verbs by day and site, from the first day of the window on; `dated` counts
    machines by site and the day that they have, done or not, from that day to `today`.
    """

    today: date
    piles: Sequence[Pile]
    done: int
    happened: Mapping[tuple[date, str], Counter[MachineVerb]]
    dated: Mapping[tuple[str, date], int]

    @property
    def left(self) -> int:
        """Machines that are not done."""
        return sum(pile.machines for pile in self.piles)

    @property
    def undated(self) -> int:
        """Those of them that have no day."""
        return sum(pile.machines for pile in self.piles if pile.day is None)


def window(calendar: WorkCalendar, today: date) -> list[date]:
    """The last working days that are over."""
    return list(calendar.between(today - timedelta(days=60), today - _DAY))[-WINDOW:]


def observed(standing: Standing, days: Sequence[date], settings: Settings) -> Observed:
    """What the window `days` brought; today counts for the rates, but is not over yet."""
    verbs: Counter[MachineVerb] = Counter()
    done: Counter[date] = Counter()
    for (day, _site), counted in standing.happened.items():
        verbs += counted
        if day < standing.today:
            done[day] += sum(counted[verb] for verb in _GOOD)
    attempts: Counter[date] = Counter()
    offered: Counter[date] = Counter()
    parked_days = 0
    piles = _by_site(standing.piles)
    for site in sorted({*piles, *(site for _, site in standing.happened)}):
        for day, tried, waiting, parked in _backwards(standing, site, piles.get(site, ()), days):
            room = per_day(settings, site) if _visited(settings, site, day) else 0
            attempts[day] += tried
            offered[day] += max(tried, min(room, waiting))
            parked_days += parked
    return Observed(
        succeeded=sum(verbs[verb] for verb in _GOOD),
        failed=verbs[MachineVerb.FAIL],
        silent=verbs[MachineVerb.FALL_SILENT],
        by_day=[done[day] for day in sorted(done)],
        attempts=[attempts[day] for day in days],
        offered=[offered[day] for day in days],
        retried=verbs[MachineVerb.RETRY],
        parked_days=parked_days,
    )


def _by_site(piles: Iterable[Pile]) -> dict[str, list[Pile]]:
    found: dict[str, list[Pile]] = {}
    for pile in piles:
        found.setdefault(pile.site, []).append(pile)
    return found


def _backwards(
    standing: Standing, site: str, piles: Sequence[Pile], days: Sequence[date]
) -> Iterator[tuple[date, int, int, int]]:
    """Each of `days` with the machines tried, those that could have been, and those parked.

    Walked back from what is known of today: what was tried on a day waited before it, or was
    taken up again on it.
    """
    if not days:
        return
    waiting = sum(
        pile.machines
        for pile in piles
        if not pile.parked and pile.day is not None and pile.day <= standing.today
    )
    parked = sum(pile.machines for pile in piles if pile.parked)
    working = set(days)
    day = standing.today
    while day >= days[0]:
        counted = standing.happened.get((day, site), Counter())
        fell, again = sum(counted[verb] for verb in _BAD), counted[MachineVerb.RETRY]
        tried = fell + sum(counted[verb] for verb in _GOOD)
        # What was planned anew in between is not seen from here: the sums can miss a few.
        waiting = max(0, waiting + tried - again)
        parked = max(0, parked - fell + again)
        if day in working:
            yield day, tried, max(tried, waiting + again), max(again, parked)
        waiting = max(0, waiting - standing.dated.get((site, day), 0))
        day -= _DAY


def per_day(settings: Settings, site: str) -> int:
    """How many machines a day of the site can hold: the narrowest of its limits."""
    rule, limits = settings.site(site), settings.limits
    room = [rule.machines_per_day, rule.at_once * limits.turns_per_day]
    if rule.network_at_once is not None:
        room.append(rule.network_at_once * limits.reimages_per_day)
    if rule.spares is not None:
        room.append(rule.spares)
    return max(1, min(room))


def visiting_days(settings: Settings, site: str) -> frozenset[int] | None:
    """The days of the week on which the site is visited (0: Monday); None: all of them."""
    named = settings.site(site).weekdays
    return frozenset(WEEKDAYS.index(day) for day in named) if named else None


def _visited(settings: Settings, site: str, day: date) -> bool:
    named = visiting_days(settings, site)
    return named is None or day.weekday() in named


def cohorts(
    standing: Standing, coming: Sequence[date], cutover: date, settings: Settings
) -> list[Cohort]:
    """Sites with their machines by day; overdue ones are due today, dateless ones at the end."""
    last = max((day for day in coming if day < cutover), default=coming[0])
    shown = _shown_per_day(standing)
    found = []
    for site, piles in sorted(_by_site(standing.piles).items()):
        parked = sum(pile.machines for pile in piles if pile.parked)
        found.append(
            Cohort(
                site,
                _due(piles, coming, last),
                max(per_day(settings, site), shown.get(site, 0)),
                parked,
                visiting_days(settings, site),
                _parts(piles, coming, last),
            )
        )
    return found


def _shown_per_day(standing: Standing) -> dict[str, int]:
    """The most that each site did on a day of the window: retries come on top of its plan."""
    found: dict[str, int] = {}
    for (_day, site), counted in standing.happened.items():
        tried = sum(counted[verb] for verb in (*_GOOD, *_BAD))
        found[site] = max(tried, found.get(site, 0))
    return found


def _next(coming: Sequence[date], day: date) -> date:
    """The first of the `coming` days that is not before `day`."""
    return coming[min(bisect_left(coming, day), len(coming) - 1)]


def _parts(piles: Sequence[Pile], coming: Sequence[date], last: date) -> list[Part]:
    """The waves and departments of one site."""
    members: dict[tuple[PartKind, str], list[Pile]] = {}
    for pile in piles:
        if pile.wave is not None:
            members.setdefault((PartKind.WAVE, str(pile.wave)), []).append(pile)
        if pile.department:
            members.setdefault((PartKind.DEPARTMENT, pile.department), []).append(pile)
    return [
        Part(
            kind,
            name,
            max(pile.day or last for pile in own),
            _due(own, coming, last),
            sum(pile.machines for pile in own if pile.parked),
        )
        for (kind, name), own in members.items()
    ]


def _due(piles: Sequence[Pile], coming: Sequence[date], last: date) -> dict[date, int]:
    due: Counter[date] = Counter()
    for pile in piles:
        if not pile.parked:
            due[_next(coming, pile.day or last)] += pile.machines
    return dict(due)
