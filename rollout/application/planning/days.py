"""The days of a plan at its sites: how many machines each can hold, and why it holds none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rollout.application.planning.problem import calendar_of
from rollout.application.standing import per_day, visiting_days
from rollout.i18n import _
from rollout.planning.calendar import DayOff, WorkCalendar
from rollout.settings import Settings

FREE, UNVISITED = "·", ""


@dataclass(frozen=True)
class SiteDays:
    """What a site says to any day."""

    per_day: int
    weekdays: frozenset[int] | None


@dataclass(frozen=True)
class PlanDays:
    """The calendar of the programme and of its sites, as configured."""

    calendar: WorkCalendar
    sites: dict[str, SiteDays]

    def mark(self, site: str | None, day: date) -> str:
        """What stands where no machine does; without a site, of the calendar alone."""
        weekdays = self.sites[site].weekdays if site in self.sites else None
        return mark(self.calendar, weekdays, day)

    def is_off(self, day: date) -> bool:
        """Whether nothing is moved anywhere."""
        return self.calendar.why_off(day) is not None


def plan_days(settings: Settings, sites: Iterable[str]) -> PlanDays:
    """Those of these sites."""
    return PlanDays(
        calendar_of(settings),
        {site: SiteDays(per_day(settings, site), visiting_days(settings, site)) for site in sites},
    )


def mark(calendar: WorkCalendar, weekdays: frozenset[int] | None, day: date) -> str:
    """Why no machine stands there, in one cell."""
    off = calendar.why_off(day)
    if off is not None:
        return marks()[off]
    return FREE if weekdays is None or day.weekday() in weekdays else UNVISITED


def marks() -> dict[DayOff, str]:
    """A sign for every reason."""
    return {
        DayOff.WEEKEND: "-",
        DayOff.HOLIDAY: _("H"),
        DayOff.CLOSED: _("C"),
        DayOff.FROZEN: _("F"),
    }


def legend() -> Sequence[str]:
    """What numbers and signs mean."""
    known = marks()
    return [
        _("number: machines"),
        f"{FREE} " + _("free working day"),
        f"{known[DayOff.WEEKEND]} " + _("weekend"),
        f"{known[DayOff.HOLIDAY]} " + _("holiday"),
        f"{known[DayOff.CLOSED]} " + _("closed day"),
        f"{known[DayOff.FROZEN]} " + _("frozen day"),
        _("empty: the site is not visited"),
    ]


def weekday_names() -> tuple[str, ...]:
    """Short names of the days of the week, from Monday on."""
    return (_("Mo"), _("Tu"), _("We"), _("Th"), _("Fr"), _("Sa"), _("Su"))
