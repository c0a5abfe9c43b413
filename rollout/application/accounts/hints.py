"""The directory's refusals with what a person can do about them."""

from rollout.domain.words import msgid
from rollout.i18n.told import Told, told

#: A part of the code or of the message in small letters, and the text.
_KNOWN: tuple[tuple[str, str], ...] = (
    (
        "available licenses",
        msgid("no seat is left ({why}): buy more, or take some back from leavers"),
    ),
    ("countviolation", msgid("no seat is left ({why}): buy more, or take some back from leavers")),
    (
        "mutually exclusive",
        msgid("two products exclude each other ({why}): take one away, or switch a plan off"),
    ),
    (
        "mutuallyexclusiveviolation",
        msgid("two products exclude each other ({why}): take one away, or switch a plan off"),
    ),
    ("dependencyviolation", msgid("a product needs another one ({why}): give that first")),
    ("depends on the service plan", msgid("a product needs another one ({why}): give that first")),
    (
        "usagelocation",
        msgid("the place of use is missing or not allowed ({why}): see usage_location"),
    ),
    (
        "usage location",
        msgid("the place of use is missing or not allowed ({why}): see usage_location"),
    ),
    (
        "authorization_requestdenied",
        msgid("the application lacks a role ({why}): see `rollout doctor`"),
    ),
    (
        "verified domain",
        msgid("the name's domain does not belong to this directory ({why}): see [accounts] upn"),
    ),
    ("on-premises", msgid("directory synchronisation owns this ({why}): change it there")),
    (
        "ambiguous",
        msgid("two users claim to be this person ({why}): correct one of them in the directory"),
    ),
    ("password", msgid("the first password was not taken ({why}): see the directory's rules")),
)


def hint(code: str, why: str) -> Told:
    """The refusal in the reader's language, with the directory's own words inside."""
    text = f"{code} {why}".casefold()
    for part, message in _KNOWN:
        if part in text:
            return told(message, why=why)
    return told(msgid("the directory refused ({code}): {why}"), code=code, why=why)
