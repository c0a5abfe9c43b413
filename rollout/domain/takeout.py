"""Taking a PC out of the office: the application for it, and the PIN that its user chooses."""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class TakeoutState(Described):
    """Where an application stands, and the PC that it is about."""

    APPLIED = "applied", "Waits for the head of the office or the security officer."
    APPROVED = "approved", "Allowed for its period; nobody has reported yet that the PC is out."
    OUT = "out", "The PC is out of the office."
    RECALLED = "recalled", "Nothing allows it any more: the PC may be outside and has to come back."
    RETURNED = "returned", "The PC is back."
    REJECTED = "rejected", "Refused, with the reason."
    EXPIRED = "expired", "Its period ended before anybody decided, or before the PC could go."
    WITHDRAWN = "withdrawn", "Taken back before the PC went."


class TakeoutVerb(Described):
    """What can happen to an application."""

    APPROVE = "approve", "Allow it; an approver who is not the applicant."
    REJECT = "reject", "Refuse it, with the reason."
    WITHDRAW = "withdraw", "Take it back."
    EXPIRE = "expire", "Its period is over."
    TAKE_OUT = "take_out", "Report that the PC has left."
    RECALL = "recall", "Its user has left or has another PC: it has to come back."
    BRING_BACK = "bring_back", "Report that the PC is in the office."


_S, _V = TakeoutState, TakeoutVerb
_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.APPLIED, _V.APPROVE): _S.APPROVED,
    (_S.APPLIED, _V.REJECT): _S.REJECTED,
    **{
        (state, verb): target
        for state in (_S.APPLIED, _S.APPROVED)
        for verb, target in ((_V.WITHDRAW, _S.WITHDRAWN), (_V.EXPIRE, _S.EXPIRED))
    },
    (_S.APPROVED, _V.TAKE_OUT): _S.OUT,
    **{(state, _V.RECALL): _S.RECALLED for state in (_S.APPROVED, _S.OUT)},
    **{(state, _V.BRING_BACK): _S.RETURNED for state in (_S.APPROVED, _S.OUT, _S.RECALLED)},
}

TAKEOUT = Lifecycle(
    noun="takeout",
    states=TakeoutState,
    verbs=TakeoutVerb,
    initial=_S.APPLIED,
    moves=_MOVES,
    explained=frozenset({_S.REJECTED, _S.EXPIRED, _S.WITHDRAWN, _S.RECALLED}),
)

UNDER_WAY = frozenset({_S.APPLIED, _S.APPROVED, _S.OUT, _S.RECALLED})
"""Somebody has to decide, or to bring a PC back."""
ALLOWING = frozenset({_S.APPROVED, _S.OUT})
"""In its period such an application lets a PC leave."""


class PinState(Described):
    """Where the PIN stands that the disk asks for; only the PC's user can choose it."""

    AWAITED = "awaited", "Windows asks its user to choose one."
    CHOSEN = "chosen", "It was measured on the PC."
    MISSING = "missing", "It was there and is gone."


class PinVerb(Described):
    """What is seen of a PIN."""

    SEE = "see", "The PC asks for a PIN at its start."
    MISS = "miss", "It does not any more."
    ASK = "ask", "The PC was prepared anew: its user chooses again."


_PIN_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (PinState.AWAITED, PinVerb.SEE): PinState.CHOSEN,
    (PinState.MISSING, PinVerb.SEE): PinState.CHOSEN,
    (PinState.CHOSEN, PinVerb.MISS): PinState.MISSING,
    (PinState.CHOSEN, PinVerb.ASK): PinState.AWAITED,
    (PinState.MISSING, PinVerb.ASK): PinState.AWAITED,
}

DISK_PIN = Lifecycle(
    noun="disk_pin",
    states=PinState,
    verbs=PinVerb,
    initial=PinState.AWAITED,
    moves=_PIN_MOVES,
)
