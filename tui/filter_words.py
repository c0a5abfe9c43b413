"""The words of the machine filter: `state:failed site:尾鷲 gen:DK18 wave:3 佐藤`."""

from enum import StrEnum

from rollout.application.ledger.words import purpose_of
from rollout.application.machines import Filter
from rollout.domain.machine import MachineState
from tui.filter_language import meant, number_of, split


class FilterKey(StrEnum):
    """What may stand before the colon; several values are separated by commas."""

    STATE = "state"
    SITE = "site"
    GENERATION = "gen"
    WAVE = "wave"
    USE = "use"


def parse(words: str) -> Filter:
    """The filter that `words` ask for; words without a known key are looked for as text.

    Raises filter_language.FilterRefused.
    """
    given, text = split(words, FilterKey)
    return Filter(
        states=meant(MachineState, given[FilterKey.STATE]),
        sites=tuple(given[FilterKey.SITE]),
        generations=tuple(value.upper() for value in given[FilterKey.GENERATION]),
        waves=tuple(number_of(value) for value in given[FilterKey.WAVE]),
        text=text,
        purposes=tuple(purpose_of(value) for value in given[FilterKey.USE]),
    )
