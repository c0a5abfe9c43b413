"""The daemon as a process of its own, and what is done to it at random moments."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

MODES = {
    "daemon": 5,
    "daemon and children": 5,
    "children": 4,
    "one child": 6,
    "freeze": 2,
    "terminate": 2,
    "standby": 2,
}
"""What happens to the daemon, and how often beside the others."""

_ENDS_WITHIN = 30.0
_FREEZE_SECONDS = (0.5, 5.0)
_AWAITED = ("gave no sign", "took over", "was taken over", "acts on the programme")
"""A frozen daemon, or one beside another, may end by itself with these words."""


class Daemons:
    """Starts `rollout serve`, ends it as the mode says, and starts it again."""

    def __init__(self, root: Path, configuration: Path, dice: random.Random) -> None:
        self.root = root
        self.log = root / "daemon.log"
        self.done: Counter[str] = Counter()
        self.faults: list[str] = []
        self._configuration = configuration
        self._dice = dice
        self._running: list[subprocess.Popen[bytes]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._torment, name="torment")
        self._pause = (3.0, 12.0)

    def begin(self, shortest: float, longest: float) -> None:
        """Keep a daemon alive, and end it after so many seconds, again and again."""
        self._pause = (shortest, longest)
        self.start()
        self._thread.start()

    def calm(self) -> None:
        """No more kills; a daemon runs afterwards."""
        self._stop.set()
        self._thread.join()
        self.keep()

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """One more daemon process."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "rollout.cli", "serve", *options],
                env=environment(self._configuration),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.root,
            )
        self._running.append(process)
        self.done["started"] += 1
        return process

    def keep(self) -> None:
        """What systemd does: start it again when it has ended, and note an end without cause."""
        for process in [one for one in self._running if one.poll() is not None]:
            self._running.remove(process)
            if process.returncode not in (0, -signal.SIGKILL) and not self._explained():
                self.faults.append(
                    f"a daemon ended by itself with {process.returncode}: {self._tail()}"
                )
            self.done["ended by itself"] += process.returncode != -signal.SIGKILL
        if not self._running:
            self.start()

    def end(self, patience: float) -> None:
        """Ask every daemon to end in order."""
        for process in self._running:
            # One that was started a moment ago would die of the signal, and rightly so.
            deadline = time.monotonic() + patience
            while not _handles_sigterm(process.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                code = process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.faults.append(f"SIGTERM did not end the daemon within {patience:g} s")
            else:
                if code != 0:
                    self.faults.append(f"SIGTERM ended the daemon with {code}: {self._tail()}")
        self._running.clear()

    def kill_all(self) -> None:
        """Whatever happened before: nothing of ours goes on."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for process in self._running:
            process.kill()
            process.wait()
        self._running.clear()
        for pid in children(self.root):
            _kill(pid)

    def _torment(self) -> None:
        while not self._stop.wait(self._dice.uniform(*self._pause)):
            mode = self._dice.choices(list(MODES), list(MODES.values()))[0]
            self.done[mode] += 1
            self._strike(mode)
            self._stop.wait(self._dice.choice((0, 0, self._dice.uniform(0, 1.5))))
            self.keep()

    def _strike(self, mode: str) -> None:
        first = self._running[0]
        pids = children(self.root)
        if mode == "standby":
            self.start("--wait")
            self._stop.wait(self._dice.uniform(0.5, 2.5))
        if mode in ("daemon", "daemon and children", "standby"):
            first.kill()
        if mode in ("daemon and children", "children"):
            for pid in pids:
                _kill(pid)
        elif mode == "one child" and pids:
            _kill(self._dice.choice(pids))
        elif mode == "freeze":
            first.send_signal(signal.SIGSTOP)
            self._stop.wait(self._dice.uniform(*_FREEZE_SECONDS))
            first.send_signal(signal.SIGCONT)
        elif mode == "terminate":
            first.send_signal(signal.SIGTERM)
            self._stop.wait(self._dice.uniform(0, 2))
            first.send_signal(signal.SIGTERM)
        if mode in ("daemon", "daemon and children", "standby", "terminate"):
            try:
                first.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.faults.append(f"{mode}: the daemon still lives after {_ENDS_WITHIN:g} s")
                first.kill()
                first.wait()

    def _explained(self) -> bool:
        return any(words in self._tail() for words in _AWAITED)

    def _tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-6:])


def environment(configuration: Path) -> dict[str, str]:
    """What `rollout` is started with, and nothing of whoever runs the torture."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "ROLLOUT_LANG": "en",
        "ROLLOUT_CONFIG": str(configuration),
        "PYTHONPATH": str(REPOSITORY),
    }


def children(root: Path) -> list[int]:
    """Every living process of a run of this programme."""
    mark = f"ROLLOUT_RUN_FOLDER={root}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                entries = (folder / "environ").read_bytes().split(b"\0")
                if any(entry.startswith(mark) for entry in entries):
                    found.append(int(folder.name))
    return found


def gone(root: Path, sockets: Sequence[str], patience: float) -> list[int]:
    """The processes of runs that are still there after `patience` seconds.

    An SSH master hides its environment; it is known by its socket, one of `sockets`.
    """
    deadline = time.monotonic() + patience
    while (left := children(root) + _with(sockets)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _with(sockets: Sequence[str]) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                line = (folder / "cmdline").read_bytes()
                if any(name.encode() in line for name in sockets):
                    found.append(int(folder.name))
    return found


def _handles_sigterm(pid: int) -> bool:
    """Whether the process has put up its handler, or is gone (Linux: `SigCgt` of its status)."""
    with contextlib.suppress(OSError):
        for line in (Path("/proc") / str(pid) / "status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return True


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
