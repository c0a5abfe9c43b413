"""What happens to a simulated PC in a step: how long it takes, and how it ends.

A fate is drawn from the seed, the asset tag, the step and the attempt, and from nothing else: the
same programme comes out whatever the order in which the dispatch begins its machines.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from rollout.domain.machine import Step


class Ending(StrEnum):
    """How an attempt ends; `late` machines answer after their deadline, `silent` ones never."""

    DONE = "done"
    FAILED = "failed"
    SILENT = "silent"
    LATE = "late"


@dataclass(frozen=True)
class Fate:
    """One attempt of a step on one machine; `task` and `message` say what failed."""

    minutes: float
    ending: Ending = Ending.DONE
    task: str = ""
    message: str = ""


@dataclass(frozen=True)
class Odds:
    """How a step goes: the median of its minutes, their spread (of a lognormal), and the chances
    that an attempt fails or that the machine does not answer. `faults` are (task, message)."""

    minutes: float
    spread: float
    fails: float
    silent: float
    faults: tuple[tuple[str, str], ...]


ODDS: Mapping[Step, Odds] = {
    Step.PREFLIGHT: Odds(4, 0.4, 0.012, 0.012, (
        ("Refuse a PC on battery", "the PC runs on battery: connect its power supply"),
        ("Refuse a full disk", "C: has 6 GB free, 20 GB are needed"),
        ("Refuse a pending restart", "a restart is pending: restart the PC"),
    )),
    Step.CAPTURE: Odds(25, 0.6, 0.008, 0.004, (
        ("Copy the user's files", "robocopy ended with 8: 3 files could not be copied"),
        ("Compare the copy", "the copy has 2 files less than the disk"),
    )),
    Step.REIMAGE: Odds(45, 0.25, 0.004, 0.008, (
        ("Refuse an unescrowed recovery key", "the recovery key is not in the directory"),
    )),
    Step.CONNECT: Odds(6, 0.4, 0.003, 0.001, (
        ("Open the direct way", "the name server did not answer within 60 s"),
    )),
    Step.RESTORE: Odds(25, 0.6, 0.003, 0.001, (
        ("Put the files back", "robocopy ended with 16: the share cannot be reached"),
    )),
    Step.VERIFY: Odds(12, 0.5, 0.006, 0.001, (
        ("Refuse a machine on which a required control fails", "Controls failed: edr is off"),
    )),
    Step.ENABLE: Odds(6, 0.4, 0.002, 0.001, (
        ("Prepare the tunnel", "the certificate was not issued yet"),
    )),
}  # fmt: skip
STUBBORN = 0.3
"""The chance that a failure happens again in the next attempt."""
_CERTAIN_FROM = 4
"""The attempt that always succeeds: somebody has looked after the PC by then."""

Fates = Callable[[str, Step, int], Fate]
"""The fate of a machine, by its tag, in an attempt of a step."""


def fates(seed: int, odds: Mapping[Step, Odds] = ODDS, *, slow: Callable[[str], float]) -> Fates:
    """Fates of this seed; `slow` is how many times longer everything takes for a machine."""

    def draw(tag: str, step: Step, attempt: int) -> Fate:
        known = odds[step]
        random = Random(f"{seed}/{tag}/{step}/{attempt}")  # noqa: S311
        minutes = known.minutes * math.exp(known.spread * random.gauss(0, 1)) * slow(tag)
        chance = random.random()
        if attempt >= _CERTAIN_FROM:
            return Fate(minutes)
        again = attempt > 1 and draw(tag, step, attempt - 1).ending is Ending.FAILED
        if chance < (STUBBORN if again else known.fails):
            first = draw(tag, step, attempt - 1) if again else None
            task, message = random.choice(known.faults)
            if first is not None:
                task, message = first.task, first.message
            return Fate(minutes * random.random(), Ending.FAILED, task, message)
        if known.fails <= chance < known.fails + known.silent:
            late = step.proven_by_check_in and random.random() < 0.5
            return Fate(minutes, Ending.LATE if late else Ending.SILENT)
        return Fate(minutes)

    return draw
