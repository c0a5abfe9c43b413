"""The life of a run: one playbook execution for one step over a batch of machines."""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class RunState(Described):
    """Where a run stands."""

    CREATED = "created", "Its claims are committed; Ansible has not started."
    RUNNING = "running", "Ansible is at work."
    FINISHED = "finished", "Ansible said so explicitly; machines may have failed in it."
    CRASHED = "crashed", "Ended without an explicit word; machines without a result are in doubt."
    CANCELLED = "cancelled", "Stopped by an operator, or by its time limit."
    LOST = "lost", "The daemon that ran it is gone."


class RunVerb(Described):
    """What can happen to a run."""

    START = "start", "Hand it to Ansible."
    FINISH = "finish", "Ansible has ended in order."
    CRASH = "crash", "Ansible ended without saying so."
    CANCEL = "cancel", "Stop it."
    LOSE = "lose", "Nobody works on it any more."


class ClaimOutcome(Described):
    """How a claim ended; a claim without one is open."""

    DONE = "done", "The step is proven."
    FAILED = "failed", "The step ended with an error."
    SILENT = "silent", "The machine did not answer."
    NOT_STARTED = "not_started", "Settled: the step had no effect."


class RunPurpose(Described):
    """Why a playbook runs."""

    STEP = "step", "A step of the passage."
    PROBE = "probe", "To settle machines in doubt; changes nothing."
    RECHECK = "recheck", "To measure again what could not be judged; moves nothing."


_S, _V = RunState, RunVerb
_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.CREATED, _V.START): _S.RUNNING,
    (_S.CREATED, _V.CRASH): _S.CRASHED,
    (_S.CREATED, _V.CANCEL): _S.CANCELLED,
    (_S.CREATED, _V.LOSE): _S.LOST,
    (_S.RUNNING, _V.FINISH): _S.FINISHED,
    (_S.RUNNING, _V.CRASH): _S.CRASHED,
    (_S.RUNNING, _V.CANCEL): _S.CANCELLED,
    (_S.RUNNING, _V.LOSE): _S.LOST,
}

RUN = Lifecycle(
    noun="run",
    states=RunState,
    verbs=RunVerb,
    initial=_S.CREATED,
    moves=_MOVES,
    explained=frozenset({_S.CRASHED, _S.CANCELLED, _S.LOST}),
)
ALIVE = frozenset({RunState.CREATED, RunState.RUNNING})
