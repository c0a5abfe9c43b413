"""Watching over the daemon's own threads: one that hangs or died says nothing by itself."""

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from rollout.domain.errors import RolloutError
from rollout.i18n import _


class ClockDied(RolloutError):
    """The thread that ticks gave no sign for longer than the lease lasts."""


class WorkHangs(RolloutError):
    """A tick or heartbeat does not come back; `where` is the stack of its thread."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


class Watch:
    """When the clock gave a sign, and which work is under way since when.

    Time is that of the machine while it is awake: sleep does not count.
    """

    def __init__(self, *, clock_seconds: float, work_seconds: float) -> None:
        self._clock_seconds = clock_seconds
        self._work_seconds = work_seconds
        self._sign = time.monotonic()
        self._working: dict[str, tuple[float, int]] = {}

    def sign(self) -> None:
        """The clock's thread lives."""
        self._sign = time.monotonic()

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Work of this name is under way in the calling thread."""
        self._working[name] = (time.monotonic(), threading.get_ident())
        try:
            yield
        finally:
            del self._working[name]

    @property
    def at_work(self) -> bool:
        """Whether some work is under way."""
        return bool(self._working)

    def check_clock(self) -> None:
        """Raises ClockDied: without its beats the lease runs out."""
        quiet = time.monotonic() - self._sign
        if quiet > self._clock_seconds:
            raise ClockDied(
                _(
                    "the daemon's clock gave no sign for {seconds:.0f} s: the daemon ends; start "
                    "it again, it goes on where it stood"
                ).format(seconds=quiet)
            )

    def check_work(self) -> None:
        """Raises WorkHangs when work is older than it may become."""
        now = time.monotonic()
        for name, (since, thread) in list(self._working.items()):
            if now - since > self._work_seconds:
                message = _(
                    "the daemon's {work} has hung for {seconds:.0f} s: the daemon ends at once; "
                    "start it again, it goes on where it stood"
                ).format(work=_(name), seconds=now - since)
                raise WorkHangs(message, _stack(thread))


def _stack(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    return "".join(traceback.format_stack(frame)) if frame is not None else ""
