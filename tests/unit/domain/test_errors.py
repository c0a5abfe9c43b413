"""What is not there is told with the command that lists what is."""

import pytest

from rollout.domain.errors import NotFound


@pytest.mark.parametrize(
    ("noun", "command"),
    [("machine", "machine list"), ("person", "readiness"), ("takeout", "takehome list")],
)
def test_the_remedy_is_a_command_that_exists(noun: str, command: str) -> None:
    assert f"see `rollout {command}`" in str(NotFound(noun, "X"))
