"""What the filters of rooms have in common: `key:value,value` and words without a key."""

import re
from collections.abc import Iterable

from rollout.domain.errors import RolloutError
from rollout.domain.lifecycle import Described
from rollout.domain.text import tidy
from rollout.i18n import _
from rollout.i18n.labels import label


class FilterRefused(RolloutError):
    """A word of the filter means nothing."""


_WORDS = re.compile(r'(?:[^\s":]+:)"[^"]*"?|\S+')
"""Quotes keep the blanks of a value together: `site:"北 庁舎"`."""


def word_for(key: str, value: str) -> str:
    """The word of a filter that stands for exactly this value."""
    blank = any(character.isspace() or character == "," for character in value)
    return f'{key}:"{value}"' if blank else f"{key}:{value}"


def split(words: str, keys: Iterable[str]) -> tuple[dict[str, list[str]], str]:
    """The values of every key, and the words without one of these keys as one text."""
    given: dict[str, list[str]] = {key: [] for key in keys}
    texts = []
    for word in _WORDS.findall(tidy(words)):
        name, colon, values = word.partition(":")
        if colon and name.lower() in given:
            found = [values.strip('"')] if values.startswith('"') else values.split(",")
            given[name.lower()] += [value for value in found if value]
        else:
            texts.append(word)
    return given, " ".join(texts)


def meant(kind: type[Described], values: Iterable[str]) -> tuple[str, ...]:
    """The words of an enumeration, typed as they are or as their labels. Raises FilterRefused."""
    return tuple(_meant(kind, value) for value in values)


def _meant(kind: type[Described], value: str) -> str:
    for word in kind:
        if value.lower() == word.value or value == label(word):
            return str(word.value)
    raise FilterRefused(
        _("{word} is unknown: use one of {known}").format(
            word=value, known=", ".join(label(word) for word in kind)
        )
    )


def number_of(word: str) -> int:
    """The number of a wave. Raises FilterRefused."""
    if not word.isdecimal():
        raise FilterRefused(_("{word} is no wave: write its number").format(word=word))
    return int(word)
