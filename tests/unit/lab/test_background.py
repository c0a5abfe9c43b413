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
    print(background.follow(pc, "copy", order, work, float(sys.argv[3]))["value"])
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
    deadline, pause = time.monotonic() + 30, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def test_work_survives_its_session_and_the_same_order_follows_it(pc: PcFolder) -> None:
    lost = _session(pc, "order 1")
    _until(lambda: (pc.path / "ran").exists())
    os.killpg(lost.pid, signal.SIGKILL)
    lost.communicate(timeout=30)
    assert "other work 'copy' still runs" in _said(_session(pc, "order 2"))
    assert "still runs after 0 s and goes on by itself" in _said(_session(pc, "order 1", 0))
    assert _said(_session(pc, "order 1", 30, "let it end")) == "order 1"
    assert (pc.path / "ran").read_text() == "once\n"
    assert _task(pc)["ended"] is True


def test_going_down_ends_the_work_and_the_next_order_starts_anew(pc: PcFolder) -> None:
    session = _session(pc, "order 1")
    _until(lambda: (pc.path / "ran").exists())
    background.end_all(pc)
    assert "ended without a result" in _said(session)
    (pc.path / "go").touch()
    assert _said(_session(pc, "order 2")) == "order 2"
