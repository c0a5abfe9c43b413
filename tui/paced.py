"""Costly answers, asked for no more often than all of them together are worth."""

from collections.abc import Callable, Sequence
from time import monotonic, thread_time
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")

SHARE = 19
"""After an answer this many times its length passes before another is asked for: 5 % of a core."""


class Costly(Generic[Answer]):
    """The last answer of `ask`, None before the first; used by one thread at a time."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self.ask = ask
        self.answer: Answer | None = None
        self.key: object = None
        self.asked_at = 0.0


class Pace:
    """Lets costly questions through one at a time, so that there may be any number of them.

    What was never answered is asked at once. What has to be asked again waits for its turn: whose
    last answer is the oldest comes first.
    """

    def __init__(self) -> None:
        self._not_before = 0.0
        self.hurries = False
        """Whether the next answer is awaited."""

    def hurry(self) -> None:
        """Wait for nothing before the next answer: a person has just done what it depends on."""
        self.hurries = True

    def due(self, asked: Sequence[tuple[Costly[Any], object]]) -> tuple[Costly[Any], object] | None:
        """Whose turn it is, of questions with what their answers depend on."""
        for part, key in asked:
            if part.answer is None:
                return part, key
        if monotonic() < self._not_before and not self.hurries:
            return None
        stale = [(part, key) for part, key in asked if part.key != key]
        return min(stale, key=lambda pair: pair[0].asked_at, default=None)

    def renew(self, part: Costly[Any], key: object) -> None:
        """Ask."""
        self.hurries = False  # before the answer: what happens during it is not in it
        begun = thread_time()  # what others do to a busy computer is no cost of ours
        part.answer = part.ask()
        part.key, part.asked_at = key, monotonic()
        self._not_before = monotonic() + SHARE * (thread_time() - begun)
