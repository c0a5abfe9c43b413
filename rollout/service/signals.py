"""SIGINT and SIGTERM: the daemon or a worker is to end in order."""

import logging
import signal
from types import FrameType
from typing import Protocol

from rollout.domain.words import msgid

log = logging.getLogger(__name__)


class Stoppable(Protocol):
    """What ends when it is told to, and in haste when it is told again."""

    def stop(self) -> None:
        """End."""


def stop_on_signals(who: Stoppable) -> None:
    """Either signal ends it in order."""

    def handle(number: int, _frame: FrameType | None) -> None:
        log.info(msgid("%s: stopping"), signal.Signals(number).name)
        who.stop()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
