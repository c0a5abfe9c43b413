"""Work that belongs to the PC and not to the session which ordered it, like a scheduled task.

A child process of its own session: the end of the connection does not end it, the PC's shutdown
does (`end_all`, called by the supervisor).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.state import PcFolder, write_atomically

Work = Callable[[], dict[str, Any]]
_LOOK = 0.02


def follow(
    pc: PcFolder, name: str, what: str, epoch: int, work: Work, wait: float
) -> dict[str, Any]:
    """The end of the work: started unless it runs, or ended untold for the same order.

    Raises ScriptError when other work of the name runs, and when this one has no end in `wait` s.
    """
    identity = hashlib.sha256(what.encode()).hexdigest()
    file = pc.tasks / f"{name}.json"
    with pc.locked():
        found = _read(file)
        if found is not None and not found["ended"] and _alive(found["pid"]):
            if found["id"] != identity:
                raise ScriptError(
                    f"Refused: other work '{name}' still runs on this machine. "
                    "Wait for its end, then run the step again."
                )
        elif (
            found is None
            or not found["ended"]
            or (found["id"], found["epoch"]) != (identity, epoch)
        ):
            pc.tasks.mkdir(exist_ok=True)
            _start(file, {"id": identity, "epoch": epoch}, work)
    end = _until_end(file, name, wait)
    file.unlink(missing_ok=True)
    return end


def at_work(pc: PcFolder) -> list[int]:
    """The processes of the PC's work that has not ended."""
    tasks = [_read(file) for file in pc.tasks.glob("*.json")] if pc.tasks.is_dir() else []
    return [task["pid"] for task in tasks if task is not None and not task["ended"]]


def end_all(pc: PcFolder) -> None:
    """What the PC's going down does to its work."""
    for pid in at_work(pc):
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _start(file: Path, order: dict[str, Any], work: Work) -> None:
    ready, started = os.pipe()
    pid = os.fork()
    if pid:
        os.close(started)
        os.read(ready, 1)
        os.close(ready)
        return
    os.setsid()
    # The PC's lock came along with the fork and would be held against this very work.
    os.closerange(3, started)
    os.closerange(started + 1, 256)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    task: dict[str, Any] = {**order, "pid": os.getpid(), "ended": False}
    write_atomically(file, json.dumps(task))
    os.close(started)
    code = 1
    try:
        task |= {"ended": True, **work()}
        write_atomically(file, json.dumps(task, ensure_ascii=False))
        code = 0
    finally:
        # Not sys.exit: this is a copy of the module's process and must not run its ending.
        os._exit(code)


def _until_end(file: Path, name: str, wait: float) -> dict[str, Any]:
    until = monotonic() + wait
    while True:
        task = _read(file)
        if task is None:
            raise ScriptError(f"'{name}' was taken away. Run the step again.")
        if task["ended"]:
            return task
        if not _alive(task["pid"]):
            again = _read(file)
            if again is None or not again["ended"]:
                raise ScriptError(
                    f"'{name}' ended without a result: it was cut off. Run the step again."
                )
            return again
        if monotonic() > until:
            raise ScriptError(
                f"'{name}' still runs after {wait:g} s and goes on by itself. "
                "Run the step again to follow it."
            )
        sleep(_LOOK)


def _alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _read(file: Path) -> dict[str, Any] | None:
    try:
        task: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return task
