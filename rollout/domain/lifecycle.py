"""What a transition table is: one per noun, `(state, verb) -> state`, readable as text.

A few verbs lead back to where the row came from (a released hold, a retried step). The table
says so with a `Back`, and the noun's `follow` function turns it into a state with what the row
remembers. Nothing here knows of a database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from rollout.domain.errors import NotAllowed

Memory = Mapping[str, Any]
"""The columns that a move reads and writes: `state` and whatever the noun remembers."""


class Described(StrEnum):
    """A word with one sentence on its meaning: `NAME = "word", "sentence"`."""

    meaning: str

    def __new__(cls, word: str, meaning: str = "") -> "Described":
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        return member


class Back(Enum):
    """Targets that depend on what the row remembers."""

    TO_STEP_START = "start of the step"
    TO_STEP_END = "end of the step"
    TO_BEFORE_HOLD = "where it was"


Moves = Mapping[tuple[StrEnum, StrEnum], "StrEnum | Back"]
Follow = Callable[[Memory, StrEnum, "StrEnum | Back"], dict[str, Any]]


def _only_the_state(memory: Memory, verb: StrEnum, target: "StrEnum | Back") -> dict[str, Any]:
    return {"state": target}


@dataclass(frozen=True)
class Lifecycle:
    """The table of one noun.

    `follow` gives the columns to write for a move; by default only the state.
    `remembers` names the columns that `follow` reads. A row keeps the reason of its last move
    as its cause only in the states that are `explained`.
    """

    noun: str
    states: type[StrEnum]
    verbs: type[StrEnum]
    initial: StrEnum
    moves: Moves
    remembers: tuple[str, ...] = ("state",)
    follow: Follow = _only_the_state
    explained: frozenset[StrEnum] = frozenset()

    def move(self, memory: Memory, verb: StrEnum, *, key: str = "?") -> dict[str, Any]:
        """The columns to write when a row with `memory` follows `verb`.

        Raises NotAllowed when the table has no such move.
        """
        state = self.states(memory["state"])
        target = self.moves.get((state, verb))
        if target is None:
            raise NotAllowed(self.noun, key, state, verb, self.verbs_from(state))
        return self.follow(memory, verb, target)

    def returns(self, memory: Memory, verb: StrEnum) -> bool:
        """Whether this move leads a row back to where it was before it was held."""
        return self.moves.get((self.states(memory["state"]), verb)) is Back.TO_BEFORE_HOLD

    def sources(self, verb: StrEnum) -> frozenset[StrEnum]:
        """The states from which `verb` is possible."""
        return frozenset(state for state, known in self.moves if known == verb)

    def verbs_from(self, state: StrEnum) -> list[StrEnum]:
        """The verbs that are possible from `state`, in the order of the table."""
        return [verb for source, verb in self.moves if source == state]
