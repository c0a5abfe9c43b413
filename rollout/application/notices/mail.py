"""Sending a mail, whoever carries it; `adapters.graph.mail` fulfils the port."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollout.domain.errors import RolloutError
from rollout.i18n import _

LARGEST = 2_500_000
"""Bytes of attachments that go into one request of the service."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]+@[^\s@<>(),;:\"\\\[\]]+\Z")
_LONGEST_WAIT = 90.0


class MailAway(RolloutError):
    """No mail can be sent now; the message says why and what to do."""


class NoMail(RolloutError):
    """This can never be a mail; the message says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `media_type` with its parameters, such as a charset."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent at most once.

    `key` is the same for every attempt at this mail and for no other. `html` goes instead of
    `text` where it is given. Raises NoMail for addresses that are none and for what is too big;
    line breaks in the subject become spaces, since they would begin another header.
    """

    key: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", _CONTROL.sub(" ", self.subject).strip())
        wrong = [address for address in self.to if not is_address(address)]
        if wrong or not self.to:
            raise NoMail(
                _("{address} is no mail address").format(address=repr(wrong[0]) if wrong else "''")
            )
        size = sum(len(attached.content) for attached in self.attachments)
        if size > LARGEST:
            raise NoMail(
                _(
                    "{size:,} bytes are too big for a mail, which takes {most:,}: deliver it into "
                    "a folder"
                ).format(size=size, most=LARGEST)
            )


def is_address(text: str) -> bool:
    """Whether `text` is one plain address, with nothing that could become another header."""
    return len(text) <= 254 and _CONTROL.search(text) is None and bool(_ADDRESS.match(text))


@dataclass(frozen=True, slots=True)
class Taken:
    """The service has it. `request_id` is for the vendor's support."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will not send this mail: its own words."""

    code: str
    why: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The answer was lost: it may have gone. To be looked for before it is sent again."""

    why: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not sent: too many at this moment. To be tried again after so many seconds."""

    seconds: float
    why: str = ""


Outcome = Taken | Refused | InDoubt | Later


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that the sender's mailbox has."""

    sent_at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that came back; `key` is the mail's."""

    key: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MailboxStanding:
    """How the product stands at the sender's mailbox; `lacking` are roles that are not granted."""

    lacking: tuple[str, ...]
    readable: bool
    why: str = ""


class Mailer(Protocol):
    """One mailbox that sends. Raises MailAway from every method when it cannot be used at all."""

    def send(self, mail: Mail) -> Outcome:
        """Hand one mail to the service; never waits for the service's limits."""

    def find(self, key: str) -> Found | None:
        """The mail of that key, if the mailbox has it; it may appear a while after it was sent."""

    def bounces(self, since: datetime) -> Sequence[Bounce]:
        """Mails of ours that have come back since."""

    def standing(self) -> MailboxStanding:
        """Whether the mailbox may be sent from and read."""

    def close(self) -> None:
        """Give connections back."""


def send_once(
    mailer: Mailer, mail: Mail, *, tried: bool, wait: Callable[[float], object] = time.sleep
) -> Outcome:
    """Send a mail unless the mailbox has it already, waiting for limits up to a minute and a half.

    `tried` says that an earlier attempt may have gone. The mailbox shows a mail a while after it
    was sent, so whoever gets InDoubt tries again minutes later and not at once.
    Raises MailAway.
    """
    waited = 0.0
    while True:
        if tried and mailer.find(mail.key) is not None:
            return Taken()
        outcome = mailer.send(mail)
        if not isinstance(outcome, Later) or waited + outcome.seconds > _LONGEST_WAIT:
            return outcome
        waited += outcome.seconds
        wait(outcome.seconds)
        tried = True
