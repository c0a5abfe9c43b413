"""Personal devices (BYOD): from the application to the release.

The device belongs to its owner: the organisation can take back its own data in its own apps, and
nothing else. So there is no verb here that wipes a device.
"""

from enum import StrEnum

from rollout.domain.lifecycle import Back, Described, Lifecycle


class Platform(Described):
    """What a personal device runs."""

    IOS = "ios", "An iPhone or iPad."
    ANDROID = "android", "A phone or tablet with Android."
    WINDOWS = "windows", "A PC with Windows."
    MACOS = "macos", "A Mac."


class ApplicationKind(Described):
    """What the form asks for (申請区分)."""

    NEW = "new", "The first device of this person."
    ADDITIONAL = "additional", "Another one beside those that are in use."
    REPLACEMENT = "replacement", "Instead of one in use, which is released for it."


class HeadDecision(Described):
    """What the head of office said on the form."""

    AGREED = "agreed", "May be used for work."
    REFUSED = "refused", "May not be used for work."


class Ownership(Described):
    """Whose the directory or the device management takes a device to be."""

    PERSONAL = "personal", "A private device; fixed when its owner consented."
    COMPANY = "company", "The organisation's: it could be wiped whole from the portal."


class StrayReason(Described):
    """Why a device that is registered belongs to no application."""

    UNAPPLIED = "unapplied", "Nobody applied for it."
    UNINVITED = "uninvited", "There is an application, but its owner was not invited yet."
    ENDED = "ended", "Its application was rejected, or the device was released."
    UNKNOWN_OWNER = "unknown_owner", "Its user is nobody whom the people's list knows."


class DeviceState(Described):
    """Where a personal device stands."""

    APPLIED = "applied", "Somebody asks to use it; nobody has decided."
    APPROVED = "approved", "It may be used; its owner is not invited yet."
    INVITED = "invited", "Its owner is in the group and has the mail with the steps."
    ENROLLED = "enrolled", "It is registered; whether it keeps the rules is not told yet."
    COMPLIANT = "compliant", "It is registered and keeps the rules."
    NONCOMPLIANT = "noncompliant", "It is registered and breaks a rule; the cause says which."
    LOST = "lost", "Its owner lost it; access and the apps' data are being taken away."
    WIPE_PENDING = (
        "wipe_pending",
        "The apps' data are to go; this happens when the app is opened next.",
    )
    RELEASED = "released", "Nothing of the organisation is left on it."
    REJECTED = "rejected", "It may not be used; the cause says why."
    WITHDRAWN = "withdrawn", "The application was taken back before anybody was invited."
    EXPIRED = "expired", "The application ran out before anybody was invited."


class DeviceVerb(Described):
    """What can happen to a personal device."""

    APPROVE = "approve", "An approver lets it be used."
    REJECT = "reject", "An approver refuses it; needs a reason."
    WITHDRAW = "withdraw", "The applicant, or the end of service, takes the application back."
    EXPIRE = "expire", "It waited for too long."
    INVITE = "invite", "The owner is in the group and the mail service took the invitation."
    ENROL = "enrol", "It is registered; or its compliance is told no more."
    COMPLY = "comply", "The service says that it keeps the rules."
    BREAK = "break", "The service says that it breaks a rule."
    MISS = "miss", "It was registered and is no more, although nobody released it."
    LOSE = "lose", "Its owner reports it lost."
    ORDER = "order", "The service took the order to end sessions and to wipe the apps' data."
    RELEASE = "release", "It is used for work no more; the apps' data are to go."
    CONFIRM = "confirm", "The service shows that nothing is left."


_S, _V = DeviceState, DeviceVerb
_IN_USE = (_S.INVITED, _S.ENROLLED, _S.COMPLIANT, _S.NONCOMPLIANT)
_REGISTERED = (_S.ENROLLED, _S.COMPLIANT, _S.NONCOMPLIANT)

_MOVES: dict[tuple[StrEnum, StrEnum], StrEnum | Back] = {
    (_S.APPLIED, _V.APPROVE): _S.APPROVED,
    (_S.APPLIED, _V.REJECT): _S.REJECTED,
    (_S.APPROVED, _V.INVITE): _S.INVITED,
    **{
        (state, verb): target
        for state in (_S.APPLIED, _S.APPROVED)
        for verb, target in ((_V.WITHDRAW, _S.WITHDRAWN), (_V.EXPIRE, _S.EXPIRED))
    },
    (_S.INVITED, _V.ENROL): _S.ENROLLED,
    (_S.COMPLIANT, _V.ENROL): _S.ENROLLED,
    (_S.NONCOMPLIANT, _V.ENROL): _S.ENROLLED,
    (_S.ENROLLED, _V.COMPLY): _S.COMPLIANT,
    (_S.NONCOMPLIANT, _V.COMPLY): _S.COMPLIANT,
    (_S.ENROLLED, _V.BREAK): _S.NONCOMPLIANT,
    (_S.COMPLIANT, _V.BREAK): _S.NONCOMPLIANT,
    **{(state, _V.MISS): _S.INVITED for state in _REGISTERED},
    **{(state, _V.LOSE): _S.LOST for state in (*_IN_USE, _S.WIPE_PENDING)},
    **{(state, _V.RELEASE): _S.WIPE_PENDING for state in _IN_USE},
    (_S.LOST, _V.ORDER): _S.WIPE_PENDING,
    (_S.WIPE_PENDING, _V.CONFIRM): _S.RELEASED,
}

PERSONAL_DEVICE = Lifecycle(
    noun="personal_device",
    states=DeviceState,
    verbs=DeviceVerb,
    initial=_S.APPLIED,
    moves=_MOVES,
    explained=frozenset(
        {_S.NONCOMPLIANT, _S.LOST, _S.WIPE_PENDING, _S.REJECTED, _S.WITHDRAWN, _S.EXPIRED}
    ),
)

IN_USE = frozenset(_IN_USE)
"""States in which its owner belongs to the group."""
REGISTERED = frozenset(_REGISTERED)
"""States in which the service shows the device."""
LEAVING = frozenset({_S.LOST, _S.WIPE_PENDING})
"""States in which something is still to be taken away."""
ENDED = frozenset({_S.RELEASED, _S.REJECTED, _S.WITHDRAWN, _S.EXPIRED})
"""States that count against no limit."""
