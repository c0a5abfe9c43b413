"""The daemon: holds the lease, answers PCs, and ticks until it is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from rollout.application.ports import Clock, RunEngine
from rollout.application.programme import Programme, Ticked
from rollout.domain.errors import LeaseHeld, RolloutError
from rollout.i18n import _
from rollout.service import holder
from rollout.service.endpoint import Endpoint
from rollout.settings import Settings
from rollout.store import leases
from rollout.store.database import Database

log = logging.getLogger(__name__)


class ClockDied(RolloutError):
    """The thread that ticks gave no sign for longer than the lease lasts."""


class Daemon:
    """One acting process.

    `on_tick` is called after every tick, in the scheduler's thread. `run` returns when a signal
    came, the lease was lost, or, with `until_idle`, nothing is under way or can start. With
    `wait` it stands by while another daemon acts, and takes over when that one ends or dies.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        engine: RunEngine,
        *,
        until_idle: bool = False,
        wait: bool = False,
        on_tick: Callable[[Ticked], None] = lambda ticked: None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._engine = engine
        self._until_idle = until_idle
        self._wait = wait
        self._last_beat = 0.0
        self._on_tick = on_tick
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._failure: Exception | None = None
        self._lasts = timedelta(seconds=settings.service.lease_seconds)

    def run(self) -> None:
        """Work. Raises LeaseHeld when another daemon is alive or has taken over, and ClockDied."""
        epoch = self._stand_by() if self._wait else self._acquire()
        if epoch is None:
            return
        endpoint = Endpoint(self._database, self._settings, self._clock)
        programme = Programme(
            self._database, self._settings, self._engine, self._clock, lease_epoch=epoch
        )
        try:
            endpoint.start()
            lost = programme.recover()
            if lost:
                log.warning("%s runs of an earlier daemon were settled", lost)
            self._tick_until_stopped(programme, epoch)
        finally:
            programme.abandon()
            endpoint.stop()
            with self._database.write() as session:
                leases.release(session, epoch)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Start nothing more, wait for what runs, and end; asked again, wait no longer."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _stand_by(self) -> int | None:
        """The lease, as soon as it is free; None when told to stop before."""
        told = False
        while not self._stop.is_set():
            try:
                return self._acquire()
            except LeaseHeld as held:
                if not told:
                    log.info("standing by: %s", held)
                told = True
            self._stop.wait(min(1.0, self._settings.service.lease_seconds / 4))
        return None

    def _acquire(self) -> int:
        with self._database.write() as session:
            return leases.acquire(
                session,
                holder.own_name(),
                now=datetime.now(UTC),
                lasts=self._lasts,
                gone=holder.is_gone,
            )

    def _tick_until_stopped(self, programme: Programme, epoch: int) -> None:
        scheduler = BackgroundScheduler(timezone=UTC)
        scheduler.add_job(
            self._guarded,
            "interval",
            args=[lambda: None if self._stop.is_set() else self._tick(programme)],
            seconds=self._settings.service.tick_seconds,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id="tick",
        )
        scheduler.add_job(
            self._guarded,
            "interval",
            args=[lambda: self._beat(epoch)],
            seconds=self._settings.service.lease_seconds / 3,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id="heartbeat",
        )
        # A tick that takes longer than its pause is normal while many machines move.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._last_beat = time.monotonic()
        scheduler.start()
        try:
            while not self._stop.wait(0.5):
                self._must_be_alive()
            while self._failure is None and self._engine.alive() and not self._hurry.wait(0.2):
                self._must_be_alive()
        finally:
            scheduler.shutdown(wait=True)

    def _must_be_alive(self) -> None:
        """A scheduler whose thread died says nothing: without its beats the lease runs out.

        The time is that of the machine while it is awake: sleep does not count.
        """
        quiet = time.monotonic() - self._last_beat
        if quiet > self._settings.service.lease_seconds:
            raise ClockDied(
                _(
                    "the daemon's clock gave no sign for {seconds:.0f} s: the daemon ends; start "
                    "it again, it goes on where it stood"
                ).format(seconds=quiet)
            )

    def _guarded(self, work: Callable[[], None]) -> None:
        """A scheduler swallows what its jobs raise; here it ends the daemon and is raised."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  (kept, and raised by run)
            self._failure = self._failure or error
            self._stop.set()

    def _tick(self, programme: Programme) -> None:
        ticked = programme.tick()
        self._on_tick(ticked)
        if self._until_idle and ticked.idle:
            self._stop.set()

    def _beat(self, epoch: int) -> None:
        with self._database.write() as session:
            leases.beat(session, epoch, now=datetime.now(UTC), lasts=self._lasts)
        self._last_beat = time.monotonic()


def stop_on_signals(daemon: Daemon) -> None:
    """SIGINT and SIGTERM end the daemon in order."""

    def handle(number: int, _frame: FrameType | None) -> None:
        log.info("%s: stopping", signal.Signals(number).name)
        daemon.stop()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
