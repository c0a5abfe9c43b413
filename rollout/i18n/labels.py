"""Labels of words: every member of an enumeration in the language in force."""

from enum import StrEnum

from rollout.domain.errors import RolloutError, Worded
from rollout.domain.noun import Noun
from rollout.i18n import _, catalogue


def label(word: StrEnum) -> str:
    """The label of a state, step, verb or other word.

    The catalogue's context is the enumeration, because the same English word may need another
    Japanese one elsewhere ("planned" of a machine and of a wave).
    """
    return catalogue().pgettext(type(word).__name__, word.value.replace("_", " "))


def labels(kind: type[StrEnum]) -> dict[str, str]:
    """Every word of an enumeration with its label."""
    return {word.value: label(word) for word in kind}


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
