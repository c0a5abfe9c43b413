"""What Ansible printed, a part at a time, while a run writes it and afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LARGEST = 2 * 1024 * 1024
"""Bytes of an output that are read at once; of a longer one the end."""


@dataclass(frozen=True)
class Part:
    """Whole lines of an output; `end` is the byte behind them, `skipped` those left out before."""

    lines: Sequence[str]
    end: int
    skipped: int = 0


class OutputReader(Protocol):
    """Reads the output of the run of some ident; None when it is not kept (any more)."""

    def __call__(self, ident: str, start: int, *, largest: int = LARGEST) -> Part | None:
        """The whole lines from the byte `start` on."""


def read(path: Path, start: int, *, largest: int = LARGEST) -> Part:
    """The whole lines of a file from the byte `start` on; the last `largest` bytes of them."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        begin = max(start, size - largest)
        file.seek(begin)
        found = file.read(size - begin)
    if begin > start:
        # The first line is torn where the reading began.
        torn = found.find(b"\n") + 1
        found, begin = found[torn:], begin + torn
    whole = found[: found.rfind(b"\n") + 1]
    lines = whole.decode("utf-8", errors="replace").split("\n")[:-1]
    # Ansible writes to a terminal, whose lines end with a carriage return as well.
    lines = [line.removesuffix("\r") for line in lines]
    return Part(lines, begin + len(whole), begin - start)


def find_task(lines: Sequence[str], task: str, host: str) -> int:
    """The line at which a task of a host failed, else where the task began, else the last line."""
    at = next(
        (n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith(f"TASK [{task}]")), None
    )
    if at is None:
        # Tasks of a role are printed with its name before theirs.
        at = next(
            (
                n
                for n in range(len(lines) - 1, -1, -1)
                if lines[n].startswith("TASK [") and f"{task}]" in lines[n]
            ),
            None,
        )
    if at is None:
        return max(len(lines) - 1, 0)
    for number in range(at + 1, len(lines)):
        if lines[number].startswith("TASK ["):
            break
        if f"[{host}]" in lines[number] and lines[number].startswith(("fatal", "failed")):
            return number
    return at
