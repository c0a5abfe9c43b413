"""One mailbox that sends, against a tenant over HTTPS."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.application.notices.mail import (
    Attachment,
    InDoubt,
    Later,
    Mail,
    MailAway,
    Refused,
    Taken,
    send_once,
)

OWNER = "000001@pref.example.jp"
Post = Any


def mail(key: str = "notice-1", *to: str, subject: str = "端末の入替え") -> Mail:
    return Mail(
        key,
        to or (OWNER,),
        subject,
        "本文",
        html="<p>本文</p>",
        attachments=(Attachment("slot.ics", "text/calendar; method=REQUEST", b"BEGIN"),),
    )


def test_a_mail_goes_and_is_found_by_its_key_only(post_with: Callable[..., Post]) -> None:
    post = post_with()
    assert isinstance(post.mailer.send(mail("o'brien")), Taken)

    assert post.mailer.find("o'brien") is not None
    assert post.mailer.find("another") is None


def test_a_mail_whose_answer_was_lost_goes_once(post_with: Callable[..., Post]) -> None:
    post = post_with()
    post.control("behaviour", lost_answer_share=1)
    assert isinstance(post.mailer.send(mail()), InDoubt)
    post.control("behaviour", lost_answer_share=0)

    assert isinstance(send_once(post.mailer, mail(), tried=True), Taken)
    assert len(post.sent()) == 1


def test_a_mail_that_did_not_go_goes_when_it_is_tried_again(
    post_with: Callable[..., Post],
) -> None:
    post = post_with()
    post.control("behaviour", unavailable_share=1)
    assert isinstance(post.mailer.send(mail()), InDoubt)
    post.control("behaviour", unavailable_share=0)

    assert isinstance(send_once(post.mailer, mail(), tried=True), Taken)
    assert len(post.sent()) == 1


def test_the_limit_of_a_minute_is_told_with_the_time_to_wait(
    post_with: Callable[..., Post],
) -> None:
    post = post_with()
    post.control("behaviour", quotas={"mail-send": [2, 60]})
    said = [post.mailer.send(mail(f"n-{number}")) for number in range(3)]

    assert [type(one) for one in said] == [Taken, Taken, Later]
    assert len(post.sent()) == 2


def test_the_limit_of_a_day_makes_mails_wait_and_refuses_none(
    post_with: Callable[..., Post],
) -> None:
    post = post_with()
    post.control("behaviour", quotas={"mail-recipients": [1, 86_400]})
    post.mailer.send(mail("n-1"))

    waiting = post.mailer.send(mail("n-2"))
    assert isinstance(waiting, Later)
    assert waiting.seconds >= 3600


def test_a_mail_to_nobody_comes_back_with_the_services_words(
    post_with: Callable[..., Post],
) -> None:
    post = post_with()
    post.mailer.send(mail("n-1"))
    post.mailer.send(mail("n-2", "nobody@pref.example.jp"))

    (bounce,) = post.mailer.bounces(datetime.now(UTC) - timedelta(hours=1))
    assert bounce.key == "n-2"
    assert "550 5.1.10" in bounce.why


def test_a_mailbox_that_is_none_stops_all_and_blames_no_mail(
    post_with: Callable[..., Post],
) -> None:
    with pytest.raises(MailAway, match="nobody"):
        post_with(sender="nobody@pref.example.jp").mailer.send(mail())


def test_what_is_not_granted_is_named(post_with: Callable[..., Post]) -> None:
    post = post_with("Mail.Send")

    standing = post.mailer.standing()
    assert (standing.lacking, standing.readable) == (("Mail.Read",), False)


def test_a_refused_mail_has_the_services_words_and_number(post_with: Callable[..., Post]) -> None:
    post = post_with()
    crowd = [f"{number}@elsewhere.example" for number in range(501)]

    refused = post.mailer.send(mail("n-1", *crowd))
    assert isinstance(refused, Refused)
    assert (refused.code, bool(refused.request_id)) == ("ErrorTooManyRecipients", True)
