"""Handing orders to the engine, and resting when it cannot begin them.

What keeps one run from starting (a full disk, a missing playbook) keeps the next from it as well.
Claiming anew with every tick would use up the attempts of every machine of a wave within seconds.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout.application import settle
from rollout.application.ports import Clock, EventSink, RunEnd, RunEngine, RunOrder
from rollout.domain.errors import RolloutError
from rollout.domain.run import RunVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import leases, runs, transitions
from rollout.store.database import Database
from rollout.store.tables import Run

log = logging.getLogger(__name__)

FIRST_REST, LONGEST_REST = timedelta(seconds=15), timedelta(minutes=10)


class NothingStarts(RolloutError):
    """The engine cannot begin what is due; the message says why."""


class Starter:
    """Starts runs for the holder of a lease; `obstacle` says what kept the last one from it."""

    def __init__(
        self,
        database: Database,
        engine: RunEngine,
        sink: EventSink,
        clock: Clock,
        *,
        lease_epoch: int,
    ) -> None:
        self.obstacle: str | None = None
        self._database = database
        self._engine = engine
        self._sink = sink
        self._clock = clock
        self._lease_epoch = lease_epoch
        self._rest = FIRST_REST
        self._until: datetime | None = None

    def rests(self, at: datetime) -> bool:
        """Whether nothing is to be claimed yet, because the last run could not be started."""
        return self._until is not None and at < self._until

    def forget_the_rest(self) -> None:
        """Try again with the next tick."""
        self._until = None

    def start(self, orders: Sequence[RunOrder]) -> int:
        """Start claimed runs; how many. After one that cannot be started the others are not tried:
        their machines wait where they were."""
        self._hand_over(orders)
        for place, order in enumerate(orders):
            if not order.hosts:
                # Its machines take their orders over the network: there is nobody to ask.
                self._sink.run_ended(RunEnd(order.run_id, "successful"))
                continue
            try:
                self._engine.start(order, self._sink)
            except (OSError, RolloutError) as error:
                self._stand_down(orders[place:], str(error))
                return place
            size = len(order.hosts)
            fields = {"run": order.run_id, "playbook": order.playbook, "machines": size}
            log.info(msgid("run %s: %s, machines: %s"), *fields.values(), extra=fields)
        if orders:
            self.obstacle, self._rest, self._until = None, FIRST_REST, None
        return len(orders)

    def _hand_over(self, orders: Sequence[RunOrder]) -> None:
        at, ids = self._clock.now(), [order.run_id for order in orders]
        if not ids:
            return
        with self._database.write() as session:
            leases.require(session, self._lease_epoch)
            transitions.apply(session, Run, ids, RunVerb.START, actor=settle.DAEMON, at=at)
            runs.started(session, ids, at)

    def _stand_down(self, orders: Sequence[RunOrder], why: str) -> None:
        at = self._clock.now()
        self.obstacle, self._until = why, at + self._rest
        log.error(msgid("nothing can be started for %.0f s: %s"), self._rest.total_seconds(), why)
        self._rest = min(2 * self._rest, LONGEST_REST)
        with self._database.write() as session:
            leases.require(session, self._lease_epoch)
            for order in orders:
                run = runs.by_id(session, order.run_id)
                reason = told(msgid("cannot start: {why}"), why=why)
                settle.not_begun(session, run, at=at, reason=reason)
