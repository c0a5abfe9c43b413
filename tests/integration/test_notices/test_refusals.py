"""Mails that the service refuses, and the thread that sends; the mailbox is the port's fake."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from notice_bureau import TAG, Bureau

from rollout.application import machines
from rollout.application.machines import Filter
from rollout.application.notices.mail import (
    Bounce,
    Found,
    Later,
    Mail,
    MailAway,
    MailboxStanding,
    Outcome,
    Refused,
    Taken,
)
from rollout.application.notices.work import NoticesWork
from rollout.domain.notice import NoticeState
from rollout.service.notices import notices_thread
from rollout.store import notices


@dataclass
class FakeMailbox:
    """Answers what it is told to, then takes everything."""

    answers: list[Outcome] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    away: str = ""
    sent: threading.Event = field(default_factory=threading.Event)
    closed: bool = False

    def send(self, mail: Mail) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Taken()
        if isinstance(answer, Taken):
            self.mails.append(mail)
            self.sent.set()
        return answer

    def find(self, key: str) -> Found | None:
        return None

    def bounces(self, since: datetime) -> Sequence[Bounce]:
        if self.away:
            raise MailAway(self.away)
        return ()

    def standing(self) -> MailboxStanding:
        return MailboxStanding((), True)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bureau_with(tmp_path: Path) -> Iterator[Callable[..., Bureau]]:
    made: list[Bureau] = []

    def make(*answers: Outcome, more: str = "") -> Bureau:
        made.append(Bureau(tmp_path, FakeMailbox(list(answers)), "dx@pref.example.jp", more))
        return made[-1]

    yield make
    for one in made:
        one.database.close()


REFUSED = Refused("ErrorInvalidRecipients", "no such recipient", "r-1")


def test_a_refused_mail_goes_again_after_pauses_that_grow(
    bureau_with: Callable[..., Bureau],
) -> None:
    bureau = bureau_with(REFUSED, REFUSED)
    keys = []
    for pause in (15, 30):
        assert bureau.cycle().failed == 1
        with bureau.database.read() as session:
            (letter,) = notices.letters(session, [NoticeState.FAILED])
        keys.append(letter.mail_key)
        assert letter.next_at == bureau.clock.moment + timedelta(minutes=pause)
        assert "r-1" in (letter.cause or "")
        bureau.clock.moment += timedelta(minutes=pause - 1)
        assert bureau.cycle().failed == 0
        bureau.clock.moment += timedelta(minutes=1)

    assert bureau.cycle().sent == 1
    assert len({*keys, bureau.mailer.mails[0].key}) == 3


def test_a_mail_that_is_refused_too_often_waits_for_a_person_and_says_so(
    bureau_with: Callable[..., Bureau],
) -> None:
    bureau = bureau_with(*[REFUSED] * 2, more="attempts = 2\n")
    bureau.cycle()
    bureau.clock.moment += timedelta(minutes=15)
    bureau.cycle()
    bureau.clock.moment += timedelta(days=1)
    bureau.cycle()

    assert bureau.states() == [("days_before", "failed")]
    (joined,) = machines.listing(bureau.database, Filter(needs_a_person=True))
    assert joined.machine.asset_tag == TAG
    assert "no such recipient" in (joined.cause or "")


def test_an_address_that_is_none_blames_the_address_and_is_not_tried_again(
    bureau_with: Callable[..., Bureau],
) -> None:
    bureau = bureau_with()
    with bureau.database.write() as session:
        from sqlalchemy import text

        session.execute(text("UPDATE people SET upn = 'yamada' WHERE id = 1"))
    bureau.cycle()
    with bureau.database.read() as session:
        (letter,) = notices.letters(session, [NoticeState.FAILED])
    assert letter.next_at is None
    assert "yamada" in (letter.cause or "")


def test_a_long_pause_of_the_mailbox_ends_the_round_and_loses_nothing(
    bureau_with: Callable[..., Bureau],
) -> None:
    bureau = bureau_with(Later(3600, "quota of the day"))
    cycle = bureau.cycle()
    assert (cycle.sent, cycle.waiting, cycle.seconds) == (0, "quota of the day", 3600)
    assert bureau.states() == [("days_before", "planned")]
    assert bureau.cycle().sent == 1


def test_a_stop_in_a_pause_of_the_mailbox_keeps_the_mail_back(
    bureau_with: Callable[..., Bureau],
) -> None:
    from rollout.application.notices.sending import Pace
    from rollout.application.operators import Operator
    from rollout.application.stops import halt
    from rollout.domain.stop import StopScope
    from rollout.settings import OperatorRole

    bureau = bureau_with(Later(2))
    sato = Operator("sato", OperatorRole.OPERATOR)
    now = bureau.clock.moment

    def stop(_seconds: float) -> None:
        halt(bureau.database, StopScope.ALL, "", sato, now, "訓練")

    bureau.work.cycle(Pace(stop))
    assert bureau.mailer.mails == []
    assert bureau.states() == [("days_before", "planned")]


def test_the_thread_sends_and_ends_when_it_is_told_to(
    bureau_with: Callable[..., Bureau],
) -> None:
    bureau = bureau_with()
    failures: list[Exception] = []

    def make() -> NoticesWork:
        return bureau.work

    thread = notices_thread(make, failures.append)
    thread.start()
    assert bureau.mailer.sent.wait(20)
    thread.stop()
    assert bureau.states() == [("days_before", "sent")]
    assert (failures, bureau.mailer.closed) == ([], True)


def test_a_mailbox_that_is_away_ends_nothing(bureau_with: Callable[..., Bureau]) -> None:
    bureau = bureau_with()
    bureau.mailer.away = "no mailbox"
    failures: list[Exception] = []
    asked = threading.Event()

    def make() -> NoticesWork:
        asked.set()
        return bureau.work

    thread = notices_thread(make, failures.append)
    thread.start()
    assert asked.wait(20)
    thread.stop()
    assert (failures, bureau.mailer.mails) == ([], [])
