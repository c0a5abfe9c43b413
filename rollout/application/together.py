"""Requests that come while others are written go into the next transaction together.

A commit costs the same for one as for forty, and there is one writer at a time anyway: whoever gets
the turn answers everybody who waits. Nobody is answered before what he asked for is committed.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

AT_MOST = 200
"""Bounds how long a transaction takes."""


class _Waiting(Generic[Q, A]):
    """A request, and what became of it."""

    def __init__(self, request: Q) -> None:
        self.request = request
        self.answer: A | None = None
        self.error: BaseException | None = None
        self.done = False


class Together(Generic[Q, A]):
    """Calls `work` with all requests that wait: it answers each of them, in their order.

    When it raises, nothing of it happened, and each request is tried by itself, so that none fails
    because of another.
    """

    def __init__(self, work: Callable[[Sequence[Q]], Sequence[A]]) -> None:
        self._work = work
        self._waiting: list[_Waiting[Q, A]] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, request: Q) -> A:
        """The answer to `request`; raises what `work` raises for it alone."""
        mine = _Waiting[Q, A](request)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            while not mine.done:
                with self._list:
                    some, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
                self._answer(some)
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value]

    def _answer(self, some: Sequence[_Waiting[Q, A]]) -> None:
        try:
            answers = self._work([one.request for one in some])
        except BaseException as error:  # noqa: BLE001
            # It belongs to whoever asked; a thread that is ended must not leave others waiting.
            if isinstance(error, Exception) and len(some) > 1:
                for one in some:
                    self._answer([one])
                return
            for one in some:
                one.error, one.done = error, True
            return
        for one, answer in zip(some, answers, strict=True):
            one.answer, one.done = answer, True
