"""Labels of words: every member of an enumeration in the language in force."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from rollout.domain.errors import RolloutError, Worded
from rollout.domain.noun import Noun
from rollout.i18n import _, catalogue


def label(word: StrEnum) -> str:
    """The label of a state, step, verb or other word.

    The catalogue's context is the enumeration, because the same English word may need another
    Japanese one elsewhere ("planned" of a machine and of a wave).
    """
    return labelled(type(word).__name__, word.value)


def labelled(context: str, word: str) -> str:
    """The label of a word that is known by the name of its enumeration."""
    english = word.replace("_", " ")
    found = catalogue().pgettext(context, english)
    return _spelled(english) if found == english else found


@cache
def _spelled(english: str) -> str:
    """Words of programs have no capitals and no hyphens."""
    return _SPELLED.get(english) or " ".join(_SPELLED.get(one, one) for one in english.split(" "))


_SPELLED = {
    "byod": "BYOD",
    "ios": "iOS",
    "macos": "macOS",
    "mfa": "MFA",
    "pc": "PC",
    "pin": "PIN",
    "sign ins": "sign-ins",
}


def headed(text: str) -> str:
    """As the heading of a column, beside sentences that begin with a capital."""
    return text[:1].upper() + text[1:]


def labels(kind: type[StrEnum]) -> dict[str, str]:
    """Every word of an enumeration with its label."""
    return {word.value: label(word) for word in kind}


def said(text: str, details: Mapping[str, object]) -> str:
    """A msgid with what fills it in, in the language in force."""
    filled = {name: _said(value) for name, value in details.items()}
    return (_(text) if text else "").format(**filled)


def explained(error: RolloutError) -> str:
    """What an error says in the language in force."""
    if not isinstance(error, Worded):
        return str(error)
    details = {name: _said(value) for name, value in error.details.items()}
    if "noun" in details:
        details["noun"] = label(Noun(str(details["noun"])))
    return _(error.message).format(**details)


def _said(value: object) -> object:
    if isinstance(value, tuple):
        return ", ".join(str(_said(one)) for one in value)
    return label(value) if isinstance(value, StrEnum) else value
