"""The asker's side of a pipeline: orders go over to its loop, outcomes come back in portions."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from rollout.adapters.graph.loop import LoopThread
from rollout.adapters.graph.pipeline import Pipeline
from rollout.application.accounts.orders import Answer, Order

_COLLECTED, _SECONDS = 200, 0.1
"""So many answers, or those of so long, are one portion while enough orders wait behind them:
what is written for a portion costs more than for one of its rows."""


class GraphExchange:
    """Fulfils the port `Exchange` for one thread; `make` is told where outcomes go.

    Portions are collected while more than `enough` orders are not answered.
    """

    def __init__(
        self,
        loop: LoopThread,
        make: Callable[[Callable[[Sequence[Answer]], None]], Pipeline],
        enough: int,
    ) -> None:
        self._loop, self._enough = loop, enough
        # None: the pipeline has ended, by itself or with an error.
        self._came: SimpleQueue[Sequence[Answer] | None] = SimpleQueue()
        self._open = 0
        self._pipeline = make(self._came.put)
        self._running = loop.begin(self._pipeline.run())
        self._running.add_done_callback(lambda _ended: self._came.put(None))

    def send(self, orders: Sequence[Order]) -> None:
        """See the port."""
        if orders:
            self._open += len(orders)
            self._loop.call(self._pipeline.add, orders)

    def answers(self) -> Sequence[Answer]:
        """See the port."""
        found: list[Answer] = []
        until = 0.0
        with suppress(Empty):
            while self._open > 0 and len(found) < _COLLECTED:
                portion = self._came.get(timeout=self._patience(until) if found else None)
                if portion is None:
                    self._came.put(None)  # for the next call
                    if not found:
                        self._running.result()  # raises why it ended
                    break
                until = until or time.monotonic() + _SECONDS
                found += portion
                self._open -= len(portion)
        return found

    def _patience(self, until: float) -> float:
        return max(0.0, until - time.monotonic()) if self._open > self._enough else 0.0

    def end(self) -> Sequence[Order]:
        """See the port."""
        return self._loop.run(self._pipeline.end())
