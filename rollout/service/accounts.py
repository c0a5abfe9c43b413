"""Going on with people's accounts beside the ticks."""

import logging
import threading
from collections.abc import Callable

from rollout.application.accounts.directory import DirectoryAway
from rollout.application.accounts.work import AccountsWork
from rollout.application.ports import Clock
from rollout.domain.words import msgid
from rollout.service.beside import AWAY_SECONDS, BesideThread

log = logging.getLogger(__name__)

NAME = "accounts"
LOOK_SECONDS = 10.0
"""Between two looks whether something was asked for."""


def accounts_thread(
    make: Callable[[], AccountsWork],
    clock: Clock,
    failed: Callable[[Exception], None],
    *,
    away_seconds: float = AWAY_SECONDS,
) -> BesideThread[AccountsWork]:
    """The thread that carries out what is asked for."""

    def cycle(work: AccountsWork, stop: threading.Event) -> float:
        done = work.cycle(stop.is_set)
        if done.taken:
            log.info(msgid("accounts: %s looked at, %s reached their end"), done.taken, done.ended)
        if done.next_look is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.0, (done.next_look - clock.now()).total_seconds()))

    return BesideThread(
        NAME, make, cycle, away=(DirectoryAway,), failed=failed, away_seconds=away_seconds
    )
