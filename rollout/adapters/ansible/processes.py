"""The processes of a run, found and killed wherever they hide.

ansible-playbook, its workers and the tasks they start each open a session of their own, so a
process group does not hold them. What they do share is the environment they were started with:
`ROLLOUT_RUN_ID` and `ROLLOUT_RUN_FOLDER` in `/proc/PID/environ`. An SSH master overwrites its
environment with its title; it is known by the control socket in that title. Whatever descends
from such a process belongs to the run as well.

This needs Linux's `/proc`. Elsewhere the local engine refuses to start (`available()`): it
could not promise that nothing of a run is left.
"""

import hashlib
import os
import signal
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
RUN_ID = "ROLLOUT_RUN_ID"
RUN_FOLDER = "ROLLOUT_RUN_FOLDER"


class StillAlive(RuntimeError):
    """Processes survive SIGKILL (as in an uninterruptible read from a dead file server)."""


@dataclass(frozen=True)
class Marker:
    """How the processes of one run are told from all others."""

    ident: str
    folder: Path

    @property
    def control(self) -> str:
        """Name of the folder for SSH control sockets; unique for the run, and short."""
        name = os.fsencode(self.folder)
        return f"rollout-ssh-{hashlib.sha256(name).hexdigest()[:16]}"

    def environment(self) -> dict[str, str]:
        """What marks a process as belonging to this run."""
        return {RUN_ID: self.ident, RUN_FOLDER: str(self.folder)}

    def matches(self, environ: bytes, cmdline: bytes) -> bool:
        """Whether a process with this environment and command line was started by the run."""
        wanted = (os.fsencode(f"{key}={value}") for key, value in self.environment().items())
        entries = environ.split(b"\0")
        return all(entry in entries for entry in wanted) or self.control.encode() in cmdline


def available() -> bool:
    """Whether this system shows the environment of processes."""
    return (PROC / "self" / "environ").is_file()


def find(markers: Collection[Marker]) -> dict[int, Marker]:
    """Every living process of these runs, but not the caller; zombies are not alive."""
    found: dict[int, Marker] = {}
    parents: dict[int, int] = {}
    for pid in _pids():
        try:
            folder = PROC / str(pid)
            stat = (folder / "stat").read_bytes()
            environ = (folder / "environ").read_bytes()
            cmdline = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        state, parent = stat.rpartition(b")")[2].split()[:2]
        if state in (b"Z", b"X"):
            continue
        parents[pid] = int(parent)
        for marker in markers:
            if marker.matches(environ, cmdline):
                found[pid] = marker
    grown = bool(found)
    while grown:
        heirs = {
            pid: found[parent]
            for pid, parent in parents.items()
            if pid not in found and parent in found
        }
        found |= heirs
        grown = bool(heirs)
    found.pop(os.getpid(), None)
    return found


def kill(markers: Collection[Marker], patience: float = 30.0) -> int:
    """Kill every process of these runs except the caller; returns when none is alive: how many.

    Raises StillAlive after `patience` seconds.
    """
    if not markers:
        return 0
    killed: set[int] = set()
    deadline = time.monotonic() + patience
    quiet = 0
    # One empty look is not enough: a process may fork behind the reader of /proc, or be in the
    # middle of execve with no environment to read.
    while quiet < 2:
        alive = find(markers)
        if not alive:
            quiet += 1
            continue
        quiet = 0
        if time.monotonic() > deadline:
            pids = ", ".join(str(pid) for pid in sorted(alive))
            raise StillAlive(f"processes {pids} survive SIGKILL for {patience:g} s")
        for pid in alive:
            _kill(pid)
        killed |= alive.keys()
        time.sleep(0.01)
    return len(killed)


def _pids() -> Iterable[int]:
    return (int(path.name) for path in PROC.iterdir() if path.name.isdigit())


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
