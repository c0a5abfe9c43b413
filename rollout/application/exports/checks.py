"""What an export tells people of how it can be checked."""

from rollout.application.exports.forms import Cell
from rollout.domain.reach import Reach
from rollout.i18n import _


def checks(reach: Reach) -> list[tuple[str, Cell]]:
    """How far the history went of which it was made, in pairs; the digest of its own bytes stands
    where no reader looks (`carried`)."""
    return [
        (_("Facts of the history"), reach.facts),
        (_("Last fact"), reach.fact_id),
        (_("Digest of the last fact"), reach.digest),
        (_("How to check"), "rollout export verify FILE"),
    ]
