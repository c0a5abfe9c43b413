"""Work beside the ticks, in a thread of its own: it waits for answers, which no tick should."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from rollout.domain.errors import RolloutError
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)

AWAY_SECONDS = 60.0
"""Until a service that cannot be asked is asked again."""


class Closable(Protocol):
    """What holds connections."""

    def close(self) -> None:
        """Give them back."""


W = TypeVar("W", bound=Closable)


class BesideThread(Generic[W]):
    """Works while the daemon holds the lease; what is under way is finished before it ends.

    `make` is called in its thread: signing in belongs there, too. `cycle` looks once and answers
    the seconds until the next look; it is given the event that is set when it should end. `away`
    are errors that end by themselves or by a person's hand. `failed` hears of any other that is
    not the database's, after which nothing is done any more.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], W],
        cycle: Callable[[W, threading.Event], float],
        *,
        away: tuple[type[RolloutError], ...],
        failed: Callable[[Exception], None],
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        self.name = name
        self._make, self._cycle, self._failed = make, cycle, failed
        self._away, self._away_seconds = away, away_seconds
        self._stop = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Order nothing more and wait for the answers that are under way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        work = self._work_until_stopped()
        if work is not None:
            work.close()

    def _work_until_stopped(self) -> W | None:
        work: W | None = None
        while not self._stop.is_set():
            wait = self._away_seconds
            try:
                work = work or self._make()
                wait = self._cycle(work, self._stop)
                self._say(None)
            except self._away as away:
                self._say(str(away))
            except Exception as error:  # noqa: BLE001  (handed on)
                why = unavailable(error)
                if why is None:
                    self._failed(error)
                    return work
                self._say(why)
            self._stop.wait(wait)
        return work

    def _say(self, why: str | None) -> None:
        """What keeps the work waiting, once, and when it is over."""
        if why is not None and why != self._trouble:
            log.error(
                "%s wait, and are tried again every %.0f s: %s", self.name, self._away_seconds, why
            )
        elif why is None and self._trouble is not None:
            log.warning("%s go on", self.name)
        self._trouble = why
