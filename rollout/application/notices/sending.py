"""The outbox goes out: each notice at most once, whatever is killed and when."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session

from rollout.application.choosing import today
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
from rollout.application.notices.particulars import NOTHING, Particulars, particulars
from rollout.application.ports import Clock
from rollout.domain.errors import RolloutError
from rollout.domain.notice import ABOUT_THE_DAY, NoticeKind, NoticeState
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import leases, machines, notices, stops
from rollout.store.database import Database
from rollout.store.notices import Letter

ACTOR = "notices"
PORTION = 200
"""Notices that are read at a time."""
_DAYS_TO_COME = ABOUT_THE_DAY | {NoticeKind.DAY_BEFORE}
_HELD_BACK = _DAYS_TO_COME | {NoticeKind.CUTOVER_DAY}
"""A stop may change these days."""
_DOUBLINGS = 10
_LONGEST_PAUSE = 60.0
"""Seconds; for longer ones the round ends."""


class TemplateBroken(RolloutError):
    """A template cannot be used; the message names file, line and remedy."""


class Writer(Protocol):
    """Makes the mail of a notice."""

    def mail(self, letter: Letter, more: Particulars, to: str, key: str, at: datetime) -> Mail:
        """The mail to that address. Raises NoMail, TemplateBroken."""

    def check(self) -> None:
        """Whether every kind can be written. Raises TemplateBroken."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Pace:
    """How the sender waits for the mailbox's limits, and when it is to end."""

    wait: Callable[[float], object] = time.sleep
    stopped: Callable[[], bool] = _never


@dataclass
class Sent:
    """What one round did; `waiting` says why it ended before its end, and `seconds` for how
    long."""

    sent: int = 0
    failed: int = 0
    in_doubt: int = 0
    held_back: int = 0
    waiting: str = ""
    seconds: float = 0.0


def address_of(letter: Letter, settings: Settings) -> str:
    """Where the person's mail goes."""
    return letter.upn or settings.accounts.upn_by_number(letter.staff_number)


def outbox(
    database: Database, states: Sequence[NoticeState], kinds: Collection[NoticeKind] = ()
) -> list[Letter]:
    """Notices in these states, oldest first."""
    with database.read() as session:
        return notices.letters(session, states, kinds)


def key_of(letter: Letter) -> str:
    """The key under which this attempt goes; a retry after a refusal has another version."""
    about = letter.asset_tag or f"person-{letter.person_id}-{letter.about}"
    return f"{letter.kind}/{about}/{letter.day}/{letter.edition}/{letter.version}"


