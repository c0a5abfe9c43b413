"""What every torture has in common: the peace after it, what is found then, and how it is told."""

import argparse
import json
import os
import platform
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeVar

from _torture import truth
from _torture.operators import Operators

RESULTS = Path(__file__).parents[1] / "results"
ASK_SECONDS = 5.0
WORK_SECONDS = 300.0
"""How long the first wipes may take on a busy computer."""
SHORT_OF_TIME_SECONDS = 60.0
AMPLE_MINUTES = 1.5
"""So long may a step take on a computer so busy that none was done within the seconds above."""
ENDS_WITHIN = 60.0


class Processes(Protocol):
    """Whoever keeps the program running, and counts what was done to it."""

    done: dict[str, int]
    faults: list[str]

    def keep(self) -> None:
        """Start again what has ended."""

    def end(self, patience: float) -> None:
        """Ask everybody to end in order."""


@dataclass(frozen=True)
class Outcome:
    """What was found: `broken` names each invariant with the evidence against it."""

    broken: dict[str, list[str]]
    done: dict[str, int]
    counts: dict[str, int]
    stories: list[str]

    @property
    def holds(self) -> bool:
        """Whether everything is true."""
        return not any(self.broken.values())


def work_a_little(
    operators: Operators, processes: Processes, programme: truth.Programme, patience: float
) -> None:
    """On a busy computer the faults, or the deadlines, may have left no time for anything: let the
    waves go on until a quarter of the PCs is rewritten."""
    operators.mend_everything()
    began, short_of_time = time.monotonic(), False
    asked = float("-inf")
    while truth.wiped(programme) < len(programme.pcs) / 4 and time.monotonic() < began + patience:
        if not short_of_time and time.monotonic() > began + SHORT_OF_TIME_SECONDS:
            short_of_time = True
            processes.end(ENDS_WITHIN)
            programme.allow(AMPLE_MINUTES)
        processes.keep()
        if time.monotonic() - asked > ASK_SECONDS:
            # What fell silent at its deadline is tried again, and what that halted goes on.
            operators.settle_what_is_left()
            operators.go_on_everywhere()
            asked = time.monotonic()
        time.sleep(0.25)


def in_peace(
    operators: Operators, processes: Processes, programme: truth.Programme, patience: float
) -> list[str]:
    """Let what has begun come to its end; what has not."""
    operators.pause_everything()
    end = time.monotonic() + patience
    asked = 0.0
    while (left := truth.under_way(programme)) and time.monotonic() < end:
        processes.keep()
        if time.monotonic() - asked > ASK_SECONDS:
            operators.settle_what_is_left()
            asked = time.monotonic()
        time.sleep(0.25)
    return left


def look(
    programme: truth.Programme, operators: Operators, processes: Processes, left: list[str]
) -> Outcome:
    """Compare the tables with the PCs, when every process has ended."""
    broken = truth.broken(programme)
    broken["everything comes to its end in peace"] = left
    broken["no process ends without a cause"] = processes.faults
    broken["commands are answered or refused in words"] = operators.faults
    named = dict.fromkeys(re.findall(r"DK\d\d-\d{6}", json.dumps(broken)))
    return Outcome(
        broken,
        {**operators.done, **processes.done, "refused": operators.refused.total()},
        truth.counts(programme),
        [truth.tell(programme, tag) for tag in list(named)[:5]],
    )


def report(outcome: Outcome, seed: int) -> None:
    """Print the numbers and, when something does not hold, the evidence."""
    for title, numbers in (("done", outcome.done), ("found", outcome.counts)):
        print(f"{title}: " + ", ".join(f"{name} {number}" for name, number in numbers.items()))
    for name, evidence in outcome.broken.items():
        print(f"{'holds ' if not evidence else 'BROKEN'}  {name}")
        for line in evidence[:20]:
            print(f"        {line}")
    if not outcome.holds:
        print(f"seed {seed}", *outcome.stories, sep="\n")


class Form(Protocol):
    """How large and how long."""

    @property
    def machines(self) -> int:
        """Lab PCs."""

    @property
    def seconds(self) -> float:
        """Of torment."""


F = TypeVar("F", bound=Form)


def main(
    name: str,
    words: str | None,
    torment: Callable[[Path, F, int], Outcome],
    forms: tuple[F, F],
    packages: Sequence[str],
) -> int:
    """The command line of a torture; `forms` are the long and the short one."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--quick", action="store_true", help="the short form of the tests")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    given = parser.parse_args()
    form = forms[given.quick]
    used = {package: version(package) for package in packages}
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        + ", ".join(f"{package} {number}" for package, number in used.items())
    )
    print(f"{form.machines} lab PCs, {form.seconds:g} s, seed {given.seed}", flush=True)
    started = time.monotonic()
    if given.keep:
        given.keep.mkdir(parents=True)
        outcome = torment(given.keep.resolve(), form, given.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="rollout-bench-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL has a user of its own where we are root
            outcome = torment(Path(folder).resolve(), form, given.seed)
    report(outcome, given.seed)
    aims = [
        {"name": what, "value": len(evidence), "unit": "findings", "aim": "0",
         "holds": not evidence}
        for what, evidence in outcome.broken.items()
    ]  # fmt: skip
    result = {"bench": name, "aims": aims}
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": given.seed,
        "machines": form.machines,
        "tormented_seconds": form.seconds,
        "whole_seconds": round(time.monotonic() - started),
        "done": outcome.done,
        "found": outcome.counts,
        "host": platform.platform(),
        "python": platform.python_version(),
        **{package.replace("-", "_"): number for package, number in used.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / (f"{name}-quick.json" if given.quick else f"{name}.json")
    file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if outcome.holds else 1
