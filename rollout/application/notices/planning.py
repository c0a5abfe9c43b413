"""Which notices are called for now; they are put into the outbox, each once."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.notices.dates import Decided, When, decide, working_day_before
from rollout.application.training.promoters import are_there, promoters_with_gaps
from rollout.domain.notice import NoticeKind
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.planning.calendar import Span, WorkCalendar
from rollout.settings import Settings
from rollout.store import leases, notice_needs, notices
from rollout.store.database import Database
from rollout.store.notices import New

ACTOR = "notices"
DONE_SINCE = timedelta(days=7)
"""Who got the PC earlier needs no word about it any more."""
_K = NoticeKind
_OVER_AFTER_DAY = (_K.CUTOVER_DAY, _K.DONE, _K.NOT_DONE, _K.MISSING_TRAINING)


@dataclass(frozen=True)
class Filled:
    """What was put into the outbox, and what was taken out of it unsent."""

    new: int = 0
    dropped: int = 0


def fill_outbox(
    database: Database, settings: Settings, at: datetime, *, lease_epoch: int | None = None
) -> Filled:
    """Bring the outbox to what is called for now; again at once it changes nothing.

    Raises LeaseHeld when another daemon has taken over.
    """
    # Most looks find nothing: they take no lock.
    with database.read() as session:
        if not _called_for(session, settings, at).anything:
            return Filled()
    with database.write() as session:
        if lease_epoch is not None:
            leases.require(session, lease_epoch)
        found = _called_for(session, settings, at)
        why = told(msgid("what it would tell holds no longer"))
        notices.dropped(session, found.drop, actor=ACTOR, at=at, reason=why)
        notices.add(session, found.new, at=at)
        return Filled(len(found.new), len(found.drop))


def kept_back(database: Database, settings: Settings, at: datetime) -> dict[int, int]:
    """Machines by wave whose owners would be told now if the wave were approved."""
    when, found = _when(settings, at), Counter[int]()
    with database.read() as session:
        for wave, day, count in notice_needs.not_in_force(session, when.today):
            if when.due(day):
                found[wave] += count
    return dict(found)


def _when(settings: Settings, at: datetime) -> When:
    return When(
        today(settings, at),
        settings.notice.days_before,
        office_days(settings),
        at - timedelta(minutes=settings.notices.settle_minutes),
    )


def office_days(settings: Settings) -> WorkCalendar:
    """The days on which people read mail: also those on which no PC is moved."""
    return WorkCalendar([Span(known.first, known.last) for known in settings.calendar.closed])


def _called_for(session: Session, settings: Settings, at: datetime) -> Decided:
    kinds, when = frozenset(settings.notices.kinds), _when(settings, at)
    day = when.today
    found = decide(
        notice_needs.slots(session, day),
        notice_needs.of_dates(session),
        notice_needs.told_machines(session),
        when,
    )
    found.drop += notice_needs.overtaken(session, day - DONE_SINCE, _OVER_AFTER_DAY)
    if kinds & {_K.DONE, _K.NOT_DONE}:
        found.new += _how_they_came(session, when, at)
    if _K.CUTOVER_DAY in kinds:
        found.new += _cutover(session, settings, when)
    if _K.MISSING_TRAINING in kinds and are_there(session, settings):
        found.new += _reminders(session, settings, when)
    found.new = [new for new in found.new if new.kind in kinds]
    return found


def _how_they_came(session: Session, when: When, at: datetime) -> list[New]:
    through = notice_needs.handed_over(session, at - DONE_SINCE)
    stuck = notice_needs.not_through(session, when.today, when.lost_before)
    return [
        New(kind, came.day, machine_id=came.machine_id)
        for kind, found in ((_K.DONE, through), (_K.NOT_DONE, stuck))
        for came in found
    ]


def _cutover(session: Session, settings: Settings, when: When) -> list[New]:
    day = settings.programme.cutover
    first = working_day_before(
        when.calendar, day - timedelta(days=settings.notices.cutover_days - 1)
    )
    if not first <= when.today <= day:
        return []
    everybody = dict.fromkeys(notice_needs.in_service(session, when.today), day)
    return notices.missing_for_people(session, _K.CUTOVER_DAY, everybody)


def _reminders(session: Session, settings: Settings, when: When) -> list[New]:
    last = notice_needs.last_day(session, _K.MISSING_TRAINING)
    pause = timedelta(days=settings.training.remind_days)
    if not when.calendar.is_working(when.today) or (last is not None and when.today - last < pause):
        return []
    return reminders(session, settings, when.today)


def reminders(session: Session, settings: Settings, day: date) -> list[New]:
    """A notice to each promoter in whose offices somebody is missing, unless told that day."""
    gaps = promoters_with_gaps(session, settings, day)
    return notices.missing_for_people(session, _K.MISSING_TRAINING, dict.fromkeys(gaps, day))
