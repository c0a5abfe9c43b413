"""Going on with people's accounts beside the ticks: it waits for answers, which no tick should."""

import logging
import threading
from collections.abc import Callable

from rollout.application.accounts.directory import DirectoryAway
from rollout.application.accounts.work import AccountsWork
from rollout.application.ports import Clock
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)

NAME = "accounts"
LOOK_SECONDS = 10.0
"""Between two looks whether something was asked for."""
AWAY_SECONDS = 60.0
"""Until a directory that cannot be asked is asked again."""


class AccountsThread:
    """Works while the daemon holds the lease; what is under way is finished before it ends.

    `make` is called in its thread: signing in belongs there, too. `failed` hears of an error that
    is neither the directory's nor the database's, after which nothing is done any more.
    """

    def __init__(
        self,
        make: Callable[[], AccountsWork],
        clock: Clock,
        failed: Callable[[Exception], None],
    ) -> None:
        self._make, self._clock, self._failed = make, clock, failed
        self._stop = threading.Event()
        self._away: str | None = None
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

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

    def _work_until_stopped(self) -> AccountsWork | None:
        work: AccountsWork | None = None
        while not self._stop.is_set():
            wait = AWAY_SECONDS
            try:
                work = work or self._make()
                wait = self._cycle(work)
                self._say(None)
            except DirectoryAway as away:
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
        """What keeps the accounts waiting, once, and when it is over."""
        if why is not None and why != self._away:
            log.error("accounts wait, and are tried again every %.0f s: %s", AWAY_SECONDS, why)
        elif why is None and self._away is not None:
            log.warning("accounts go on")
        self._away = why

    def _cycle(self, work: AccountsWork) -> float:
        """One look; the seconds until the next."""
        cycle = work.cycle(self._stop.is_set)
        if cycle.taken:
            log.info("accounts: %s looked at, %s reached their end", cycle.taken, cycle.ended)
        if cycle.next_look is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.0, (cycle.next_look - self._clock.now()).total_seconds()))
