"""The life of a wave: machines with a date window, an approval and gates."""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class WaveState(Described):
    """Where a wave stands."""

    DRAFT = "draft", "Being put together; whoever plans may leave it."
    PLANNED = "planned", "Dated by a committed plan; not yet shown to an approver."
    AWAITING_APPROVAL = "awaiting_approval", "Submitted; another operator decides."
    APPROVED = "approved", "May start; a change of its machines takes the approval away."
    RUNNING = "running", "Its machines are being moved."
    SOAKING = "soaking", "All machines are through or set aside; watched before it counts."
    DONE = "done", "Finished."
    PAUSED = "paused", "No new step starts until an operator resumes it."
    HALTED = "halted", "Stopped by a gate or an operator, with the reason."
    CANCELLED = "cancelled", "Will not run; machines not begun go back to the planner."


class WaveVerb(Described):
    """What can be done to a wave."""

    PLAN = "plan", "Date it."
    SUBMIT = "submit", "Ask another operator for approval."
    APPROVE = "approve", "Let it run."
    WITHDRAW = "withdraw", "Take the submission or approval back."
    START = "start", "Begin to move its machines."
    PAUSE = "pause", "Start nothing new for now."
    RESUME = "resume", "Go on."
    HALT = "halt", "Stop at once, with a reason."
    SOAK = "soak", "Watch it: no machine has anything left to do."
    FINISH = "finish", "Close it."
    REOPEN = "reopen", "A machine of it has work again."
    CANCEL = "cancel", "Give it up."


_S, _V = WaveState, WaveVerb
_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.DRAFT, _V.PLAN): _S.PLANNED,
    (_S.PLANNED, _V.SUBMIT): _S.AWAITING_APPROVAL,
    (_S.AWAITING_APPROVAL, _V.APPROVE): _S.APPROVED,
    (_S.AWAITING_APPROVAL, _V.WITHDRAW): _S.PLANNED,
    (_S.APPROVED, _V.WITHDRAW): _S.PLANNED,
    (_S.APPROVED, _V.START): _S.RUNNING,
    (_S.RUNNING, _V.PAUSE): _S.PAUSED,
    (_S.PAUSED, _V.RESUME): _S.RUNNING,
    (_S.RUNNING, _V.HALT): _S.HALTED,
    (_S.PAUSED, _V.HALT): _S.HALTED,
    (_S.SOAKING, _V.HALT): _S.HALTED,
    (_S.HALTED, _V.RESUME): _S.RUNNING,
    (_S.RUNNING, _V.SOAK): _S.SOAKING,
    (_S.SOAKING, _V.REOPEN): _S.RUNNING,
    (_S.SOAKING, _V.FINISH): _S.DONE,
    (_S.DONE, _V.REOPEN): _S.RUNNING,
    **{
        (state, _V.CANCEL): _S.CANCELLED
        for state in (
            _S.DRAFT,
            _S.PLANNED,
            _S.AWAITING_APPROVAL,
            _S.APPROVED,
            _S.RUNNING,
            _S.PAUSED,
            _S.HALTED,
        )
    },
}

WAVE = Lifecycle(
    noun="wave",
    states=WaveState,
    verbs=WaveVerb,
    initial=_S.DRAFT,
    moves=_MOVES,
    explained=frozenset({_S.PAUSED, _S.HALTED, _S.CANCELLED}),
)

STARTS_NOTHING = frozenset(WaveState) - {_S.RUNNING}
"""In these states no new claim is made for a machine of the wave."""
