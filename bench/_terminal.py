"""A program in a real terminal: what is typed, when an answer is painted, how much it works."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence

_TICKS = os.sysconf("SC_CLK_TCK")


class Terminal:
    """A pseudo-terminal with a process in it; everything painted is kept as bytes."""

    def __init__(self, command: Sequence[str], *, size: tuple[int, int] = (160, 45)) -> None:
        self.pid, self._master = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(command[0], list(command))  # noqa: S606
        columns, lines = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._painted = b""

    @property
    def painted(self) -> bytes:
        """What was painted since the last key."""
        return self._painted

    def press(self, keys: bytes) -> None:
        """Type; what was painted before is forgotten."""
        self._drain(0)
        self._painted = b""
        os.write(self._master, keys)

    def until(self, words: str, seconds: float) -> float | None:
        """Seconds until `words` are painted; None when they are not within `seconds`."""
        wanted, begun = words.encode(), time.perf_counter()
        while wanted not in self._painted:
            left = seconds - (time.perf_counter() - begun)
            if left <= 0 or not self._drain(left):
                return None
        return time.perf_counter() - begun

    def watch(self, seconds: float) -> float:
        """Let it work; the share of a core that it used."""
        before, begun = self._cpu(), time.perf_counter()
        while (left := seconds - (time.perf_counter() - begun)) > 0:
            self._drain(left)
        return (self._cpu() - before) / (time.perf_counter() - begun)

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            self._drain(0.05)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
        os.close(self._master)

    def _drain(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            self._painted += os.read(self._master, 65536)
        except OSError:  # the program has ended
            return False
        return True

    def _cpu(self) -> float:
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
