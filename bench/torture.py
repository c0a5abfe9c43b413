"""A programme under random faults, kills and commands; at its end everything has to be true.

Lab PCs (real SSH) go through the real daemon (`rollout serve`), which is killed, frozen and ended
with or without its children every few seconds, while operators command at random through the use
cases and the command line, and PCs fail, fall silent, hang and show wrong serials. Then it is left
in peace until nothing is in doubt, and the tables are compared with the PCs themselves.

The seed decides who does what; when exactly a kill hits is the computer's affair. A finding prints
the seed, what does not hold, and the whole story of the machines it is about.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _torture import course
from _torture.course import Outcome
from _torture.daemons import Daemons
from _torture.operators import Operators
from _torture.world import build

PEACE_SECONDS = 240.0
"""How long the last deadlines, check-ins and probes may take when nobody disturbs any more."""


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
        course.work_a_little(operators, daemons, programme, course.WORK_SECONDS)
        left = course.in_peace(operators, daemons, programme, PEACE_SECONDS)
        daemons.end(course.ENDS_WITHIN)
        return course.look(programme, operators, daemons, left)
    finally:
        daemons.kill_all()
        programme.close()


if __name__ == "__main__":
    sys.exit(
        course.main("torture", __doc__, torture, (LONG, SHORT), ("ansible-core", "ansible-runner"))
    )
