"""The outbox goes out: each notice at most once, whatever is killed and when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from rollout.application.notices.mail import (
    InDoubt,
    Later,
    Mail,
    Mailer,
    NoMail,
    Outcome,
    Refused,
    Taken,
)
from rollout.application.ports import Clock
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.settings import Settings
from rollout.store import notices
from rollout.store.database import Database
from rollout.store.notices import Letter

ACTOR = "notices"


class Writer(Protocol):
    """Makes the mail of a notice."""

    def mail(self, letter: Letter, to: str, key: str, at: datetime) -> Mail:
        """The mail to that address. Raises NoMail, TemplateBroken."""


@dataclass
class Sent:
    """What one round did; `waiting` says why it ended before its end."""

    sent: int = 0
    failed: int = 0
    in_doubt: int = 0
    outdated: int = 0
    waiting: str = ""


def address_of(letter: Letter, settings: Settings) -> str:
    """Where the owner's mail goes."""
    return letter.upn or settings.accounts.upn_by_number(letter.staff_number)


def outbox(database: Database, states: Sequence[NoticeState]) -> list[Letter]:
    """Notices about machines in these states, oldest first."""
    with database.read() as session:
        return notices.letters(session, states)


def outdated(letter: Letter, at: datetime, settings: Settings) -> bool:
    """Whether the mail would tell a day that is over, or no longer the machine's."""
    today = at.astimezone(settings.programme.zone).date()
    return letter.day < today or letter.planned_day != letter.day


class Outbox:
    """Sends what is planned. One at a time: the caller holds whatever keeps others from it."""

    def __init__(
        self, database: Database, settings: Settings, mailer: Mailer, writer: Writer, clock: Clock
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._mailer, self._writer = mailer, writer

    def round(
        self, kinds: Sequence[NoticeKind], limit: int, wait: Callable[[float], object]
    ) -> Sent:
        """Send up to `limit` planned notices. Raises MailAway, TemplateBroken."""
        done = Sent()
        for letter in outbox(self._database, [NoticeState.PLANNED]):
            if done.sent + done.failed >= limit or done.waiting:
                break
            if kinds and letter.kind not in kinds:
                continue
            if letter.tried_at is None and outdated(letter, self._clock.now(), self._settings):
                done.outdated += 1
                continue
            self._one(letter, done, wait)
        return done

    def _one(self, letter: Letter, done: Sent, wait: Callable[[float], object]) -> None:
        at = self._clock.now()
        key = f"{letter.kind}/{letter.asset_tag}/{letter.day}/{letter.version}"
        try:
            mail = self._writer.mail(letter, address_of(letter, self._settings), key, at)
        except NoMail as none:
            self._settle(letter, Refused("NoMail", str(none)), done)
            return
        if letter.tried_at is not None:
            if self._mailer.find(key) is not None:
                self._settle(letter, Taken(), done)
                return
            # The mailbox shows a mail a while after it was sent.
            if at - letter.tried_at < timedelta(minutes=self._settings.notices.doubt_minutes):
                done.in_doubt += 1
                return
        with self._database.write() as session:
            if not notices.tried(session, letter.id, at, before=letter.tried_at):
                return
        outcome = self._mailer.send(mail)
        while isinstance(outcome, Later) and outcome.seconds <= 60:
            wait(outcome.seconds)
            outcome = self._mailer.send(mail)
        self._settle(letter, outcome, done, at)

    def _settle(
        self, letter: Letter, outcome: Outcome, done: Sent, tried_at: datetime | None = None
    ) -> None:
        at = self._clock.now()
        with self._database.write() as session:
            match outcome:
                case Taken():
                    notices.sent(session, [letter.id], actor=ACTOR, at=at)
                    done.sent += 1
                case Refused():
                    why = f"{outcome.code}: {outcome.why} ({outcome.request_id or '-'})"
                    notices.failed(session, [letter.id], actor=ACTOR, at=at, reason=why)
                    done.failed += 1
                case InDoubt():
                    done.in_doubt += 1
                case Later():
                    notices.tried(session, letter.id, letter.tried_at, before=tried_at)
                    done.waiting = outcome.why or f"{outcome.seconds:.0f} s"

    def rehearse(self, to: str, kinds: Sequence[NoticeKind], limit: int, key: str) -> int:
        """Send what is planned to one address and record nothing; how many. Raises MailAway."""
        count = 0
        for letter in outbox(self._database, [NoticeState.PLANNED]):
            if count >= limit or (kinds and letter.kind not in kinds):
                continue
            mail = self._writer.mail(letter, to, f"{key}/{letter.id}", self._clock.now())
            if not isinstance(self._mailer.send(mail), Taken):
                break
            count += 1
        return count
