"""Notices: what a mail to an owner is about, and whether it went out."""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class NoticeKind(Described):
    """What a notice tells."""

    DAYS_BEFORE = "days_before", "The day on which the PC will be moved, some days ahead."
    DAY_BEFORE = "day_before", "The PC is moved tomorrow."
    DONE = "done", "The PC is moved."
    NEW_DATE = "new_date", "The PC will be moved on another day."
    CANCELLED = "cancelled", "The PC is not moved on the day that was told."
    NOT_DONE = "not_done", "The PC did not come through on its day."
    CUTOVER_DAY = "cutover_day", "The day of the cutover."
    MISSING_TRAINING = "missing_training", "Whose trainings are missing, to an office's promoter."
    BYOD_INVITATION = "byod_invitation", "How a personal device is set up."


class NoticeState(Described):
    """Where a notice stands."""

    PLANNED = "planned", "It is to be sent."
    SENT = "sent", "The mail service took it."
    FAILED = "failed", "The mail service refused it, or it came back."
    DROPPED = "dropped", "Overtaken before it went: what it would tell holds no longer."


class NoticeVerb(Described):
    """What can happen to a notice."""

    SEND = "send", "Hand it to the mail service."
    FAIL = "fail", "It was refused, or came back."
    RETRY = "retry", "Send it again."
    DROP = "drop", "Do not send it any more."


_S, _V = NoticeState, NoticeVerb
_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.PLANNED, _V.SEND): _S.SENT,
    (_S.PLANNED, _V.FAIL): _S.FAILED,
    (_S.SENT, _V.FAIL): _S.FAILED,
    (_S.FAILED, _V.RETRY): _S.PLANNED,
    (_S.PLANNED, _V.DROP): _S.DROPPED,
    (_S.FAILED, _V.DROP): _S.DROPPED,
}

NOTICE = Lifecycle(
    noun="notice",
    states=NoticeState,
    verbs=NoticeVerb,
    initial=_S.PLANNED,
    moves=_MOVES,
    explained=frozenset({_S.FAILED, _S.DROPPED}),
)

ABOUT_THE_DAY = frozenset({NoticeKind.DAYS_BEFORE, NoticeKind.NEW_DATE})
"""After these the owner counts on the day, and the calendar has an entry for it."""
