"""Work as SYSTEM belongs to the PC: the end of the session does not end it, nor start it twice."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rollout.lab.windows import background
from rollout.lab.windows.state import PcFolder

#: A session that orders work: the work waits for a file, notes that it ran, and ends.
_SESSION = """
import sys, threading, time
from pathlib import Path
from rollout.lab.windows import background
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.state import PcFolder

pc, order = PcFolder(Path(sys.argv[1])), sys.argv[2]

def work():
    with (pc.path / "ran").open("a") as stream:
        stream.write("once\\n")
    while not (pc.path / "go").exists():
        time.sleep(0.01)
    return {"failed": False, "changed": True, "value": order}

if len(sys.argv) > 4:  # let the work end only once this session is following it
    threading.Timer(0.5, (pc.path / "go").touch).start()
try:
    what, _, epoch = order.partition("@")
    print(background.follow(pc, "copy", what, int(epoch), work, float(sys.argv[3]))["value"])
except ScriptError as error:
    print(error)
"""


def _session(pc: PcFolder, order: str, wait: float = 30, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SESSION, str(pc.path), order, str(wait), *more],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).resolve().parents[3],
    )


def _said(session: subprocess.Popen[str]) -> str:
    return session.communicate(timeout=60)[0].strip()


def _task(pc: PcFolder) -> dict[str, Any]:
    task: dict[str, Any] = json.loads((pc.tasks / "copy.json").read_text())
    return task


def _until(condition: Any) -> None:
    deadline, pause = time.monotonic() + 90, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def _lose(pc: PcFolder, order: str) -> None:
    """A session whose connection breaks when its work has begun."""
    lost = _session(pc, order)
    _until(lambda: (pc.path / "ran").exists())
    os.killpg(lost.pid, signal.SIGKILL)
    lost.communicate(timeout=30)


def test_work_survives_its_session_and_a_later_order_for_it_follows_it(pc: PcFolder) -> None:
    _lose(pc, "files@1")
    assert "other work 'copy' still runs" in _said(_session(pc, "pictures@1"))
    assert "still runs after 0 s and goes on by itself" in _said(_session(pc, "files@1", 0))
    assert _said(_session(pc, "files@2", 30, "let it end")) == "files@1"
    assert (pc.path / "ran").read_text() == "once\n"


def test_work_that_ended_untold_tells_its_end_once_and_to_its_own_order_only(
    pc: PcFolder,
) -> None:
    _lose(pc, "files@1")
    (pc.path / "go").touch()
    _until(lambda: _task(pc)["ended"])
    assert _said(_session(pc, "files@1")) == "files@1"
    assert (pc.path / "ran").read_text() == "once\n"
    assert _said(_session(pc, "files@1")) == "files@1"
    assert (pc.path / "ran").read_text() == "once\n" * 2


def test_a_later_attempt_does_not_take_what_ended_before_it(pc: PcFolder) -> None:
    """The machine may have been used since: only a new copy is one of today."""
    _lose(pc, "files@1")
    (pc.path / "go").touch()
    _until(lambda: _task(pc)["ended"])
    assert _said(_session(pc, "files@2")) == "files@2"
    assert (pc.path / "ran").read_text() == "once\n" * 2


def test_going_down_ends_the_work_and_the_next_order_starts_anew(pc: PcFolder) -> None:
    session = _session(pc, "files@1")
    _until(lambda: (pc.path / "ran").exists())
    background.end_all(pc)
    assert "ended without a result" in _said(session)
    (pc.path / "go").touch()
    assert _said(_session(pc, "files@2")) == "files@2"
