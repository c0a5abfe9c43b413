"""The moment of `export status --as-of`."""

from datetime import datetime

from rollout.domain.errors import RolloutError
from rollout.i18n import _


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
