"""The clock of a simulated programme: it jumps from one event to the next."""

from datetime import datetime


class SimulatedClock:
    """Stands still until it is moved on, and never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The current moment, in the zone of the start."""
        return self._now

    def advance(self, moment: datetime) -> None:
        """Go on to `moment`; a moment that is past changes nothing."""
        self._now = max(self._now, moment.astimezone(self._now.tzinfo))
