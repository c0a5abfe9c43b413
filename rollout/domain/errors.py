"""Errors that a user can act on; each message says what is wrong, where, and what to do."""

from collections.abc import Sequence
from enum import StrEnum

from rollout.domain.words import msgid


class RolloutError(Exception):
    """A request was refused or failed for a reason that the user can act on."""


class Worded(RolloutError):
    """An error of the domain, which knows no language: a msgid and what fills it in.

    `rollout.i18n.labels.explained` says it in the language in force.
    """

    message = ""

    def __init__(self, **details: object) -> None:
        self.details = details
        words = {
            name: ", ".join(value) if isinstance(value, tuple) else value
            for name, value in details.items()
        }
        super().__init__(self.message.format(**words))


class NotAllowed(Worded):
    """The transition table has no such move; `possible` are the verbs that it has from there."""

    message = msgid(
        "{noun} {key} is {state}: “{verb}” is not possible from there; possible: {possible}"
    )

    def __init__(
        self, noun: str, key: str, state: StrEnum, verb: StrEnum, possible: Sequence[StrEnum]
    ) -> None:
        if not possible:
            self.message = msgid(
                "{noun} {key} is {state}: “{verb}” is not possible from there, nor is anything else"
            )
        super().__init__(noun=noun, key=key, state=state, verb=verb, possible=tuple(possible))


class StaleState(Worded):
    """Somebody else changed the row between reading and writing."""

    message = msgid("{noun} {keys} changed meanwhile: look again and repeat")

    def __init__(self, noun: str, keys: list[str]) -> None:
        shown = ", ".join(keys[:5]) + (" ..." if len(keys) > 5 else "")
        super().__init__(noun=noun, keys=shown)


_LISTED_BY = {"person": "readiness", "takeout": "takehome list"}
"""The command that names the rows of a noun, where it is not called like the noun."""


class NotFound(Worded):
    """No row of that name."""

    message = msgid("there is no {noun} {key}: see `rollout {command}`")

    def __init__(self, noun: str, key: object) -> None:
        command = _LISTED_BY.get(noun, f"{noun} list")
        super().__init__(noun=noun, key=key, command=command)


class NeedsApproval(RolloutError):
    """Nothing changed because another operator has to approve first."""


class LeaseHeld(RolloutError):
    """Another process acts on the programme already."""


class StaleEpoch(RolloutError):
    """A result or a token came with an epoch that a newer claim has overtaken."""
