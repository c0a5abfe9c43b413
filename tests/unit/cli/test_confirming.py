"""A question is asked at a terminal only, in the reader's language; nothing but a yes says yes."""

import os
import pty
import subprocess
import sys

import pytest

_ASKS = """
from rollout.cli.confirming import confirm
from rollout.domain.errors import NeedsApproval
try:
    confirm("進めますか", yes=False)
    print("gone on")
except NeedsApproval as refused:
    print(f"refused: {refused}")
"""


def asked(typed: bytes) -> str:
    """What a terminal shows when these keys are pressed."""
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, typed)
        ended = subprocess.run(
            [sys.executable, "-c", _ASKS],
            stdin=terminal,
            capture_output=True,
            check=True,
            timeout=60,
            env={**os.environ, "ROLLOUT_LANG": "ja", "PYTHONUTF8": "1"},
        )
        return ended.stdout.decode()
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize("typed", ["y", "Ｙ", "yes", "はい"])
def test_a_yes_goes_on(typed: str) -> None:
    assert "gone on" in asked(f"{typed}\n".encode())


@pytest.mark.parametrize("typed", ["\n", "n\n", "いいえ\n", "\x04"])
def test_a_no_or_the_end_changes_nothing(typed: str) -> None:
    assert "refused: 何も変更していません" in asked(typed.encode())


def test_what_is_neither_is_asked_again_in_words() -> None:
    shown = asked("もしかして\ny\n".encode())
    assert "y か n で答えてください" in shown
    assert shown.count("進めますか [y/N]") == 2
    assert "gone on" in shown


def test_without_a_terminal_it_names_the_option() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ASKS], stdin=subprocess.DEVNULL, capture_output=True, check=True,
        timeout=60, env={**os.environ, "ROLLOUT_LANG": "ja", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert "--yes" in ended.stdout.decode()
