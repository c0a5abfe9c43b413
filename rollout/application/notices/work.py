"""What the daemon does with notices all the while: fill the outbox, send, record what came back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rollout.application.notices.mail import Mailer
from rollout.application.notices.planning import fill_outbox
from rollout.application.notices.sending import Outbox, Pace, Writer, is_over
from rollout.application.ports import Clock
from rollout.settings import Settings
from rollout.store import notice_needs, stops
from rollout.store.database import Database

LOOK_SECONDS = 60.0
"""Between two looks at what is called for."""
BOUNCES_EVERY = timedelta(minutes=10)
BOUNCES_FROM = timedelta(days=3)
"""A mail may come back days later; what is recorded already is passed over."""
AT_ONCE = 30
"""Mails of one round, so that what holds no longer is seen in between."""


@dataclass(frozen=True)
class Cycle:
    """What one look did, and the seconds until the next; `waiting` is the mailbox's reason."""

    planned: int = 0
    sent: int = 0
    failed: int = 0
    came_back: int = 0
    waiting: str = ""
    seconds: float = LOOK_SECONDS


class NoticesWork:
    """One look after the other; only for the holder of the lease."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        mailer: Mailer,
        writer: Writer,
        clock: Clock,
        *,
        lease_epoch: int,
        mailbox_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._epoch, self._mailer = lease_epoch, mailer
        # A programme's clock may be set; the mailbox's is that of the world.
        self._mailbox_now = mailbox_now
        self._looked_back: datetime | None = None
        self._outbox = Outbox(database, settings, mailer, writer, clock, lease_epoch=lease_epoch)

    def cycle(self, pace: Pace) -> Cycle:
        """Look once. Nothing goes while everything is stopped, or when the programme is over.

        Raises MailAway, TemplateBroken, LeaseHeld.
        """
        at = self._clock.now()
        with self._database.read() as session:
            if stops.stopped(session).everything or is_over(
                self._settings, notice_needs.any_open_wave(session), at
            ):
                return Cycle()
        came_back = self._look_back()
        filled = fill_outbox(self._database, self._settings, at, lease_epoch=self._epoch)
        self._outbox.go_again()
        done = self._outbox.round((), AT_ONCE, pace)
        more = done.sent + done.failed >= AT_ONCE
        seconds = done.seconds if done.waiting else 0.0 if more else LOOK_SECONDS
        return Cycle(filled.new, done.sent, done.failed, came_back, done.waiting, seconds)

    def _look_back(self) -> int:
        now = self._mailbox_now()
        last = self._looked_back
        if last is not None and now - last < BOUNCES_EVERY:
            return 0
        found = self._outbox.take_back((last or now) - BOUNCES_FROM)
        self._looked_back = now
        return found

    def close(self) -> None:
        """Give the mailbox's connections back."""
        self._mailer.close()
