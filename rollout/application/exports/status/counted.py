"""Figures of people that no history tells: counted and kept, so that a day can be compared with
the one before and a report of the past says what was counted then."""

from datetime import datetime, time, timedelta

from sqlmodel import Session

from rollout.application.exports.status.days import day_of
from rollout.application.exports.status.people import People, PeopleFigure, people_now
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import people_figures as store
from rollout.store.database import Database
from rollout.store.tables import PeopleFigures


def keep(database: Database, people: People) -> None:
    """Keep what was counted just now."""
    assert people.counted_at is not None  # noqa: S101  (made of a moment of the past otherwise)
    row = PeopleFigures(
        counted_at=people.counted_at,
        people=people.people,
        registered=people.number(PeopleFigure.MFA_REGISTERED),
        trained=people.number(PeopleFigure.TRAINED),
        ready=people.number(PeopleFigure.READY) or 0,
    )
    with database.write() as session:
        store.keep(session, row)


def count(database: Database, settings: Settings, now: datetime) -> str:
    """The night's work; what there is to say about it."""
    with database.read() as session:
        people = people_now(database, settings, session, now)
    keep(database, people)
    return _("{ready} of {people} people are ready").format(
        ready=people.number(PeopleFigure.READY), people=people.people
    )


def on_day_of(session: Session, settings: Settings, moment: datetime) -> PeopleFigures | None:
    """What was counted last on the day of `moment`, and not after it."""
    return store.last(session, _morning(settings, moment), moment)


def nearest_to(session: Session, settings: Settings, moment: datetime) -> PeopleFigures | None:
    """What was counted nearest to `moment`, on its day; that day is to be over.

    Later on the same day counts as well: a report made some minutes earlier than that of the day
    before is still compared with that one.
    """
    morning = _morning(settings, moment)
    evening = _morning(settings, morning + timedelta(hours=36)) - timedelta(microseconds=1)
    return store.nearest(session, morning, evening, moment)


def _morning(settings: Settings, moment: datetime) -> datetime:
    return datetime.combine(day_of(settings, moment), time(), settings.programme.zone)
