"""The daemon's side of workers: lost ones, lost jobs, and runs that nobody takes.

A worker is lost when its count of signs of life has stood still for long enough *as seen by this
daemon*: clocks of other computers do not matter, of a time in which nobody could look (the database
was away) next to nothing counts, and a new daemon waits the whole time anew. What a lost worker
runs has ended before by itself (see `worker_seconds`), so it can be settled.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlmodel import Session

from rollout.application import settle
from rollout.application.ports import Queue
from rollout.domain.run import ALIVE, RunState, RunVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import leases, moments, runs, workers
from rollout.store.database import Database
from rollout.store.tables import Worker
from rollout.store.workers import InHand

log = logging.getLogger(__name__)

PUT_AGAIN_SECONDS = 10.0
"""A run that no worker has taken for so long is put into its queue again: its job may be lost."""
LOOKED_AWAY_SECONDS = 5.0
"""So much counts between two looks, however long it was; more where the daemon is told to look more
seldom. A daemon whose looks take longer than this would otherwise never find a worker lost."""


class Crew:
    """Watches over the workers for the holder of a lease."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        queue: Queue,
        *,
        lease_epoch: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._queue, self._lease_epoch = database, queue, lease_epoch
        self._lost_after = settings.cluster.worker_seconds
        self._wait = settings.cluster.wait_seconds
        self._monotonic = monotonic
        self._counts = max(LOOKED_AWAY_SECONDS, 2 * settings.service.tick_seconds)
        self._away = max(self._lost_after, 3 * self._counts)
        """After so long without a look every worker has its whole time again."""
        self._looked, self._watched = float("-inf"), 0.0
        """When it looked last, and for how long it has been watching."""
        self._signs: dict[int, tuple[int, float]] = {}
        """The last count of each worker, and when it was first seen."""
        self._waiting: dict[int, tuple[float, float]] = {}
        """Of each run that nobody has taken: since when, and when it was put into its queue."""

    def look(self, at: datetime) -> int:
        """Settle what lost workers left, and see to what waits; how many runs were settled.

        Raises LeaseHeld when another daemon has taken over.
        """
        moment = self._monotonic()
        since = moment - self._looked
        if since > self._away:
            self._signs.clear()
            self._waiting.clear()
        self._looked = moment
        self._watched += min(since, self._counts)
        now = self._watched
        with self._database.read() as session:
            living = workers.living(session)
            in_hand = workers.runs_alive(session)
        silent = self._silent(living, now)
        orphaned = [one for one in in_hand if one.worker_id is not None and not one.worker_lives]
        tired = self._see_to_queues(in_hand, now)
        if not (silent or orphaned or tired):
            return 0
        return self._settle(silent, tired, at)

    def in_hand(self, session: Session) -> frozenset[int]:
        """Runs that wait for a worker or that a living one has.

        What was claimed and not handed over is in nobody's hands: no queue knows of it.
        """
        return frozenset(
            one.run.id or 0
            for one in workers.runs_alive(session)
            if (one.worker_lives if one.worker_id else one.run.state == RunState.RUNNING)
        )

    def stop(self, session: Session, run_id: int, *, at: datetime, reason: str | None) -> bool:
        """Stop a run, or ask its worker to; False when it has ended."""
        run = runs.find(session, run_id)
        if run is None or RunState(run.state) not in ALIVE:
            return False
        if not workers.ask_to_stop(session, run_id, at=at):
            why = reason or told(msgid("stopped on request"))
            settle.run_lost(session, run, RunVerb.CANCEL, at=at, reason=why)
        return True

    def _silent(self, living: Sequence[Worker], now: float) -> list[Worker]:
        """Workers whose count has stood still for too long."""
        before, self._signs = self._signs, {}
        found = []
        for worker in living:
            worker_id = worker.id or 0
            beats, since = before.get(worker_id, (-1, now))
            since = since if beats == worker.beats else now
            self._signs[worker_id] = (worker.beats, since)
            if now - since >= self._lost_after:
                found.append(worker)
        return found

    def _see_to_queues(self, in_hand: Sequence[InHand], now: float) -> list[int]:
        """Put what may be lost into its queue again; the runs that waited for too long."""
        before, self._waiting = self._waiting, {}
        tired = []
        for one in in_hand:
            run = one.run
            if one.worker_id is not None or run.state != RunState.RUNNING:
                continue
            run_id = run.id or 0
            since, put = before.get(run_id, (now, now))
            if now - put >= PUT_AGAIN_SECONDS:
                self._queue.put(run_id, run.lease_epoch, run.site_id)
                put = now
            self._waiting[run_id] = (since, put)
            if now - since >= self._wait:
                tired.append(run_id)
        return tired

    def _settle(self, silent: Sequence[Worker], tired: Sequence[int], at: datetime) -> int:
        settled = 0
        with self._database.write() as session:
            leases.require(session, self._lease_epoch)
            names = [worker.id or 0 for worker in silent]
            workers.end(session, names, "gave no sign", at=moments.real_now(session))
            for worker in silent:
                log.error(msgid("worker %s (%s) gave no sign and is taken for lost"),
                          worker.id, worker.name)  # fmt: skip
            for one in workers.runs_alive(session):
                if one.worker_id is not None and not one.worker_lives:
                    reason = told(msgid("its worker gave no sign for too long"))
                    settle.abandoned(session, one.run, at=at, reason=reason)
                elif one.worker_id is None and one.run.id in tired:
                    why = told(msgid("no worker has taken it"))
                    settle.not_begun(session, one.run, at=at, reason=why)
                else:
                    continue
                settled += 1
        return settled
