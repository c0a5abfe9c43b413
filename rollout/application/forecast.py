"""`plan forecast`: whether the cutover holds."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rollout.application.plan_problem import calendar_of
from rollout.domain.machine import MachineState
from rollout.planning.calendar import WorkCalendar
from rollout.planning.forecast import Cohort, Observed, Outlook, outlook
from rollout.settings import Settings
from rollout.store import forecasts
from rollout.store.database import Database
from rollout.store.tables import DayForecast

WINDOW = 10
"""Working days whose outcomes count."""
_BEYOND = timedelta(days=365)


@dataclass(frozen=True)
class Forecast:
    """The forecast of one day; `outlook` is None when `missing` says why."""

    day: date
    cutover: date
    done: int
    left: int
    required_per_day: float | None
    actual_per_day: float | None
    missing: str | None
    outlook: Outlook | None


def forecast(database: Database, settings: Settings, *, now: datetime, seed: int = 1) -> Forecast:
    """The forecast as of `now`, from the dates in force and the outcomes of the last days.

    It is kept as that day's row.
    """
    zone = settings.programme.zone
    today, cutover = now.astimezone(zone).date(), settings.programme.cutover
    calendar = calendar_of(settings)
    window = _window(calendar, today)
    since = datetime.combine(window[0] if window else today, time(), zone)
    with database.read() as session:
        left, done = forecasts.left(session), forecasts.done(session)
        seen = [
            (at.astimezone(zone).date(), state)
            for at, state in forecasts.outcomes(session, since)
            if at <= now
        ]
    observed = _observed(seen)
    to_do = sum(row.machines for row in left)
    coming = list(calendar.between(today, max(cutover, today) + _BEYOND))
    in_time = sum(day < cutover for day in coming)
    missing = None if to_do == 0 else observed.missing()
    found = None
    if missing is None and to_do:
        cohorts = _cohorts(left, coming, cutover, settings)
        found = outlook(cohorts, observed, coming, cutover, seed=seed)
    made = Forecast(
        day=today,
        cutover=cutover,
        done=done,
        left=to_do,
        required_per_day=round(to_do / in_time, 1) if in_time else None,
        actual_per_day=round(observed.succeeded / len(observed.by_day), 1)
        if observed.by_day
        else None,
        missing=missing,
        outlook=found,
    )
    with database.write() as session:
        forecasts.keep(session, _row(made, now))
    return made


def _row(made: Forecast, now: datetime) -> DayForecast:
    found = made.outlook
    return DayForecast(
        day=made.day,
        made_at=now,
        cutover=made.cutover,
        done=made.done,
        remaining=made.left,
        missing=made.missing,
        p10=found.p10 if found else None,
        p50=found.p50 if found else None,
        p90=found.p90 if found else None,
        probability=found.probability if found else None,
        endangered_by=found.endangered[0][0] if found and found.endangered else None,
    )


def _window(calendar: WorkCalendar, today: date) -> list[date]:
    return list(calendar.between(today - timedelta(days=60), today))[-WINDOW:]


def _observed(seen: list[tuple[date, str]]) -> Observed:
    states = Counter(state for _, state in seen)
    done = Counter(day for day, state in seen if state == MachineState.MIGRATED.value)
    return Observed(
        succeeded=states[MachineState.MIGRATED.value],
        failed=states[MachineState.FAILED.value],
        silent=states[MachineState.SILENT.value],
        by_day=[done[day] for day in sorted({day for day, _ in seen})],
    )


def _cohorts(
    left: list[forecasts.Left], coming: list[date], cutover: date, settings: Settings
) -> list[Cohort]:
    """Sites with their machines by day; overdue ones are due today, dateless ones at the end."""
    last = max((day for day in coming if day < cutover), default=coming[0])
    due: dict[str, Counter[date]] = {}
    for row in left:
        day = max(row.day or last, coming[0])
        day = next((working for working in coming if working >= day), coming[-1])
        due.setdefault(row.site or "", Counter())[day] += row.machines
    return [
        Cohort(site, dict(days), max(1, settings.site(site).machines_per_day))
        for site, days in sorted(due.items())
    ]
