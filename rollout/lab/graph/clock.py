"""The tenant's time: it runs with the computer's, and tests move it forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class TenantClock:
    """Now in UTC, ahead of the computer's clock by what `advance` was told in all."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The tenant's moment."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move on; what is due by then happens with the next request."""
        self._ahead += timedelta(seconds=seconds)


def moment_text(moment: datetime) -> str:
    """A moment as Graph writes it: seconds, UTC, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
