"""An evening at the screen, in a real terminal: a wave is started and watched against lab PCs, a
failure is retried, and the status exported. All is typed, and waited for on the screen."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Rollout = Any
pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="no tmux is installed: apt-get install tmux"
)


class Terminal:
    """A tmux server of its own, with the screen in it."""

    def __init__(self, folder: Path, configuration: Path) -> None:
        self._socket = str(folder / "tmux")
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "screen", "-x", "160", "-y", "45",
                   "-c", str(folder), "env", f"ROLLOUT_CONFIG={configuration}", "ROLLOUT_LANG=ja",
                   sys.executable, "-m", "rollout.cli", "--actor", "operator", "tui")  # fmt: skip

    def _asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "LANG": "C.UTF-8"},
        )

    def _tmux(self, *arguments: str) -> str:
        done = self._asked(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def text(self) -> str:
        """What can be read."""
        return self._tmux("capture-pane", "-p", "-t", "screen")

    def press(self, *keys: str) -> None:
        """Keys by their names."""
        self._tmux("send-keys", "-t", "screen", *keys)

    def type(self, words: str) -> None:
        """Words as they are."""
        self._tmux("send-keys", "-t", "screen", "-l", words)

    @property
    def open(self) -> bool:
        """Whether the screen is there: the server ends with its last session."""
        return self._asked("has-session").returncode == 0

    def close(self) -> None:
        """End it with everything in it, where it has not ended."""
        self._asked("kill-server")


@pytest.fixture(scope="module")
def rollout(rollouts: Callable[..., Rollout]) -> Rollout:
    """Two lab PCs in a wave that waits for its start; one of them fails at its last step."""
    made = rollouts(reimage_minutes=1)
    first, _second = made.populate(2, owners=["髙橋　美咲", "𠮷田　さくら"], start=False)
    made.fault(first, fails_at="enable")
    return made


@pytest.fixture
def terminal(rollout: Rollout) -> Iterator[Terminal]:
    opened = Terminal(rollout.root, rollout.configuration)
    yield opened
    opened.close()


def test_a_wave_is_started_watched_mended_and_exported_at_the_screen(
    rollout: Rollout, terminal: Terminal
):
    def sees(*words: str) -> None:
        try:
            rollout.until(lambda: all(word in terminal.text for word in words))
        except AssertionError:
            pytest.fail(f"{words} not on the screen:\n{terminal.text}")

    sees("概況", "全 2 台", "デーモン: なし")
    terminal.press("2")
    sees("期間", "申請者", "0/2")
    terminal.press("S")
    sees("ウェーブ 1: 開始")
    terminal.type("2")
    terminal.press("Enter")
    sees("実施中")
    served = threading.Thread(target=rollout.daemon, name="daemon")
    served.start()
    terminal.press("3")
    sees("管理番号", "移行完了", "失敗")
    served.join()
    rollout.mend("DK20-000001")
    terminal.press("5")
    sees("原因 1 件")
    terminal.press("r")
    sees("理由 (履歴に残ります)")
    terminal.type("配線を直した")
    terminal.press("Enter")
    rollout.until(lambda: rollout.states()["DK20-000001"] != "failed")
    served = threading.Thread(target=rollout.daemon, name="daemon again")
    served.start()
    terminal.press("2")
    sees("期間", "2/2")
    served.join()
    terminal.press("e")
    sees("進捗報告書")
    terminal.press("End", "Enter")
    sees("書き出しました")
    written = list((rollout.root / "out").iterdir())
    assert {file.name for file in written} >= {"status.csv", "status.json"}
    terminal.press("q")
    rollout.until(lambda: not terminal.open)
    assert set(rollout.states().values()) == {"migrated"}
