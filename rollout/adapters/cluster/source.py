"""The jobs of a worker's queues: fetched one by one, only while the worker has a free place.

procrastinate's own worker does it, in an event loop in a thread. Its connection may break and its
row may be pruned, after which it would go deaf without a word: then it is begun anew. The runs
themselves do not live here, so none of that touches them.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from rollout.adapters.cluster import queue
from rollout.domain.words import msgid
from rollout.store.database import Database

log = logging.getLogger(__name__)

ROOM_SECONDS = 0.05
CHECK_SECONDS = 5.0
AGAIN_SECONDS = 1.0
STALLED_SECONDS = 60.0
"""procrastinate forgets workers of its own that were silent for so long."""
_BURY = "DELETE FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
"""What a dead worker had fetched. Its run has another job, or stands in the tables as taken."""


class JobSource:
    """Calls `offer(run_id, epoch)` for every job of these sites while `has_room()`.

    `sites` are ids; None for all. What `offer` raises is given to `failed` and ends the source.
    """

    def __init__(
        self,
        database: Database,
        sites: Sequence[int] | None,
        offer: Callable[[int, int], None],
        has_room: Callable[[], bool],
        failed: Callable[[Exception], None],
    ) -> None:
        self._database = database
        wanted = None if sites is None else [*sites, queue.NO_SITE]
        self._queues = None if wanted is None else [queue.queue_name(site) for site in wanted]
        self._offer, self._has_room, self._failed = offer, has_room, failed
        self._stop = threading.Event()
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._run, name="rollout-jobs", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Fetch nothing more; returns when what was fetched has been offered."""
        self._stop.set()
        worker = self._worker
        if worker is not None:
            worker.stop()  # type: ignore[no-untyped-call]
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        # Its own words tell of jobs; what matters is told by the worker and the daemon.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        try:
            asyncio.run(self._listen())
        except Exception as error:  # noqa: BLE001  (handed on)
            self._failed(error)

    async def _listen(self) -> None:
        told = False
        while not self._stop.is_set():
            try:
                await self._listen_once()
                told = False
            except (ConnectorException, psycopg.Error, PoolTimeout, OSError) as error:
                if not told:
                    # procrastinate's own words say no more than that it was the database.
                    why = " ".join(str(error.__cause__ or error).split())
                    log.error(msgid("no jobs can be fetched, it is tried again: %s"), why)  # noqa: TRY400
                told = True
            await self._pause(AGAIN_SECONDS)

    async def _pause(self, seconds: float) -> None:
        if not self._stop.is_set():
            await asyncio.sleep(seconds)

    async def _listen_once(self) -> None:
        connector = procrastinate.PsycopgConnector(**queue.pool_settings(self._database))
        app = queue.application(connector)
        app.task(name=queue.TASK)(self._job)
        async with app.open_async():
            await app.connector.execute_query_async(_BURY)
            while not self._has_room() and not self._stop.is_set():
                await asyncio.sleep(ROOM_SECONDS)
            if self._stop.is_set():
                return
            worker = Worker(
                app,
                queues=self._queues,
                concurrency=1,
                install_signal_handlers=False,
                fetch_job_polling_interval=AGAIN_SECONDS,
                # A job only waits for the next free place: its run has begun already.
                shutdown_graceful_timeout=0.0,
                delete_jobs="always",
                update_heartbeat_interval=CHECK_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
            )
            self._worker = worker
            if self._stop.is_set():
                return
            check = asyncio.create_task(self._check_registration(app, worker))
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                self._worker = None
                check.cancel()

    async def _job(self, run_id: int, epoch: int) -> None:
        """Offer one run, and come back when there is room for the next."""
        # Not to be cut short: a run that was taken has to be started.
        await asyncio.shield(asyncio.to_thread(self._offer_one, run_id, epoch))
        while not self._has_room():
            await asyncio.sleep(ROOM_SECONDS)

    def _offer_one(self, run_id: int, epoch: int) -> None:
        try:
            self._offer(run_id, epoch)
        except Exception as error:  # noqa: BLE001  (handed on)
            self._failed(error)

    async def _check_registration(self, app: procrastinate.App, worker: Worker) -> None:
        """End a worker whose row was pruned: it would fetch nothing any more and not say so."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            row = await app.connector.execute_query_one_async(
                "SELECT count(*) AS there FROM procrastinate_workers WHERE id = %(id)s",
                id=worker.worker_id,
            )
            if not row["there"]:
                log.warning(msgid("this worker was forgotten by the queue: it signs on anew"))
                worker.stop()  # type: ignore[no-untyped-call]
                return
