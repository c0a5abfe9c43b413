"""A failure is told in bounded plain text that a terminal shows as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.ansible.messages import clean, message_of


@given(st.text(max_size=5000))
def test_cleaned_text_is_bounded_and_moves_no_cursor(text):
    cleaned = clean(text)
    assert len(cleaned) <= 2000
    assert not [c for c in cleaned if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert clean(cleaned) == cleaned
    cleaned.encode()


def test_a_long_text_keeps_its_beginning_and_its_end():
    text = clean("first " + "x" * 9000 + " last")
    assert text.startswith("first")
    assert text.endswith("last")


def test_colours_and_reversed_text_are_removed():
    assert clean("\x1b[31mred\x1b[0m \u202eabc\u2066\r\nnext\x07") == "red abc\nnext"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"msg": "the disk is full"}, "the disk is full"),
        ({"msg": ["one", "two"]}, "one\ntwo"),
        ({"msg": "non-zero return code", "stderr": "no such file"}, "no such file"),
        ({"msg": "MODULE FAILURE\nSee stdout/stderr", "module_stderr": "Traceback"}, "Traceback"),
        ({"censored": "hidden by no_log", "msg": "x"}, "hidden by no_log"),
        ({}, "failed without a message"),
        (
            {
                "msg": "One or more items failed",
                "results": [
                    {"item": "a", "msg": "fine"},
                    {"item": "b", "failed": True, "msg": "bad"},
                ],
            },
            "b: bad",
        ),
    ],
)
def test_the_message_says_why(result, expected):
    assert expected in message_of(result)


def test_a_powershell_refusal_reaches_the_operator_in_its_own_words() -> None:
    result = {
        "msg": "Task failed: Module failed: Unknown error.",
        "error": [{"exception": {"message": "PC20-00417: the serial is X, not Y"}}],
    }
    assert message_of(result) == "PC20-00417: the serial is X, not Y"
