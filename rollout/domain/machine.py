"""The life of a machine: its states, the steps of its passage, and the table of its moves."""

from enum import StrEnum
from typing import Any

from rollout.domain.lifecycle import Back, Described, Lifecycle, Memory


class MachineState(Described):
    """-ING is work in progress; whoever holds the step's claim may leave it."""

    REGISTERED = "registered", "In the ledger, without a date; the planner may leave it."
    PLANNED = "planned", "Has a wave and a day; preflight may begin."
    CHECKING = "checking", "Preflight is at work."
    CLEARED = "cleared", "Preflight found it fit; capture may begin."
    CAPTURING = "capturing", "The user's data is being copied."
    CAPTURED = "captured", "The copy is verified; only now may the disk be rewritten."
    REIMAGING = "reimaging", "Armed, rewriting or booting; ends when the machine checks in."
    REIMAGED = "reimaged", "It reported itself with the new image."
    CONNECTING = "connecting", "Direct internet access is being opened."
    CONNECTED = "connected", "It reaches the internet directly."
    RESTORING = "restoring", "The user's data is being put back."
    RESTORED = "restored", "The data is back and counted."
    VERIFYING = "verifying", "The security controls are being measured."
    VERIFIED = "verified", "Every required control has evidence."
    ENABLING = "enabling", "Take-home use is being prepared."
    PREPARED = "prepared", "Protected for use outside; its owner gets it and chooses the PIN."
    PORTABLE = "portable", "At its owner's and may leave the office: nothing is missing for that."
    MIGRATED = "migrated", "Handed over to its owner."
    FAILED = "failed", "A step ended with an error; an operator may retry."
    SILENT = "silent", "The deadline passed without an answer; counted apart from failures."
    UNKNOWN = "unknown", "A claim without an end; a probe settles it, else an operator."
    HELD = "held", "Kept back with a reason; remembers where it was."
    EXCLUDED = "excluded", "Takes no part in the programme."
    SUPERSEDED = "superseded", "Replaced by a successor machine."
    RETAINED = "retained", "Kept unerased until its retention date."
    ERASING = "erasing", "Its erasure is ordered; ends when that is reported or seen."
    ERASED = "erased", "Erased with a certificate."
    RETURNED = "returned", "Back with the lessor."


class MachineVerb(Described):
    """What can be done to a machine."""

    PLAN = "plan", "Give it a wave and a day."
    UNPLAN = "unplan", "Take its wave and day away."
    BEGIN = "begin", "Start the next step; a claim goes with it."
    FINISH = "finish", "The step is proven done."
    FAIL = "fail", "The step ended with an error."
    FALL_SILENT = "fall_silent", "The machine did not answer in time."
    LOSE = "lose", "The claim has no end and nobody works on it."
    STAND_DOWN = "stand_down", "Settled: the step did not happen."
    RETRY = "retry", "Back to the step's start with a new attempt."
    HOLD = "hold", "Keep it back."
    RELEASE = "release", "Let a held machine go on."
    EXCLUDE = "exclude", "Take it out of the programme."
    READMIT = "readmit", "Take an excluded machine in again."
    HAND_OVER = "hand_over", "Give it to its owner."
    HAND_BACK = "hand_back", "It was prepared in use, or not reached: its owner has it as before."
    LET_OUT = "let_out", "Policy, evidence, PIN and application are there: it may leave the office."
    KEEP_IN = "keep_in", "Something of that is missing again: it stays in the office."
    SUPERSEDE = "supersede", "A successor has replaced it."
    RETAIN = "retain", "Start its retention period."
    ERASE = "erase", "Somebody has erased it by hand and answers for that."
    GIVE_BACK = "give_back", "Return it to the lessor."


