"""`plan backtest`: what the forecast would have said on each day, beside what happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from rollout.application.planning.forecasting import Forecast, made_from
from rollout.application.planning.problem import calendar_of
from rollout.application.planning.replay import working_days
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.planning.calendar import WorkCalendar
from rollout.settings import Settings
from rollout.store.database import Database

TRIALS = 2_000
"""Trials of each of the many forecasts."""

Progress = Callable[[int, int], None]
"""Told (days looked at, all days)."""


class NothingToCompare(RolloutError):
    """The history has nothing that a forecast could be held against."""


@dataclass(frozen=True)
class Compared:
    """The forecast at the end of `day`; `error`: working days by which P50 was too early.

    A negative error: it happened before P50. Without an outlook the forecast said nothing.
    """

    day: date
    made: Forecast
    inside: bool | None = None
    error: int | None = None


@dataclass(frozen=True)
class Backtest:
    """All days of the history, held against the day on which as many were done as are now.

    `complete`: nothing is left, so that this is the finish of the programme itself.
    """

    goal: int
    reached: date
    complete: bool
    days: Sequence[Compared]

    @property
    def judged(self) -> list[Compared]:
        """Days on which there was a forecast."""
        return [day for day in self.days if day.inside is not None]

    @property
    def inside(self) -> float | None:
        """The share of them on which it happened between P10 and P90; 0.8 is a good one."""
        judged = self.judged
        return sum(bool(day.inside) for day in judged) / len(judged) if judged else None

    @property
    def error(self) -> float | None:
        """The middle of the errors of P50 without their signs, in working days."""
        errors = [abs(day.error) for day in self.judged if day.error is not None]
        return median(errors) if errors else None

    @property
    def lean(self) -> float | None:
        """The middle of the errors with their signs: above zero the forecasts were too early."""
        errors = [day.error for day in self.judged if day.error is not None]
        return median(errors) if errors else None


def backtest(
    database: Database,
    settings: Settings,
    *,
    now: datetime,
    until: date | None = None,
    seed: int = 1,
    progress: Progress = lambda done, total: None,
) -> Backtest:
    """Replay the history up to `until` (else today), forecasting at the end of each working day.

    Each forecast sees only what had happened by then; it is asked when as many machines are done
    as were done by `until`. Nothing is written. Raises NothingToCompare.
    """
    today = now.astimezone(settings.programme.zone).date()
    if until is not None and until > today:
        raise NothingToCompare(
            _("{until} is not over yet (today is {today}): name a day of the past").format(
                until=until, today=today
            )
        )
    last = until or today
    with database.read() as session:
        standings = list(working_days(session, settings, until=last))
    goal = standings[-1][1].done if standings else 0
    if goal == 0:
        raise NothingToCompare(
            _("no machine was done by {until}: there is nothing to compare with").format(until=last)
        )
    at = next(index for index, (_day, found) in enumerate(standings) if found.done >= goal)
    reached = standings[at][0]
    calendar = calendar_of(settings)
    days = []
    for number, (day, standing) in enumerate(standings[:at]):
        more = goal - standing.done
        made = made_from(standing, settings, seed=seed, trials=TRIALS, goal=more)
        days.append(_compared(calendar, day, made, reached))
        progress(number + 1, at)
    return Backtest(goal, reached, standings[-1][1].left == 0, days)


def _compared(calendar: WorkCalendar, day: date, made: Forecast, reached: date) -> Compared:
    found = made.outlook
    if found is None:
        return Compared(day, made)
    inside = (
        found.p10 is not None
        and found.p10 <= reached
        and (found.p90 is None or reached <= found.p90)
    )
    return Compared(day, made, inside, _error(calendar, found.p50, reached))


def _error(calendar: WorkCalendar, p50: date | None, reached: date) -> int | None:
    if p50 is None:
        return None
    if p50 <= reached:
        return calendar.count(p50, reached) - 1
    return 1 - calendar.count(reached, p50)