class Outbox:
    """Sends what is planned. With a lease, only as long as that is in force; two senders at once
    send each mail once all the same."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        mailer: Mailer,
        writer: Writer,
        clock: Clock,
        *,
        lease_epoch: int | None = None,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._mailer, self._writer, self._epoch = mailer, writer, lease_epoch

    def round(self, kinds: Collection[NoticeKind], limit: int, pace: Pace) -> Sent:
        """Send up to `limit` planned notices. Raises MailAway, TemplateBroken, LeaseHeld."""
        done, after = Sent(), 0
        while portion := self._planned(kinds, after):
            for letter in portion:
                if done.sent + done.failed >= limit or done.waiting or pace.stopped():
                    return done
                after = letter.id
                if letter.tried_at is None and self._is_held_back(letter):
                    done.held_back += 1
                    continue
                self._one(letter, done, pace)
        return done

    def _planned(self, kinds: Collection[NoticeKind], after: int) -> list[Letter]:
        with self._database.read() as session:
            return notices.letters(
                session, [NoticeState.PLANNED], kinds, limit=PORTION, after=after
            )

    def _is_held_back(self, letter: Letter) -> bool:
        """Whether a stop is in force that may move the day, or everything is stopped."""
        with self._database.read() as session:
            found = stops.stopped(session)
            if found.everything or not (found.generations or found.sites):
                return found.everything
            site = machines.site_keys(session).get(letter.site_id or 0)
        return letter.kind in _HELD_BACK and found.reaches(letter.generation, site)

    def _one(self, letter: Letter, done: Sent, pace: Pace) -> None:
        at = self._clock.now()
        key = letter.mail_key or key_of(letter)
        with self._database.read() as session:
            more = particulars(session, self._settings, letter)
        if more is None and letter.tried_at is None:
            self._drop(letter, told(msgid("there is nothing left to tell")))
            return
        try:
            to = address_of(letter, self._settings)
            mail = self._writer.mail(letter, more or NOTHING, to, key, at)
        except NoMail as none:
            self._settle(letter, Refused("NoMail", str(none)), done, at, key)
            return
        if letter.tried_at is not None:
            if self._mailer.find(key) is not None:
                self._settle(letter, Taken(), done, at, key)
                return
            # The mailbox shows a mail a while after it was sent.
            if at - letter.tried_at < timedelta(minutes=self._settings.notices.doubt_minutes):
                done.in_doubt += 1
                return
        if not self._order(letter, at, key):
            return
        self._settle(letter, self._send(letter, mail, pace), done, at, key)

    def _send(self, letter: Letter, mail: Mail, pace: Pace) -> Outcome:
        """Hand it over, after the pauses that the mailbox asks for; not when all is stopped in
        one of them."""
        outcome = self._mailer.send(mail)
        while isinstance(outcome, Later) and outcome.seconds <= _LONGEST_PAUSE:
            pace.wait(outcome.seconds)
            if pace.stopped() or self._is_held_back(letter):
                break
            outcome = self._mailer.send(mail)
        return outcome

    def _order(self, letter: Letter, at: datetime, key: str) -> bool:
        """Keep before the order that it is given; False when somebody else gives it."""
        with self._database.write() as session:
            self._must_lead(session)
            return notices.tried(session, letter, at, before=letter.tried_at, key=key)

    def _settle(
        self, letter: Letter, outcome: Outcome, done: Sent, tried_at: datetime, key: str
    ) -> None:
        at = self._clock.now()
        with self._database.write() as session:
            match outcome:
                case Taken():
                    notices.sent(session, [letter.id], actor=ACTOR, at=at)
                    done.sent += 1
                case Refused():
                    notices.failed(
                        session,
                        [letter.id],
                        actor=ACTOR,
                        at=at,
                        reason=_refusal(outcome),
                        next_at=self._next(letter, outcome, at),
                    )
                    done.failed += 1
                case InDoubt():
                    done.in_doubt += 1
                case Later():
                    notices.tried(session, letter, letter.tried_at, before=tried_at, key=key)
                    done.waiting = outcome.why or f"{outcome.seconds:.0f} s"
                    done.seconds = outcome.seconds

    def _next(self, letter: Letter, refused: Refused, at: datetime) -> datetime | None:
        """When a refused mail goes again; None: it waits for a person."""
        own = self._settings.notices
        if refused.code == "NoMail" or letter.refusals + 1 >= own.attempts:
            return None
        return at + timedelta(minutes=own.retry_minutes * 2 ** min(letter.refusals, _DOUBLINGS))

    def _drop(self, letter: Letter, why: Told) -> None:
        with self._database.write() as session:
            self._must_lead(session)
            notices.dropped(session, [letter.id], actor=ACTOR, at=self._clock.now(), reason=why)

    def _must_lead(self, session: Session) -> None:
        if self._epoch is not None:
            leases.require(session, self._epoch)

    def go_again(self) -> int:
        """Plan the refused mails anew whose pause is over; how many. Raises LeaseHeld."""
        at = self._clock.now()
        with self._database.read() as session:
            if not notices.to_go_again(session, at):
                return 0
        with self._database.write() as session:
            self._must_lead(session)
            ids = notices.to_go_again(session, at)
            notices.again(session, ids, actor=ACTOR, at=at)
            return len(ids)

    def take_back(self, since: datetime) -> int:
        """Record the mails that came back since, by the mailbox's own clock; how many.

        Raises MailAway, LeaseHeld.
        """
        came = {bounce.key: bounce for bounce in self._mailer.bounces(since)}
        with self._database.read() as session:
            if not notices.sent_under(session, came):
                return 0
        at = self._clock.now()
        with self._database.write() as session:
            self._must_lead(session)
            known = notices.sent_under(session, came)
            for key, id_ in known.items():
                reason = told(msgid("came back: {why}"), why=came[key].why)
                notices.failed(session, [id_], actor=ACTOR, at=at, reason=reason)
            return len(known)

    def rehearse(
        self, to: str, kinds: Collection[NoticeKind], limit: int, key: str
    ) -> tuple[int, str]:
        """Send what is planned to one address and record nothing; how many went, and why not all.

        Raises MailAway, TemplateBroken.
        """
        count = 0
        for letter in outbox(self._database, [NoticeState.PLANNED], kinds)[:limit]:
            with self._database.read() as session:
                more = particulars(session, self._settings, letter)
            at = self._clock.now()
            mail = self._writer.mail(letter, more or NOTHING, to, f"{key}/{letter.id}", at)
            outcome = self._mailer.send(mail)
            if not isinstance(outcome, Taken):
                return count, outcome.why
            count += 1
        return count, ""


def is_over(settings: Settings, any_open_wave: bool, at: datetime) -> bool:
    """Whether the programme is closed: after the cutover, with no wave that goes on."""
    return today(settings, at) > settings.programme.cutover and not any_open_wave


def _refusal(refused: Refused) -> Told:
    return told(
        msgid("refused: {code}: {why} (request {request})"),
        code=refused.code,
        why=refused.why,
        request=refused.request_id or "-",
    )
