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
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rollout.domain.errors import RolloutError
from rollout.i18n import _

PROC = Path("/proc")
RUN_ID = "ROLLOUT_RUN_ID"
RUN_FOLDER = "ROLLOUT_RUN_FOLDER"


class StillAlive(RolloutError):
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


def find(markers: Collection[Marker], strike: bool = False) -> dict[int, Marker]:
    """Every living process of these runs, but not the caller; zombies are not alive.

    With `strike` a marked one is killed as soon as it is found: a process that forks and exits
    would be gone before the last one is read. Heirs without the mark may lose their parent by
    that, so look once without.
    """
    found: dict[int, Marker] = {}
    parents: dict[int, int] = {}
    seen: set[int] = set()
    own = os.getpid()
    # What was forked while the others were read is looked at too: a process that forks and exits
    # would hop from one reading to the next unseen.
    while new := _pids() - seen:
        seen |= new
        for pid in new:
            entry = _read(pid)
            if entry is None:
                continue
            parents[pid], environ, cmdline = entry
            for marker in markers:
                if marker.matches(environ, cmdline) and pid != own:
                    found[pid] = marker
                    if strike:
                        _kill(pid)
    grown = bool(found)
    while grown:
        heirs = {
            pid: found[parent]
            for pid, parent in parents.items()
            if pid not in found and parent in found
        }
        heirs.pop(own, None)
        found |= heirs
        grown = bool(heirs)
    return found


def kill(markers: Collection[Marker], patience: float = 30.0) -> int:
    """Kill every process of these runs except the caller; returns when none is alive: how many.

    Raises StillAlive after `patience` seconds.
    """
    if not markers:
        return 0
    killed = set(find(markers))
    for pid in killed:
        _kill(pid)
    deadline = time.monotonic() + patience
    quiet = 0
    # One empty look is not enough: a process may be in the middle of execve, with no environment
    # to read, or fork behind the reader.
    while quiet < 3:
        alive = find(markers, strike=True)
        if not alive:
            quiet += 1
            continue
        quiet = 0
        if time.monotonic() > deadline:
            pids = ", ".join(str(pid) for pid in sorted(alive))
            raise StillAlive(
                _(
                    "processes {pids} survive SIGKILL for {seconds:g} s: nothing is settled while "
                    "they may act; end what they wait for (a dead file server?), or restart this "
                    "computer"
                ).format(pids=pids, seconds=patience)
            )
        killed |= alive.keys()
        for pid in alive:
            _kill(pid)
        time.sleep(0.01)
    return len(killed)


def _pids() -> set[int]:
    return {int(path.name) for path in PROC.iterdir() if path.name.isdigit()}


def _read(pid: int) -> tuple[int, bytes, bytes] | None:
    """Parent, environment and command line of a process that is alive and ours to see."""
    folder = f"{PROC}/{pid}"
    try:
        stat = _content(f"{folder}/stat")
        state, parent = stat.rpartition(b")")[2].split()[:2]
        if state in (b"Z", b"X"):
            return None
        return int(parent), _content(f"{folder}/environ"), _content(f"{folder}/cmdline")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as handle:  # noqa: PTH123 thousands of files: half the time
        return handle.read()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
