"""What is not there is told with the command that lists what is."""

import pytest

from rollout.domain.errors import NotAllowed, NotFound
from rollout.domain.notice import NOTICE, NoticeVerb


@pytest.mark.parametrize(
    ("noun", "command"),
    [("machine", "machine list"), ("person", "readiness"), ("takeout", "takehome list")],
)
def test_the_remedy_is_a_command_that_exists(noun: str, command: str) -> None:
    assert f"see `rollout {command}`" in str(NotFound(noun, "X"))


def test_what_is_not_possible_says_what_is():
    with pytest.raises(NotAllowed) as refused:
        NOTICE.move({"state": "failed"}, NoticeVerb.SEND, key="7")
    assert "possible: retry, drop" in str(refused.value)
    with pytest.raises(NotAllowed, match="nor is anything else"):
        NOTICE.move({"state": "dropped"}, NoticeVerb.SEND, key="7")
