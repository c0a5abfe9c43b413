"""Finding the processes that belong to a lab, so that `lab down` leaves none behind."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Whether the process still runs."""
    return (_PROC / str(pid)).exists()


def descendants(root: int) -> list[int]:
    """The process ids below `root`, parents first."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def stragglers(folder: Path) -> list[int]:
    """Sessions on the lab's PCs that a killed supervisor left running, and what they started."""
    mark = f"ROLLOUT_LAB_SESSION_OF={folder.resolve()}".encode()
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    # A running sshd session hides its environment; its listener does not.
    return found + [pid for parent in found for pid in descendants(parent) if pid not in found]


def kill(pids: list[int]) -> None:
    """End processes at once; those already gone are fine."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
