"""Plan, actual and forecast, day by day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from rollout.application import standing as stand
from rollout.application.planning import forecasting
from rollout.application.planning.forecasting import Forecast
from rollout.application.planning.problem import calendar_of
from rollout.application.standing import Pile, Standing
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.planning.calendar import DayOff
from rollout.settings import Settings
from rollout.store import burn_up as store
from rollout.store import forecasts
from rollout.store.reports import Group

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=800)
_AFTERWARDS = timedelta(days=60)
"""So far beyond the cutover a forecast is shown; it may look for a finish much longer."""
_WAITS = frozenset(state.value for state in NEEDS_A_PERSON)
_DONE = frozenset(state.value for state in DONE)


class _Ahead(NamedTuple):
    low: int | None = None
    middle: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class BurnUpDay:
    """Machines done by the end of a day: planned, really, and in 10, 50, 90 of 100 trials.

    `off` says why nothing is moved on it. `done` is None for days to come, the band for days over.
    """

    day: date
    off: DayOff | None
    planned: int
    done: int | None
    low: int | None
    middle: int | None
    high: int | None


@dataclass(frozen=True)
class BurnUp:
    """`total` machines take part; `forecast` says why there is no band when there is none."""

    total: int
    today: date
    cutover: date
    days: Sequence[BurnUpDay]
    forecast: Forecast

    @property
    def due(self) -> int:
        """Machines that should be done by the end of today."""
        return next((day.planned for day in self.days if day.day == self.today), 0)


def burn_up(
    session: Session, settings: Settings, moment: datetime, groups: Sequence[Group]
) -> BurnUp:
    """The course of the programme as it is seen from `moment`."""
    standing = standing_of(session, settings, moment, groups)
    made = forecasting.made_from(standing, settings, band=True)
    planned: Counter[date] = Counter()
    for group in groups:
        if group.planned_day is not None and group.state != MachineState.EXCLUDED:
            planned[group.planned_day] += group.machines
    done = _done_by_day(session, settings, moment, standing.done)
    return BurnUp(
        standing.done + standing.left,
        standing.today,
        settings.programme.cutover,
        _days(settings, standing, made, planned, done),
        made,
    )


def standing_of(
    session: Session, settings: Settings, moment: datetime, groups: Sequence[Group]
) -> Standing:
    """What the forecast is made of, from the machines as they stood at `moment`."""
    zone = settings.programme.zone
    today = moment.astimezone(zone).date()
    first = min(stand.window(calendar_of(settings), today), default=today)
    happened: dict[tuple[date, str], Counter[MachineVerb]] = {}
    for outcome in forecasts.outcomes(session, datetime.combine(first, datetime.min.time(), zone)):
        if outcome.at <= moment:
            day = outcome.at.astimezone(zone).date()
            happened.setdefault((day, outcome.site), Counter())[outcome.verb] += 1
    piles: Counter[tuple[str, date | None, bool, int | None, str]] = Counter()
    dated: Counter[tuple[str, date]] = Counter()
    for group in groups:
        site = group.site or ""
        if group.planned_day is not None and group.site and first <= group.planned_day <= today:
            dated[site, group.planned_day] += group.machines
        if group.in_ledger and group.state not in _DONE and group.state != MachineState.EXCLUDED:
            office = f"{group.bureau or ''} {group.division or ''}".strip()
            key = (site, group.planned_day, group.state in _WAITS, group.wave, office)
            piles[key] += group.machines
    return Standing(
        today=today,
        piles=[
            Pile(site, day, parked, machines, wave, office)
            for (site, day, parked, wave, office), machines in sorted(piles.items(), key=str)
        ],
        done=sum(group.machines for group in groups if group.state in _DONE),
        happened=happened,
        dated=dated,
    )


def _done_by_day(
    session: Session, settings: Settings, moment: datetime, done: int
) -> Mapping[date, int]:
    """Machines done at the end of each day on which their number changed.

    Counted back from `done`: what was done before the history began counts from the beginning.
    """
    zone = settings.programme.zone
    changes: Counter[date] = Counter()
    for at, machines in store.finished(session, moment):
        changes[at.astimezone(zone).date()] += machines
    found: dict[date, int] = {}
    for day in sorted(changes, reverse=True):
        found[day] = done
        done -= changes[day]
    if found:
        found[min(found) - _DAY] = done
    return found


def _days(
    settings: Settings,
    standing: Standing,
    made: Forecast,
    planned: Counter[date],
    done: Mapping[date, int],
) -> list[BurnUpDay]:
    today, cutover, calendar = standing.today, settings.programme.cutover, calendar_of(settings)
    band = {ahead.day: ahead for ahead in made.outlook.band} if made.outlook else {}
    first = min([settings.programme.start, *planned, *done, today])
    last = max([cutover, today, *planned])
    if band:
        last = max(last, min(max(band), cutover + _AFTERWARDS))
    first, last = max(first, today - _LONGEST), min(last, today + _LONGEST)
    due = sum(number for day, number in planned.items() if day < first)
    reached = done[max(before)] if (before := [day for day in done if day <= first]) else 0
    at_first = standing.done if band else None
    ahead = _Ahead(at_first, at_first, at_first)
    days = []
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        due += planned[day]
        reached = done.get(day, reached)
        if day in band:
            _at, *more = band[day]
            ahead = _Ahead(*(standing.done + machines for machines in more))
        days.append(
            BurnUpDay(
                day,
                calendar.why_off(day),
                due,
                reached if day < today else standing.done if day == today else None,
                *(ahead if day >= today else _Ahead()),
            )
        )
    return days
