"""Sending notices beside the ticks."""

import logging
import threading
from collections.abc import Callable

from rollout.application.notices.mail import MailAway
from rollout.application.notices.sending import Pace, TemplateBroken
from rollout.application.notices.work import NoticesWork
from rollout.domain.words import msgid
from rollout.service.beside import BesideThread

log = logging.getLogger(__name__)

NAME = "notices"


def notices_thread(
    make: Callable[[], NoticesWork], failed: Callable[[Exception], None]
) -> BesideThread[NoticesWork]:
    """The thread that fills the outbox and sends."""

    def cycle(work: NoticesWork, stop: threading.Event) -> float:
        done = work.cycle(Pace(stop.wait, stop.is_set))
        if done.sent or done.failed or done.came_back:
            log.info(msgid("notices: %s sent, %s refused, %s came back"), done.sent, done.failed,
                     done.came_back)  # fmt: skip
        if done.waiting:
            log.warning(
                msgid("the mailbox takes no more for %.0f s: %s"), done.seconds, done.waiting
            )
        return done.seconds

    return BesideThread(NAME, make, cycle, away=(MailAway, TemplateBroken), failed=failed)
