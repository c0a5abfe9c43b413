"""The working days around a report."""

from datetime import date, datetime, timedelta

from rollout.application.planning.problem import calendar_of
from rollout.planning.calendar import DayOff
from rollout.settings import Settings

_DAY = timedelta(days=1)
_AT_MOST = 60
"""No office is closed for longer."""


def day_of(settings: Settings, moment: datetime) -> date:
    """The local day of `moment`."""
    return moment.astimezone(settings.programme.zone).date()


def day_before(settings: Settings, moment: datetime) -> datetime:
    """The same time of day on the last working day before: a whole day's work lies between.

    Frozen days count: no machine is moved, but people decide and mend.
    """
    calendar, local = calendar_of(settings), moment.astimezone(settings.programme.zone)
    for back in range(1, _AT_MOST):
        then = local - back * _DAY
        if calendar.why_off(then.date()) in (None, DayOff.FROZEN):
            return then
    return local - _DAY


def next_day(settings: Settings, day: date) -> date | None:
    """The next day on which machines are moved; None when none comes soon."""
    return calendar_of(settings).following(day, until=day + _AT_MOST * _DAY)


def answer_by(settings: Settings, since: date) -> date:
    """The day by which an exception that arose on `since` is to be looked at."""
    calendar, left, day = calendar_of(settings), settings.report.answer_days, since
    for _ahead in range(_AT_MOST * 2):
        if left <= 0:
            break
        day += _DAY
        left -= calendar.why_off(day) in (None, DayOff.FROZEN)
    return day
