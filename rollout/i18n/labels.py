"""Labels of words: every member of an enumeration in the language in force."""

from enum import StrEnum

from rollout.i18n import catalogue


def label(word: StrEnum) -> str:
    """The label of a state, step, verb or other word.

    The catalogue's context is the enumeration, because the same English word may need another
    Japanese one elsewhere ("planned" of a machine and of a wave).
    """
    return catalogue().pgettext(type(word).__name__, word.value.replace("_", " "))
