"""Several computers in miniature: two daemons, three workers, PostgreSQL, and everything fails.

Lab PCs (real SSH) are moved by `rollout serve --wait` twice and `rollout worker` three times, while
workers are killed, frozen beyond the time after which they are taken for lost, cut off from the
database, or ended with and without haste; daemons are killed; PostgreSQL is restarted and crashed;
and operators command at random. Then it is left in peace until nothing is in doubt, and the tables
are compared with the PCs themselves: a wipe is counted where it happened.

A cut is made by the kernel (as root: each worker's way ends in a network namespace whose link is
taken down), else by a relay that swallows everything and tells nobody. The seed decides who does
what; when exactly a fault hits is the computer's affair.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _torture import course
from _torture.course import Outcome
from _torture.crew import Crew
from _torture.operators import Operators
from _torture.server import Server
from _torture.world import SITES, build

from rollout.adapters.cluster import queue

PEACE_SECONDS = 300.0
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
        course.work_a_little(operators, crew, programme, course.WORK_SECONDS)
        left = course.in_peace(operators, crew, programme, PEACE_SECONDS)
        crew.end(course.ENDS_WITHIN)
        return course.look(programme, operators, crew, left)
    finally:
        crew.kill_all()
        programme.close()
        server.stop()


if __name__ == "__main__":
    sys.exit(course.main("chaos", __doc__, chaos, (LONG, SHORT), ("ansible-core", "procrastinate")))
