"""A programme under random faults, kills and commands; at its end everything has to be true.

Lab PCs (real SSH) go through the real daemon (`rollout serve`), which is killed, frozen and ended
with or without its children every few seconds, while operators command at random through the use
cases and the command line, and PCs fail, fall silent, hang and show wrong serials. Then it is left
in peace until nothing is in doubt, and the tables are compared with the PCs themselves.

The seed decides who does what; when exactly a kill hits is the computer's affair. A finding prints
the seed, what does not hold, and the whole story of the machines it is about.
"""

import argparse
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from _torture import truth
from _torture.daemons import Daemons
from _torture.operators import Operators
from _torture.world import build

RESULTS = Path(__file__).with_name("results")
PEACE_SECONDS = 240.0
"""How long the last deadlines, check-ins and probes may take when nobody disturbs any more."""
WORK_SECONDS = 30.0
ASK_SECONDS = 5.0


@dataclass(frozen=True)
class Form:
    """How large and how long; seconds and minutes are real."""

    machines: int
    seconds: float
    waves: int
    deadline_minutes: float
    kill_every: tuple[float, float]
    act_every: tuple[float, float]


LONG = Form(200, 180, 5, 0.5, (3, 10), (0.05, 0.6))
SHORT = Form(24, 20, 2, 0.2, (2, 5), (0.05, 0.6))


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


def torture(root: Path, form: Form, seed: int, say: Callable[[str], None] = print) -> Outcome:
    """Torment a programme in the folder `root`; what is true at its end."""
    dice = random.Random(seed)
    programme = build(root, form.machines, deadline_minutes=form.deadline_minutes, waves=form.waves)
    daemons = Daemons(root, programme.configuration, random.Random(dice.random()))
    operators = Operators(programme, random.Random(dice.random()))
    try:
        operators.begin_waves(2)
        daemons.begin(*form.kill_every)
        end = time.monotonic() + form.seconds
        while time.monotonic() < end:
            operators.act()
            time.sleep(dice.uniform(*form.act_every))
        say(f"tormented for {form.seconds:g} s; now in peace")
        daemons.calm()
        _work_a_little(operators, daemons, programme)
        left = _in_peace(operators, daemons, programme)
        daemons.end(60)
        broken = truth.broken(programme)
        broken["everything comes to its end in peace"] = left
        broken["no daemon ends without a cause"] = daemons.faults
        broken["commands are answered or refused in words"] = operators.faults
        return Outcome(
            broken,
            {**operators.done, **daemons.done, "refused": operators.refused.total()},
            truth.counts(programme),
            [truth.tell(programme, tag) for tag in _named(broken)[:5]],
        )
    finally:
        daemons.kill_all()
        programme.close()


def _work_a_little(operators: Operators, daemons: Daemons, programme: truth.Programme) -> None:
    """On a busy computer the kills may have left no time for anything: let the waves go on until
    a quarter of the PCs is rewritten."""
    operators.mend_everything()
    operators.go_on_everywhere()
    end = time.monotonic() + WORK_SECONDS
    while truth.wiped(programme) < len(programme.pcs) / 4 and time.monotonic() < end:
        daemons.keep()
        time.sleep(0.25)


def _in_peace(operators: Operators, daemons: Daemons, programme: truth.Programme) -> list[str]:
    """Let what has begun come to its end; what has not."""
    operators.pause_everything()
    end = time.monotonic() + PEACE_SECONDS
    asked = 0.0
    while (left := truth.under_way(programme)) and time.monotonic() < end:
        daemons.keep()
        if time.monotonic() - asked > ASK_SECONDS:
            operators.settle_what_is_left()
            asked = time.monotonic()
        time.sleep(0.25)
    return left


def _named(broken: dict[str, list[str]]) -> list[str]:
    """The machines that the evidence speaks of."""
    found = re.findall(r"DK\d\d-\d{6}", json.dumps(broken))
    return list(dict.fromkeys(found))


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="24 machines and 20 seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    given = parser.parse_args()
    form = SHORT if given.quick else LONG
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, ansible-runner {version('ansible-runner')}"
    )
    print(f"{form.machines} lab PCs, {form.seconds:g} s, seed {given.seed}", flush=True)
    started = time.monotonic()
    if given.keep:
        given.keep.mkdir(parents=True)
        outcome = torture(given.keep.resolve(), form, given.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
            outcome = torture(Path(name).resolve(), form, given.seed)
    report(outcome, given.seed)
    aims = [
        {"name": name, "value": len(evidence), "unit": "findings", "aim": "0",
         "holds": not evidence}
        for name, evidence in outcome.broken.items()
    ]  # fmt: skip
    result = {"bench": "torture", "aims": aims}
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
        "ansible_core": version("ansible-core"),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "torture-quick.json" if given.quick else "torture.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
