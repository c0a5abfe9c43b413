"""Which notices the plan asks for on a day; they are put into the outbox, each once."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from rollout.application.plan_problem import calendar_of
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.planning.calendar import WorkCalendar
from rollout.settings import Settings
from rollout.store import notices
from rollout.store.database import Database
from rollout.store.notices import Known, Slot

_DATES = (NoticeKind.DAYS_BEFORE.value, NoticeKind.NEW_DATE.value)
Wanted = dict[NoticeKind, dict[int, date]]


def working_day_before(calendar: WorkCalendar, day: date) -> date:
    """The last working day before `day`."""
    found = day - timedelta(days=1)
    while not calendar.is_working(found):
        found -= timedelta(days=1)
    return found


def wanted(
    slots: Iterable[Slot],
    known: Iterable[Known],
    today: date,
    days_before: int,
    calendar: WorkCalendar,
) -> Wanted:
    """By kind, the day to tell the owner of each machine, by its id.

    An owner who was told another day is told the new one at once; the others so many days ahead,
    on the working day before when that is none. A held machine's owner is told nothing more.
    """
    told: dict[int, date] = {
        one.machine_id: one.day
        for one in known
        if one.kind in _DATES and one.state == NoticeState.SENT
    }
    found: Wanted = {}
    for slot in slots:
        if slot.held:
            continue
        before = told.get(slot.machine_id)
        if before is not None and before != slot.day:
            found.setdefault(NoticeKind.NEW_DATE, {})[slot.machine_id] = slot.day
            continue
        eve = working_day_before(calendar, slot.day)
        due = working_day_before(calendar, slot.day - timedelta(days=days_before - 1))
        if eve <= today < slot.day:
            found.setdefault(NoticeKind.DAY_BEFORE, {})[slot.machine_id] = slot.day
        elif due <= today < eve:
            found.setdefault(NoticeKind.DAYS_BEFORE, {})[slot.machine_id] = slot.day
    return found


def fill_outbox(database: Database, settings: Settings, at: datetime) -> int:
    """Put what the plan asks for now into the outbox; how many were not there yet."""
    today = at.astimezone(settings.programme.zone).date()
    with database.write() as session:
        asked = wanted(
            notices.slots(session, today),
            notices.about_machines(session),
            today,
            settings.notice.days_before,
            calendar_of(settings),
        )
        return sum(
            notices.plan_for_machines(session, kind, days, at=at)
            for kind, days in asked.items()
            if kind in settings.notices.kinds
        )
