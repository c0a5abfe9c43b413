"""A database that does not answer: said once and then seldom, and said again when it is over."""

import logging
import time

from rollout.domain.words import msgid

log = logging.getLogger(__name__)

SAY_AGAIN_SECONDS = 60.0


class Trouble:
    """What keeps the works of a daemon or worker from the database; each is tried again."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._since = 0.0
        self._said = 0.0

    def met(self, work: str, why: str) -> None:
        """This work could not be done."""
        now = time.monotonic()
        if not self._reasons:
            self._since = now
        new = why not in self._reasons.values()
        self._reasons[work] = why
        if new or now - self._said >= SAY_AGAIN_SECONDS:
            self._said = now
            log.error(msgid("nothing begins and nothing is recorded, it is tried again: %s"), why)

    def over(self, work: str) -> None:
        """This work was done."""
        if self._reasons.pop(work, None) is not None and not self._reasons:
            seconds = time.monotonic() - self._since
            log.warning(msgid("the database answers again after %.0f s: work goes on"), seconds)
