"""Several computers in miniature: two daemons, three workers, PostgreSQL, and everything fails.

Lab PCs (real SSH) are moved by `rollout serve --wait` twice and `rollout worker` three times, while
workers are killed, frozen beyond the time after which they are taken for lost, cut off from the
database, or ended with and without haste; daemons are killed; PostgreSQL is restarted and crashed;
and operators command at random. Then it is left in peace until nothing is in doubt, and the tables
are compared with the PCs themselves: a wipe is counted where it happened.

A cut is made by a relay between each worker and the server that swallows everything and tells
nobody. The seed decides who does what; when exactly a fault hits is the computer's affair.
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
from _torture.crew import Crew
from _torture.operators import Operators
from _torture.server import Server
from _torture.world import SITES, build

from rollout.adapters.cluster import queue

RESULTS = Path(__file__).with_name("results")
PEACE_SECONDS, ASK_SECONDS, WORK_SECONDS = 300.0, 5.0, 180.0
WORKERS = (SITES[:2], SITES[2:], ())
"""The sites of each worker; the last one serves all of them."""
LOST_SECONDS = 6
CLUSTER = f"""
[cluster]
engine = "procrastinate"
worker_seconds = {LOST_SECONDS}
wait_seconds = 15
"""


@dataclass(frozen=True)
class Form:
    """How large and how long."""

    machines: int
    seconds: float
    waves: int
    deadline_minutes: float
    strike_every: tuple[float, float]
    act_every: tuple[float, float]


LONG = Form(300, 240, 5, 0.7, (2, 7), (0.1, 0.8))
SHORT = Form(16, 18, 2, 0.2, (1.5, 3.5), (0.1, 0.8))


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


def chaos(root: Path, form: Form, seed: int, say: Callable[[str], None] = print) -> Outcome:
    """Torment a programme in the folder `root`; what is true at its end."""
    dice = random.Random(seed)
    server = Server(root / "postgresql")
    programme = build(
        root,
        form.machines,
        deadline_minutes=form.deadline_minutes,
        waves=form.waves,
        database_url=server.url,
        more=CLUSTER,
    )
    queue.prepare(programme.database)
    crew = Crew(root, programme.configuration, server, WORKERS, random.Random(dice.random()))
    operators = Operators(programme, random.Random(dice.random()))
    try:
        operators.begin_waves(2)
        crew.begin(form.strike_every)
        end = time.monotonic() + form.seconds
        while time.monotonic() < end:
            operators.act()
            time.sleep(dice.uniform(*form.act_every))
        crew.calm()
        say(f"tormented for {form.seconds:g} s; now in peace")
        _work_a_little(operators, crew, programme)
        left = _in_peace(operators, crew, programme)
        crew.end(60)
        broken = truth.broken(programme)
        broken["everything comes to its end in peace"] = left
        broken["no process ends without a cause"] = crew.faults
        broken["commands are answered or refused in words"] = operators.faults
        return Outcome(
            broken,
            {**operators.done, **crew.done, "refused": operators.refused.total()},
            truth.counts(programme),
            [truth.tell(programme, tag) for tag in _named(broken)[:5]],
        )
    finally:
        crew.kill_all()
        programme.close()
        server.stop()


def _work_a_little(operators: Operators, crew: Crew, programme: truth.Programme) -> None:
    """On a busy computer the faults may have left no time for anything: let the waves go on until
    a quarter of the PCs is rewritten."""
    operators.mend_everything()
    operators.go_on_everywhere()
    end = time.monotonic() + WORK_SECONDS
    while truth.wiped(programme) < len(programme.pcs) / 4 and time.monotonic() < end:
        crew.keep()
        time.sleep(0.25)


def _in_peace(operators: Operators, crew: Crew, programme: truth.Programme) -> list[str]:
    """Let what has begun come to its end; what has not."""
    operators.pause_everything()
    end = time.monotonic() + PEACE_SECONDS
    asked = 0.0
    while (left := truth.under_way(programme)) and time.monotonic() < end:
        crew.keep()
        if time.monotonic() - asked > ASK_SECONDS:
            operators.settle_what_is_left()
            asked = time.monotonic()
        time.sleep(0.25)
    return left


def _named(broken: dict[str, list[str]]) -> list[str]:
    """The machines that the evidence speaks of."""
    return list(dict.fromkeys(re.findall(r"DK\d\d-\d{6}", json.dumps(broken))))


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
    parser.add_argument("--quick", action="store_true", help="16 machines and 18 seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", type=Path, help="work in this new folder and leave it there")
    given = parser.parse_args()
    form = SHORT if given.quick else LONG
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, procrastinate {version('procrastinate')}"
    )
    print(f"{form.machines} lab PCs, {form.seconds:g} s, seed {given.seed}", flush=True)
    started = time.monotonic()
    if given.keep:
        given.keep.mkdir(parents=True)
        outcome = chaos(given.keep.resolve(), form, given.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
            Path(name).chmod(0o755)  # PostgreSQL has a user of its own where we are root
            outcome = chaos(Path(name).resolve(), form, given.seed)
    report(outcome, given.seed)
    aims = [
        {"name": name, "value": len(evidence), "unit": "findings", "aim": "0",
         "holds": not evidence}
        for name, evidence in outcome.broken.items()
    ]  # fmt: skip
    result = {"bench": "chaos", "aims": aims}
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
        "procrastinate": version("procrastinate"),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "chaos-quick.json" if given.quick else "chaos.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
