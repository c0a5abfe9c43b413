"""`export status --as-of`: the report of a moment that is over, from the history."""

from datetime import datetime

from rollout.application.exports.status.summary import StatusReport, Unknowable, prepared
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import as_of
from rollout.store.database import Database


class NoSuchMoment(RolloutError):
    """No report can be made of it; the message says why."""


def moment(text: str, *, now: datetime) -> datetime:
    """The moment that a person wrote, with its offset. Raises NoSuchMoment."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise NoSuchMoment(
            _("{text} is no moment: write it with offset, such as 2023-02-28T17:15+09:00").format(
                text=text
            )
        )
    if found > now:
        raise NoSuchMoment(
            _("{text} is still to come: a report can be made of what is over").format(text=text)
        )
    return found


def status_at(database: Database, settings: Settings, then: datetime) -> StatusReport:
    """Where every machine stood at `then`: the same figures, whenever it is asked for."""
    with database.read() as session:
        counts = as_of.counts(session, then)
        lines = as_of.exceptions(session, then)
    return prepared(settings, then, counts, lines, not_known=tuple(Unknowable))
