"""An event loop in a thread of its own: answers are read while their askers do something else."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")


class LoopThread:
    """Runs coroutines for other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="graph", daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, _T]) -> "Future[_T]":
        """Run it; returns at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run it, and wait for what it returns or raises."""
        begun = self.begin(work)
        try:
            return begun.result()
        finally:
            begun.cancel()  # whoever waited was interrupted; else it has ended

    def call(self, act: Callable[..., object], *given: object) -> None:
        """Call something that belongs to the loop."""
        self._loop.call_soon_threadsafe(act, *given)

    def close(self) -> None:
        """End the loop and its thread."""
        self.call(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