class Step(Described):
    """One stage of a machine's passage; its playbook bears the same name."""

    PREFLIGHT = "preflight", "Is it the right machine, and fit to be moved?"
    CAPTURE = "capture", "Copy the user's data and verify the copy."
    REIMAGE = "reimage", "Rewrite the disk; proven by the machine's own check-in."
    CONNECT = "connect", "Open direct internet access, take the proxies away."
    RESTORE = "restore", "Put the user's data back and count it."
    VERIFY = "verify", "Measure every control of the security model."
    ENABLE = "enable", "Prepare take-home use."
    RETIRE = "retire", "Erase a replaced PC; no part of the passage."

    @property
    def starts_from(self) -> MachineState:
        """The state in which a machine waits for this step."""
        return _STAGES[self][0]

    @property
    def working(self) -> MachineState:
        """The -ING state of this step."""
        return _STAGES[self][1]

    @property
    def done(self) -> MachineState:
        """The state that this step's success leads to."""
        return _STAGES[self][2]

    @property
    def destructive(self) -> bool:
        """Whether a second start could destroy data: needs approval, token and settling."""
        return self in (Step.REIMAGE, Step.RETIRE)

    @property
    def proven_by_check_in(self) -> bool:
        """Whether the machine itself must report, because its old identity is gone."""
        return self is Step.REIMAGE


_S = MachineState
_STAGES: dict[Step, tuple[MachineState, MachineState, MachineState]] = {
    Step.PREFLIGHT: (_S.PLANNED, _S.CHECKING, _S.CLEARED),
    Step.CAPTURE: (_S.CLEARED, _S.CAPTURING, _S.CAPTURED),
    Step.REIMAGE: (_S.CAPTURED, _S.REIMAGING, _S.REIMAGED),
    Step.CONNECT: (_S.REIMAGED, _S.CONNECTING, _S.CONNECTED),
    Step.RESTORE: (_S.CONNECTED, _S.RESTORING, _S.RESTORED),
    Step.VERIFY: (_S.RESTORED, _S.VERIFYING, _S.VERIFIED),
    Step.ENABLE: (_S.VERIFIED, _S.ENABLING, _S.PREPARED),
    Step.RETIRE: (_S.RETAINED, _S.ERASING, _S.ERASED),
}

PASSAGE: tuple[Step, ...] = tuple(step for step in Step if step is not Step.RETIRE)
"""The steps that a wave takes its machines through, in order."""
STEP_FROM: dict[MachineState, Step] = {step.starts_from: step for step in PASSAGE}
"""The step of the passage that a machine in that state waits for."""

IN_USE: frozenset[MachineState] = frozenset({_S.PORTABLE, _S.MIGRATED})
"""At its owner's: no step of the passage is at work on it."""
WORKING: frozenset[MachineState] = frozenset(step.working for step in Step)
NEEDS_A_PERSON: frozenset[MachineState] = frozenset({_S.FAILED, _S.SILENT, _S.UNKNOWN, _S.HELD})
DONE: frozenset[MachineState] = IN_USE | {_S.SUPERSEDED, _S.RETAINED, _S.ERASING,
                                          _S.ERASED, _S.RETURNED}  # fmt: skip
"""Nothing of the programme is left to do for the owner of such a machine."""

_RESTING = frozenset(
    {_S.REGISTERED, *STEP_FROM, _S.PREPARED, _S.FAILED, _S.SILENT, _S.UNKNOWN}
)  # fmt: skip
_V = MachineVerb

