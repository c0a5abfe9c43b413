"""Cloud services of a person, and the groups and teams that departments have there."""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class CloudService(Described):
    """What a person gets, in the order in which one needs the other."""

    IDENTITY = "identity", "An enabled user in the directory, with the place of use."
    LICENCE = "licence", "Every product of the configuration."
    MAILBOX = "mailbox", "A mailbox that answers, in Japanese and Tokyo's time."
    GROUPWARE = "groupware", "A member of the own department's group."
    CHAT = "chat", "In the department's team, or provisioned in another chat."


class GroupKind(Described):
    """What a department gets."""

    GROUP = "group", "A Microsoft 365 group with its address."
    TEAM = "team", "The group's team."


class AccountState(Described):
    """Where a service of a person stands, or a group or team of a department."""

    ABSENT = "absent", "Nothing was asked for, or it is gone from the directory."
    REQUESTED = "requested", "To be done; nothing is known to have happened yet."
    PENDING = "pending", "Accepted by the service; asked again until it is there, or gone."
    READY = "ready", "The service itself says that it is there."
    BLOCKED = "blocked", "The service refused; a person has to remove the cause."
    REVOKED = "revoked", "Taken away."


class AccountVerb(Described):
    """What can happen to it."""

    REQUEST = "request", "Ask for it, for a change of it, or for its end."
    ACCEPT = "accept", "The service took the order and needs time."
    CONFIRM = "confirm", "The service says that it is there."
    BLOCK = "block", "The service refused."
    REVOKE = "revoke", "The service says that it is gone."
    MISS = "miss", "It was there and is no more."


_S, _V = AccountState, AccountVerb
_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    **{
        (state, _V.REQUEST): _S.REQUESTED
        for state in (_S.ABSENT, _S.PENDING, _S.READY, _S.BLOCKED, _S.REVOKED)
    },
    (_S.REQUESTED, _V.ACCEPT): _S.PENDING,
    **{
        (state, verb): target
        for state in (_S.REQUESTED, _S.PENDING)
        for verb, target in (
            (_V.CONFIRM, _S.READY),
            (_V.BLOCK, _S.BLOCKED),
            (_V.REVOKE, _S.REVOKED),
        )
    },
    (_S.READY, _V.BLOCK): _S.BLOCKED,
    (_S.READY, _V.MISS): _S.ABSENT,
    (_S.ABSENT, _V.CONFIRM): _S.READY,
    (_S.BLOCKED, _V.CONFIRM): _S.READY,
    (_S.REVOKED, _V.CONFIRM): _S.READY,
}

ACCOUNT = Lifecycle(
    noun="account",
    states=AccountState,
    verbs=AccountVerb,
    initial=_S.ABSENT,
    moves=_MOVES,
    explained=frozenset({_S.ABSENT, _S.PENDING, _S.BLOCKED}),
)
CLOUD_GROUP = Lifecycle(
    noun="cloud_group",
    states=AccountState,
    verbs=AccountVerb,
    initial=_S.ABSENT,
    moves=_MOVES,
    explained=frozenset({_S.PENDING, _S.BLOCKED}),
)

NEEDS = {
    CloudService.LICENCE: (CloudService.IDENTITY,),
    CloudService.MAILBOX: (CloudService.LICENCE,),
    CloudService.GROUPWARE: (CloudService.IDENTITY,),
    CloudService.CHAT: (CloudService.LICENCE, CloudService.GROUPWARE),
}
"""What has to be ready first; a chat that is no team does not wait for the group."""


class Aim(StrEnum):
    """What a request leads to."""

    READY = "ready"
    REVOKED = "revoked"


class PlannedAction(Described):
    """What a plan says of a service of a person."""

    CREATE = "create", "It is not there and will be made."
    CHANGE = "change", "It is there and differs."
    KEEP = "keep", "It is as it should be."
    BLOCKED = "blocked", "It cannot be made; the cause says what to do."
    REVOKE = "revoke", "The person left; it will be taken away."
