"""What the programme promised besides machines: milestones by a day, indicators by fiscal year."""

from datetime import date
from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle
from rollout.domain.periods import fiscal_year


class MilestoneState(Described):
    """Where a milestone stands."""

    OPEN = "open", "Nobody has begun."
    UNDER_WAY = "under_way", "It is being worked on."
    DONE = "done", "What was promised is there."
    DROPPED = "dropped", "It is not wanted any more; the cause says why."


class MilestoneVerb(Described):
    """What can happen to a milestone."""

    START = "start", "Work begins, or goes on after all."
    FINISH = "finish", "What was promised is there."
    DROP = "drop", "It is given up; needs a reason."
    REOPEN = "reopen", "It had not begun, or is wanted again."


class Better(Described):
    """Which way an indicator should go."""

    MORE = "more", "The target is to be reached."
    LESS = "less", "The target is not to be exceeded."


class IndicatorStanding(Described):
    """How an indicator stands in one fiscal year."""

    AWAITED = "awaited", "The year is not over and nothing is lost yet."
    MET = "met", "The target holds."
    BEHIND = "behind", "The target is missed."
    UNMEASURED = "unmeasured", "The year is over and nobody has said the figure."


_S, _V = MilestoneState, MilestoneVerb
_TARGETS = {_V.START: _S.UNDER_WAY, _V.DROP: _S.DROPPED, _V.REOPEN: _S.OPEN}

_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.OPEN, _V.FINISH): _S.DONE,
    (_S.UNDER_WAY, _V.FINISH): _S.DONE,
    **{
        (state, verb): target
        for verb, target in _TARGETS.items()
        for state in _S
        # What is done cannot be given up any more.
        if state is not target and (state, verb) != (_S.DONE, _V.DROP)
    },
}

MILESTONE = Lifecycle(
    noun="milestone",
    states=MilestoneState,
    verbs=MilestoneVerb,
    initial=_S.OPEN,
    moves=_MOVES,
    explained=frozenset({_S.DROPPED}),
)

SETTLED = frozenset({_S.DONE, _S.DROPPED})
"""States in which a milestone cannot be late."""


def is_late(state: MilestoneState, due: date, today: date) -> bool:
    """Whether a milestone is late on `today`; its due day is the last one in time."""
    return today > due and state not in SETTLED


def indicator_standing(
    better: Better, year: int, target: float, actual: float | None, today: date
) -> IndicatorStanding:
    """How an indicator stands that counts up through the fiscal year `year`.

    One that is to be reached counts as missed only when the year is over; one that is not to be
    exceeded is missed as soon as it is, and kept only when the year is over.
    """
    over = fiscal_year(today) > year
    if actual is None:
        return IndicatorStanding.UNMEASURED if over else IndicatorStanding.AWAITED
    if better is Better.MORE:
        settled, holds = actual >= target, actual >= target
    else:
        settled, holds = actual > target, actual <= target
    if not over and not settled:
        return IndicatorStanding.AWAITED
    return IndicatorStanding.MET if holds else IndicatorStanding.BEHIND