_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.REGISTERED, _V.PLAN): _S.PLANNED,
    (_S.PLANNED, _V.UNPLAN): _S.REGISTERED,
    **{(step.starts_from, _V.BEGIN): step.working for step in Step},
    **{(step.working, _V.FINISH): step.done for step in Step},
    **{(step.working, _V.FAIL): _S.FAILED for step in Step},
    **{(step.working, _V.FALL_SILENT): _S.SILENT for step in Step},
    **{(step.working, _V.LOSE): _S.UNKNOWN for step in Step},
    **{(step.working, _V.STAND_DOWN): step.starts_from for step in Step},
    (_S.UNKNOWN, _V.FINISH): Back.TO_STEP_END,
    (_S.UNKNOWN, _V.FAIL): _S.FAILED,
    (_S.UNKNOWN, _V.FALL_SILENT): _S.SILENT,
    (_S.UNKNOWN, _V.STAND_DOWN): Back.TO_STEP_START,
    (_S.SILENT, _V.FINISH): Back.TO_STEP_END,
    (_S.SILENT, _V.FAIL): _S.FAILED,
    (_S.SILENT, _V.RETRY): Back.TO_STEP_START,
    (_S.FAILED, _V.RETRY): Back.TO_STEP_START,
    **{(state, _V.HOLD): _S.HELD for state in MachineState if state in _RESTING},
    (_S.HELD, _V.RELEASE): Back.TO_BEFORE_HOLD,
    **{
        (state, _V.EXCLUDE): _S.EXCLUDED
        for state in (_S.REGISTERED, _S.PLANNED, _S.CLEARED, _S.FAILED, _S.HELD)
    },
    (_S.EXCLUDED, _V.READMIT): _S.REGISTERED,
    (_S.VERIFIED, _V.HAND_OVER): _S.MIGRATED,
    (_S.PREPARED, _V.HAND_OVER): _S.MIGRATED,
    (_S.VERIFIED, _V.HAND_BACK): _S.MIGRATED,
    (_S.PREPARED, _V.HAND_BACK): _S.MIGRATED,
    (_S.MIGRATED, _V.LET_OUT): _S.PORTABLE,
    (_S.PORTABLE, _V.KEEP_IN): _S.MIGRATED,
    (_S.MIGRATED, _V.BEGIN): _S.ENABLING,
    **{
        (state, _V.SUPERSEDE): _S.SUPERSEDED
        for state in (_S.REGISTERED, _S.PLANNED, _S.FAILED, _S.HELD, _S.PORTABLE, _S.MIGRATED)
    },
    (_S.SUPERSEDED, _V.RETAIN): _S.RETAINED,
    (_S.RETAINED, _V.ERASE): _S.ERASED,
    (_S.ERASED, _V.GIVE_BACK): _S.RETURNED,
}


_ENABLED_AFTER = {_S.REIMAGED: False, _S.PREPARED: True}
"""Whether the system on its disk is prepared for use outside, after a step that says so."""


def _follow(memory: Memory, verb: StrEnum, target: StrEnum | Back) -> dict[str, Any]:
    """The columns that a move writes.

    `step` names the step at work, or the one that failed, fell silent or is in doubt;
    `attempt` is the attempt that is authorised next (or under way);
    `held_from` is the state to which a release leads;
    `enabled` says whether the system on its disk was prepared for use outside.
    """
    step = Step(memory["step"]) if memory["step"] else None
    state = MachineState(memory["state"])
    written: dict[str, Any] = {}
    if target is Back.TO_BEFORE_HOLD:
        return {"state": MachineState(memory["held_from"]), "held_from": None}
    if verb == _V.BEGIN:
        # A migrated machine enters ENABLE later, when its generation may be taken home.
        begun = Step.RETIRE if state == _S.RETAINED else STEP_FROM.get(state, Step.ENABLE)
        written = {"step": begun}
    elif verb == _V.FINISH:
        written = {"step": None, "attempt": 1}
    elif verb in (_V.RETRY, _V.STAND_DOWN):
        written = {"step": None, "attempt": memory["attempt"] + 1}
    elif verb == _V.HOLD:
        written = {"held_from": state}
    elif verb in (_V.EXCLUDE, _V.SUPERSEDE, _V.READMIT):
        written = {"held_from": None, "step": None}
    if isinstance(target, Back):
        if step is None:
            raise ValueError(f"a machine in {state} has to remember its step")
        target = step.starts_from if target is Back.TO_STEP_START else step.done
    if verb == _V.FINISH and target in _ENABLED_AFTER:
        written["enabled"] = _ENABLED_AFTER[MachineState(target)]
    return {"state": target, **written}


MACHINE = Lifecycle(
    noun="machine",
    states=MachineState,
    verbs=MachineVerb,
    initial=_S.REGISTERED,
    moves=_MOVES,
    remembers=("state", "step", "attempt", "held_from", "enabled"),
    follow=_follow,
    explained=NEEDS_A_PERSON | {_S.EXCLUDED, _S.SUPERSEDED},
)
