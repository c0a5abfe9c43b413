"""The rooms in the order of their keys, and what they are called."""

from rollout.domain.words import msgid
from rollout.i18n import _

KEYS = {
    "overview": "1",
    "waves": "2",
    "machines": "3",
    "runs": "4",
    "failures": "5",
    "stops": "6",
    "accounts": "7",
    "activity": "8",
    "takeouts": "9",
    "plan": "0",
    "devices": "D",
    "readiness": "minus",
    "board": "P",
}


WORDS = {
    "overview": msgid("overview"),
    "waves": msgid("waves"),
    "machines": msgid("machines"),
    "runs": msgid("runs"),
    "failures": msgid("failures"),
    "stops": msgid("stops"),
    "accounts": msgid("accounts"),
    "activity": msgid("activity"),
    "takeouts": msgid("take-outs"),
    "plan": msgid("plan"),
    "devices": msgid("personal devices"),
    "readiness": msgid("readiness"),
    "board": msgid("programme board"),
}
"""How a room's key is described in the list of keys."""


def room_key(room: str) -> str:
    """Its key as it is printed on the keyboard."""
    return {"minus": "-"}.get(KEYS[room], KEYS[room])


def room_name(room: str) -> str:
    """The name of a room in the language in force."""
    return {
        "overview": _("Overview"),
        "waves": _("Waves"),
        "machines": _("Machines"),
        "runs": _("Runs"),
        "failures": _("Failures"),
        "stops": _("Stops"),
        "accounts": _("Accounts"),
        "activity": _("Activity"),
        "takeouts": _("Take-out"),
        "plan": _("Plan"),
        "devices": _("Private devices"),
        "readiness": _("Readiness"),
        "board": _("Board"),
    }[room]
