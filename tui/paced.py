"""Costly answers, asked for no more often than they are worth."""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

SHARE = 19
"""After an answer this many times its length passes before it is asked for again: 5 % of a core."""


class Paced(Generic[Answer]):
    """The last answer of `ask`, None before the first; used by one thread at a time."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._key: object = None
        self._not_before = 0.0
        self.answer: Answer | None = None

    def due(self, key: object) -> bool:
        """Whether there may be another answer: none yet, or `key` is another and time has passed.

        `key` stands for everything that the answer depends on.
        """
        if self.answer is None:
            return True
        return key != self._key and monotonic() >= self._not_before

    def renew(self, key: object) -> None:
        """Ask."""
        begun = monotonic()
        self.answer = self._ask()
        self._key = key
        self._not_before = monotonic() + SHARE * (monotonic() - begun)
