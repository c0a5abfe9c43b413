"""A sink that waits for a database that is away: what machines said is not lost by that."""

import logging
import threading
from collections.abc import Callable, Sequence

from rollout.application.ports import EventSink, HostEvent, RunEnd
from rollout.domain.words import msgid
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5


class PatientSink:
    """Delivers to `sink` again and again while the database does not answer.

    Whether a run may still act is not decided here: it ends by itself when its worker cannot give
    signs of life. `hurried` is set when nobody waits any more.
    """

    def __init__(self, sink: EventSink, hurried: threading.Event) -> None:
        self._sink, self._hurried = sink, hurried

    def host_events(self, events: Sequence[HostEvent]) -> None:
        """Results of a run that goes on."""
        self._deliver(lambda: self._sink.host_events(events))

    def run_ended(self, *ends: RunEnd) -> None:
        """The last word on runs."""
        self._deliver(lambda: self._sink.run_ended(*ends))

    def _deliver(self, deliver: Callable[[], None]) -> None:
        told = False
        while True:
            try:
                deliver()
                return
            except Exception as error:
                why = unavailable(error)
                if why is None or self._hurried.is_set():
                    raise
                if not told:
                    log.error(msgid("results wait for the database: %s"), why)  # noqa: TRY400
                told = True
            self._hurried.wait(AGAIN_SECONDS)
