"""What may be a mail: nothing in it becomes another header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.application.notices.mail import LARGEST, Attachment, Mail, NoMail, is_address


@given(st.text())
def test_a_subject_is_one_line(subject: str) -> None:
    made = Mail("k", ("a@b.example",), subject, "").subject
    assert len(made.splitlines()) <= 1


@given(st.text(), st.sampled_from(["\r\nBcc: x@y.example", "\n", "\x00", ", c@d.example", "<"]))
def test_an_address_with_more_in_it_is_none(before: str, more: str) -> None:
    assert not is_address(f"{before}a@b.example{more}")


@pytest.mark.parametrize("to", [(), ("",), ("a@b.example", "nobody")])
def test_a_mail_needs_addresses(to: tuple[str, ...]) -> None:
    with pytest.raises(NoMail):
        Mail("k", to, "s", "t")


def test_what_is_too_big_for_a_mail_is_said_before_it_is_sent() -> None:
    big = Attachment("a.xlsx", "application/octet-stream", b"0" * (LARGEST + 1))
    with pytest.raises(NoMail):
        Mail("k", ("a@b.example",), "s", "t", attachments=(big,))
