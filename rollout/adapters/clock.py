"""Clocks: the system's, and one that was set to another date and runs on from there."""

import time
from datetime import UTC, datetime, timedelta

from rollout.application.ports import Clock
from rollout.domain.dates import parse_date
from rollout.domain.errors import RolloutError
from rollout.domain.text import ValueRefused
from rollout.i18n import _


class BadClock(RolloutError):
    """The text cannot be used to set the programme's clock."""


class SystemClock:
    """The clock of this computer."""

    def __init__(self) -> None:
        self._looked = (datetime.now(UTC), time.monotonic())

    def now(self) -> datetime:
        """The current moment, in UTC."""
        return datetime.now(UTC)

    def jump(self) -> timedelta:
        """By how much it was set since the last question, or how long the computer slept."""
        wall, steady = self._looked
        self._looked = (datetime.now(UTC), time.monotonic())
        return self._looked[0] - wall - timedelta(seconds=self._looked[1] - steady)


class ProgrammeClock:
    """Starts at `start` when it is made and runs with the monotonic clock.

    A change of the system's clock does not move it.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise BadClock(_("{start} has no time zone").format(start=start.isoformat()))
        self._start = start
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """The current moment, in the time zone of `start`."""
        return self._start + timedelta(seconds=time.monotonic() - self._origin)


def clock_from(text: str | None) -> Clock:
    """The clock that `ROLLOUT_NOW` or `--now` asks for; without a text the system's.

    A date or time with offset is taken as it is: `2022-11-01T09:00+09:00`, `...Z`. A date alone,
    with its era or without, is its midnight in UTC: it sets a day, not an hour. A time without
    offset is refused, because the reader would guess another zone than the writer.
    """
    if text is None or not text.strip():
        return SystemClock()
    wanted = text.strip()
    try:
        start = _moment(wanted)
    except (ValueError, ValueRefused):
        raise BadClock(
            _(
                "ROLLOUT_NOW={text!r} is not a moment: write a date (2022-11-01) or a time with"
                " offset (2022-11-01T09:00+09:00)"
            ).format(text=wanted)
        ) from None
    if start.tzinfo is None:
        raise BadClock(
            _("ROLLOUT_NOW={text!r} has no offset: add one, such as {text}+09:00 for Japan").format(
                text=wanted
            )
        )
    return ProgrammeClock(start)


def _moment(text: str) -> datetime:
    """A time as ISO 8601 has it, or a day as people write it. Raises ValueError, ValueRefused."""
    if ":" in text or "T" in text.upper()[1:]:
        return datetime.fromisoformat(text)
    return datetime.combine(parse_date(text), datetime.min.time(), UTC)
