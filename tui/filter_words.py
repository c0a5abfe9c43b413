"""The words of the machine filter: `state:failed site:尾鷲 gen:DK18 wave:3 佐藤`."""

from enum import StrEnum

from rollout.application.ledger.words import purpose_of
from rollout.application.machines import Filter
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineState
from rollout.i18n import _
from rollout.i18n.labels import label


class FilterRefused(RolloutError):
    """A word of the filter means nothing."""


class FilterKey(StrEnum):
    """What may stand before the colon; several values are separated by commas."""

    STATE = "state"
    SITE = "site"
    GENERATION = "gen"
    WAVE = "wave"
    USE = "use"


def parse(words: str) -> Filter:
    """The filter that `words` ask for; words without a known key are looked for as text.

    Raises FilterRefused.
    """
    given: dict[FilterKey, list[str]] = {key: [] for key in FilterKey}
    texts: list[str] = []
    for word in words.split():
        name, colon, values = word.partition(":")
        if colon and name.lower() in set(FilterKey):
            given[FilterKey(name.lower())] += [value for value in values.split(",") if value]
        else:
            texts.append(word)
    return Filter(
        states=tuple(_state(value) for value in given[FilterKey.STATE]),
        sites=tuple(given[FilterKey.SITE]),
        generations=tuple(value.upper() for value in given[FilterKey.GENERATION]),
        waves=tuple(_wave(value) for value in given[FilterKey.WAVE]),
        text=" ".join(texts),
        purposes=tuple(purpose_of(value) for value in given[FilterKey.USE]),
    )


def _state(value: str) -> str:
    for state in MachineState:
        if value.lower() == state.value or value == label(state):
            return state.value
    raise FilterRefused(
        _("{word} is no state: use one of {known}").format(
            word=value, known=", ".join(label(state) for state in MachineState)
        )
    )


def _wave(value: str) -> int:
    if not value.isdecimal():
        raise FilterRefused(_("{word} is no wave: write its number").format(word=value))
    return int(value)
