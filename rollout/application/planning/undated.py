"""Machines to which the planner could give no day, by what keeps them from one."""

from collections import Counter
from typing import NamedTuple

from rollout.application.planning.views import PlanView
from rollout.application.planning.words import remedy
from rollout.i18n import _
from rollout.planning.problem import Obstacle


class Undated(NamedTuple):
    """Machines of one site, or of all sites, that one thing keeps from having a day."""

    site: str
    machines: int
    why: Obstacle
    remedy: str


def undated(view: PlanView) -> list[Undated]:
    """The most first; what no change of days helps is not told by site."""
    rows = [
        Undated(entry.site, entry.machines, entry.obstacle, remedy(entry))
        for entry in view.relaxations
    ]
    told: Counter[Obstacle] = Counter()
    for row in rows:
        told[row.why] += row.machines
    counted = Counter(obstacle for _tag, obstacle in view.unplaced)
    rows += [
        Undated("", number - told[why], why, _("correct the ledger, then plan anew"))
        for why, number in counted.items()
        if number > told[why]
    ]
    return sorted(rows, key=lambda row: (-row.machines, row.site, row.why))
