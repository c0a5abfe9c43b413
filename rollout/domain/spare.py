"""Spare machines: which may be handed out, and to whom."""

from rollout.domain.lifecycle import Described
from rollout.domain.machine import NEEDS_A_PERSON, MachineState

_S = MachineState

HANDED_OUT_FROM = (_S.MIGRATED, _S.PORTABLE, _S.REGISTERED, _S.PLANNED)
"""States of a spare that can be handed out, the best first: one on the new platform needs nothing
more."""

HELD_WHILE_OUT = frozenset({_S.REGISTERED, _S.PLANNED})
"""The planner or the daemon would take these on; a migrated one nobody touches."""

NEEDED_FOR = NEEDS_A_PERSON | {_S.MIGRATED, _S.PORTABLE}
"""States of a machine whose owner may need a spare: it failed in its passage, or after it."""


class SpareVerb(Described):
    """What the history tells of spares; none of it moves a state."""

    STAND_IN = "stand_in", "A spare stands in for it."
    LEND = "lend", "It stands in for another machine."
    TAKE_BACK = "take_back", "It is back in the pool."
    END_STAND_IN = "end_stand_in", "No spare stands in for it any more."
