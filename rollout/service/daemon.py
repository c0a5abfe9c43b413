"""The daemon: holds the lease, answers PCs, and ticks until it is told to stop."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from rollout.adapters import holder
from rollout.adapters.clock import SystemClock
from rollout.application.accounts.work import AccountsWork
from rollout.application.byod.work import DevicesWork
from rollout.application.nightly import Nights
from rollout.application.notices.work import NoticesWork
from rollout.application.ports import Clock, RunEngine, SettableClock
from rollout.application.programme import Programme, Ticked
from rollout.application.starting import NothingStarts
from rollout.domain.errors import LeaseHeld
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.service.accounts import accounts_thread
from rollout.service.beside import BesideThread
from rollout.service.devices import devices_thread
from rollout.service.endpoint import Endpoint
from rollout.service.listener import AddressTaken, Listener
from rollout.service.metrics import Pulse
from rollout.service.monitoring import Monitor, monitoring_application
from rollout.service.notices import notices_thread
from rollout.service.trouble import Trouble
from rollout.service.watch import Watch, WorkHangs
from rollout.settings import Settings
from rollout.store import leases, moments
from rollout.store.clock_lock import ClockLock
from rollout.store.database import Database
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)


TICK, BEAT, SIGN, NIGHT = msgid("tick"), msgid("heartbeat"), "sign of life", "nightly work"
STANDBY = "standby"
AGAIN_SECONDS = 1.0
"""After this a daemon that could not act tries to take over again."""
NIGHT_SECONDS = 30
"""Between two looks whether the work of a night is due."""
JUMP = timedelta(seconds=10)
"""A clock that is set by less than this is left alone: time servers do so all the time."""
HUNG = 1
"""The exit code of a daemon that hangs; systemd starts it again."""


class Daemon:
    """One acting process.

    `on_tick` is called after every tick, in the scheduler's thread. `run` returns when a signal
    came, the lease was lost, or, with `until_idle`, nothing is under way or can start. With
    `wait` it stands by while another daemon acts, and takes over when that one ends or dies; it
    stands by again when it was taken over itself or cannot begin to act.

    While the database does not answer (locked, full, read-only) nothing begins; the daemon says so
    and tries again with every tick. A tick that hangs ends the process at once, whatever its other
    threads do: nothing of it could be trusted to end in order.

    `nights` is what it does once a day beside the ticks, however long that takes; asked twice to
    end, it leaves that to the next daemon. `accounts` makes what works on people's accounts
    all the while, `devices` on personal devices, `notices` what sends mails, for the lease of that
    epoch; `until_idle` waits for none of them.
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
        nights: Nights | None = None,
        accounts: Callable[[], AccountsWork] | None = None,
        notices: Callable[[int], NoticesWork] | None = None,
        devices: Callable[[], DevicesWork] | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._engine = engine
        self._until_idle = until_idle
        self._wait = wait
        self._watch = Watch(
            clock_seconds=settings.service.lease_seconds,
            work_seconds=settings.service.hang_seconds,
        )
        self._trouble = Trouble()
        self._lock = ClockLock(database)
        self._wall = SystemClock()
        self._jumped = timedelta()
        self._on_tick = on_tick
        self._nights = nights
        self._accounts, self._notices, self._devices = accounts, notices, devices
        self._at_night = threading.Lock()
        self._pulse = Pulse()
        self._asked = False
        self._told: str | None = None
        """Why it stands by again, once that was said."""
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._failure: Exception | None = None
        self._lasts = timedelta(seconds=settings.service.lease_seconds)

    def run(self) -> None:
        """Work. Raises ClockDied.

        Unless it is to wait, LeaseHeld when another daemon is alive or has taken over, and
        AddressTaken.
        """
        while True:
            epoch = self._stand_by() if self._wait else self._acquire()
            if epoch is None:
                return
            try:
                self._act(epoch)
            except Exception as error:
                why = self._why_to_wait(error)
                if why is None:
                    raise
                if why != self._told:
                    log.error(msgid("this daemon does not act and stands by again: %s"), why)  # noqa: TRY400
                self._told = why
            else:
                return
            if not self._again():
                return

    def _why_to_wait(self, error: Exception) -> str | None:
        """What keeps it from acting now and may be otherwise soon: a server that crashed lets the
        other daemon of this computer take over while this one still listens."""
        if not self._wait:
            return None
        return str(error) if isinstance(error, LeaseHeld | AddressTaken) else unavailable(error)

    def _again(self) -> bool:
        """Whether to stand by again; False when it was told to end meanwhile."""
        self._failure = None
        self._stop.clear()
        if self._asked:
            return False
        return not self._stop.wait(AGAIN_SECONDS)

    def _act(self, epoch: int) -> None:
        companions: list[Listener | BesideThread[Any]] = [
            *self._listeners(epoch),
            *self._threads(epoch),
        ]
        programme = Programme(
            self._database, self._settings, self._engine, self._clock, lease_epoch=epoch
        )
        try:
            for companion in companions:
                companion.start()
            log.info(msgid("this daemon acts, by lease %s"), epoch)
            lost = programme.recover()
            self._told = None
            if lost:
                log.warning(msgid("%s runs of an earlier daemon were settled"), lost)
            self._tick_until_stopped(programme, epoch)
        finally:
            programme.abandon()
            for companion in companions:
                companion.stop()
            self._release(epoch)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Start nothing more, wait for what runs, and end; asked again, wait no longer."""
        if self._asked:
            self._hurry.set()
        self._asked = True
        self._stop.set()

    def _threads(self, epoch: int) -> Iterator[BesideThread[Any]]:
        """What works beside the ticks."""
        if self._accounts is not None:
            yield accounts_thread(self._accounts, self._clock, self._fail)
        if self._notices is not None:
            yield notices_thread(partial(self._notices, epoch), self._fail)
        if self._devices is not None:
            yield devices_thread(self._devices, self._clock, self._fail)

    def _listeners(self, epoch: int) -> list[Listener]:
        """The endpoint of the PCs, and that of monitoring when it has a port of its own."""
        database, settings, clock = self._database, self._settings, self._clock
        monitor, own = Monitor(database, settings, clock, self._pulse, epoch), settings.monitoring
        if own.port is None:
            return [Endpoint(database, settings, clock, monitor)]
        watched = monitoring_application(monitor)
        return [
            Endpoint(database, settings, clock),
            Listener(watched, own.host, own.port, setting="[monitoring] port"),
        ]

    def _stand_by(self) -> int | None:
        """The lease, as soon as it is free; None when told to stop before."""
        told = False
        while not self._stop.is_set():
            try:
                epoch = self._acquire()
            except LeaseHeld as held:
                self._trouble.over(STANDBY)
                if not told:
                    log.info(msgid("standing by: %s"), held)
                told = True
            except Exception as error:
                why = unavailable(error)
                if why is None:
                    raise
                self._trouble.met(STANDBY, why)
            else:
                self._trouble.over(STANDBY)
                return epoch
            self._stop.wait(min(1.0, self._settings.service.lease_seconds / 4))
        return None

    def _release(self, epoch: int) -> None:
        """Give the lease back; when that is not possible it runs out by itself."""
        try:
            with self._database.write() as session:
                leases.release(session, epoch)
            self._lock.give_back()
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            log.error(msgid("the lease could not be given back: %s"), why)  # noqa: TRY400

    def _acquire(self) -> int:
        # Who has the lock knows that no other process of the server's has: its holder is dead.
        alone = self._lock.hold()
        try:
            with self._database.write() as session:
                return leases.acquire(
                    session,
                    holder.own_name(),
                    now=moments.real_now(session),
                    lasts=self._lasts,
                    gone=lambda name: alone or holder.is_gone(name),
                )
        except BaseException:
            self._lock.give_back()
            raise

    def _tick_until_stopped(self, programme: Programme, epoch: int) -> None:
        scheduler = BackgroundScheduler(timezone=UTC)
        pause, lease = self._settings.service.tick_seconds, self._settings.service.lease_seconds
        for name, seconds, work in (
            (TICK, pause, lambda: None if self._stop.is_set() else self._tick(programme)),
            (BEAT, lease / 3, lambda: self._beat(epoch)),
        ):
            self._schedule(scheduler, name, seconds, partial(self._guarded, name, work))
        self._schedule(scheduler, SIGN, lease / 6, self._watch.sign)
        if self._nights is not None:
            work = partial(self._look_at_night, self._nights, epoch)
            self._schedule(scheduler, NIGHT, NIGHT_SECONDS, work)
        # A tick that takes longer than its pause is normal while many machines move.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._watch.sign()
        scheduler.start()
        try:
            while not self._stop.wait(0.5):
                self._look_around(scheduler)
            while self._failure is None and self._engine.alive() and not self._hurry.wait(0.2):
                self._look_around(scheduler)
        finally:
            self._stop.set()
            scheduler.shutdown(wait=False)
            while self._watch.at_work:
                self._must_not_hang()
                time.sleep(0.05)
            with self._at_night:
                pass  # what the night began is done, or it was told to leave it

    @staticmethod
    def _schedule(
        scheduler: BackgroundScheduler, name: str, seconds: float, work: Callable[[], None]
    ) -> None:
        scheduler.add_job(
            work,
            "interval",
            seconds=seconds,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            id=name,
        )

    def _look_around(self, scheduler: BackgroundScheduler) -> None:
        """What the main thread does all the while. Raises ClockDied."""
        if abs(self._wall.jump()) >= JUMP:
            # The scheduler goes by it, and would wait until the old time has come again.
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        self._watch.check_clock()
        self._must_not_hang()

    def _must_not_hang(self) -> None:
        """A thread cannot be ended: when one hangs, the process is. Its runs end with it."""
        try:
            self._watch.check_work()
        except WorkHangs as hang:
            log.critical("%s\n%s", hang, hang.where)
            logging.shutdown()
            os._exit(HUNG)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """A scheduler swallows what its jobs raise; here it ends the daemon and is raised.

        Except while the database does not answer: that ends by itself, or a person ends it.
        """
        try:
            with self._watch.working(name):
                work()
        except Exception as error:  # noqa: BLE001  (kept, and raised by run)
            why = unavailable(error)
            if why is None:
                self._fail(error)
            else:
                self._trouble.met(name, why)
        else:
            self._trouble.over(name)

    def _fail(self, error: Exception) -> None:
        """End, and raise the first such error."""
        self._failure = self._failure or error
        self._stop.set()

    def _look_at_night(self, nights: Nights, epoch: int) -> None:
        """Not watched as a tick is: a backup may take long."""
        with self._at_night:
            if self._stop.is_set():
                return
            try:
                nights.look(epoch, self._hurry.is_set)
            except Exception as error:  # noqa: BLE001  (kept, and raised by run)
                why = unavailable(error)
                if why is None:
                    self._fail(error)
                else:
                    # Tried again only after a while: it does not say whether the trouble is over.
                    log.error(  # noqa: TRY400
                        msgid("nightly work could not be done, it is tried again: %s"), why
                    )

    def _tick(self, programme: Programme) -> None:
        self._follow_the_clock(programme)
        began = time.monotonic()
        ticked = programme.tick()
        self._pulse.ticked(time.monotonic() - began)
        self._on_tick(ticked)
        if self._until_idle and ticked.obstacle is not None and not self._engine.alive():
            # Whoever waits for the end would wait until somebody mends it.
            raise NothingStarts(_("nothing can be started: {why}").format(why=ticked.obstacle))
        if self._until_idle and ticked.idle:
            self._stop.set()

    def _follow_the_clock(self, programme: Programme) -> None:
        """Before anything is called late: was the programme's clock set, and by how much?"""
        if isinstance(self._clock, SettableClock):
            self._jumped += self._clock.jump()
        if abs(self._jumped) >= JUMP:
            programme.clock_was_set(self._jumped)
            seconds = self._jumped.total_seconds()
            log.warning(msgid("the clock was set by %+.0f s: deadlines were moved along"), seconds)
            self._jumped = timedelta()

    def _beat(self, epoch: int) -> None:
        with self._database.write() as session:
            leases.beat(session, epoch, now=moments.real_now(session), lasts=self._lasts)
        self._lock.hold()
        self._pulse.beat()
