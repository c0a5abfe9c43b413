"""One daemon acts; it ends in order, and whatever goes wrong in a tick ends it."""

import ctypes
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.adapters.clock import SystemClock
from rollout.application.ports import EventSink, RunOrder
from rollout.application.programme import Ticked
from rollout.domain.errors import LeaseHeld
from rollout.service.daemon import Daemon
from rollout.service.watch import ClockDied
from rollout.settings import Settings
from rollout.store import leases
from rollout.store.clock_lock import ClockLock
from rollout.store.database import Database


class FakeEngine:
    """The port with nothing to do."""

    def __init__(self) -> None:
        self.closed = False

    def start(self, order: RunOrder, sink: EventSink) -> None:
        raise OSError("nothing may start here")

    def cancel(self, run_id: int) -> bool:
        return False

    def alive(self) -> frozenset[int]:
        return frozenset()

    def sweep(self, idents: Sequence[str]) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    def log(self, ident: str) -> Path | None:
        return None


def daemon(
    database: Database,
    settings: Settings,
    engine: FakeEngine,
    on_tick: Callable[[Ticked], None] = lambda ticked: None,
    until_idle: bool = True,
    wait: bool = False,
) -> Daemon:
    return Daemon(
        database,
        settings,
        SystemClock(),
        engine,
        until_idle=until_idle,
        wait=wait,
        on_tick=on_tick,
    )


def lasting(settings: Settings, seconds: int) -> Settings:
    """The same with a lease of this length; a short one runs out on a computer that is busy."""
    service = settings.service.model_copy(update={"lease_seconds": seconds})
    return settings.model_copy(update={"service": service})


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < limit, "it did not come to that"
        time.sleep(0.02)


def take(database: Database, holder: str) -> int:
    with database.write() as session:
        return leases.acquire(
            session, holder, now=datetime.now(UTC), lasts=timedelta(seconds=60),
            gone=lambda _: True,
        )  # fmt: skip


def test_an_idle_daemon_ends_and_gives_the_lease_back(
    database: Database, settings: Settings
) -> None:
    engine = FakeEngine()
    daemon(database, settings, engine).run()
    assert engine.closed
    with database.read() as session:
        assert leases.holder(session, now=datetime.now(UTC)) is None


def test_a_second_daemon_is_refused_while_the_first_runs(
    database: Database, settings: Settings
) -> None:
    seen: list[str] = []

    def second(_ticked: Ticked) -> None:
        with pytest.raises(LeaseHeld) as refusal:
            daemon(database, settings, FakeEngine()).run()
        seen.append(str(refusal.value))
        first.stop()

    first = daemon(database, settings, FakeEngine(), second, until_idle=False)
    first.run()
    assert "acts on the programme" in seen[0]


def test_a_daemon_that_was_taken_over_ends_with_the_reason_and_leaves_the_lease(
    database: Database, settings: Settings
) -> None:
    engine = FakeEngine()
    loser = daemon(
        database, settings, engine, lambda _: take(database, "other:1:1") and None,
        until_idle=False,
    )  # fmt: skip
    with pytest.raises(LeaseHeld):
        loser.run()
    assert engine.closed
    with database.read() as session:
        holder = leases.holder(session, now=datetime.now(UTC))
    assert holder is not None
    assert holder.holder == "other:1:1"


def test_an_error_in_a_tick_ends_the_daemon_and_is_not_swallowed(
    database: Database, settings: Settings
) -> None:
    def fail(_ticked: Ticked) -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        daemon(database, settings, FakeEngine(), fail, until_idle=False).run()


def test_a_running_daemon_keeps_its_lease_beyond_its_length(
    database: Database, settings: Settings
) -> None:
    began: list[datetime] = []
    beats: list[datetime] = []
    enough = threading.Event()
    settings = lasting(settings, 8)

    def look(_ticked: Ticked) -> None:
        with database.read() as session:
            lease = leases.holder(session, now=datetime.now(UTC))
        assert lease is not None
        assert lease.heartbeat_at is not None
        began.append(lease.heartbeat_at)
        if lease.heartbeat_at not in beats:
            beats.append(lease.heartbeat_at)
        if beats[-1] - beats[0] > timedelta(seconds=settings.service.lease_seconds):
            enough.set()
            keeper.stop()

    keeper = daemon(database, settings, FakeEngine(), look, until_idle=False)
    keeper.run()
    assert enough.is_set()


class Standby:
    """A daemon that waits, in a thread; `ticked` once it acts."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.ticked = threading.Event()
        self.engine = FakeEngine()
        self.daemon = daemon(
            database,
            settings,
            self.engine,
            lambda _: self.ticked.set(),
            until_idle=False,
            wait=True,
        )
        self.thread = threading.Thread(target=self.daemon.run)
        self.thread.start()

    def end(self) -> None:
        self.daemon.stop()
        self.thread.join(timeout=90)
        assert not self.thread.is_alive()


def test_a_second_daemon_stands_by_and_takes_over_when_the_first_ends(
    database: Database, settings: Settings
) -> None:
    standbys: list[Standby] = []
    ticks: list[bool] = []

    def look(_ticked: Ticked) -> None:
        if not standbys:
            standbys.append(Standby(database, settings))
        ticks.append(standbys[0].ticked.is_set())
        if len(ticks) == 10:
            first.stop()

    first = daemon(database, settings, FakeEngine(), look, until_idle=False)
    first.run()
    assert not any(ticks), "two daemons acted at the same time"
    assert standbys[0].ticked.wait(timeout=90)
    standbys[0].end()


def test_a_daemon_that_stands_by_takes_over_from_one_that_gives_no_sign(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        leases.acquire(session, "elsewhere:1:1", now=datetime.now(UTC), lasts=timedelta(seconds=1))
    standby = Standby(database, settings)
    assert standby.ticked.wait(timeout=90)
    standby.end()


def test_a_daemon_that_stands_by_can_be_told_to_end(database: Database, settings: Settings) -> None:
    other = Database(database.url)
    lock = ClockLock(other)
    lock.hold()
    epoch = take(database, "elsewhere:1:1")
    standby = Standby(database, settings)
    standby.end()
    lock.give_back()
    other.close()
    assert not standby.ticked.is_set()
    with database.write() as session:
        leases.require(session, epoch)
        held = leases.holder(session, now=datetime.now(UTC))
    assert held is not None
    assert held.holder == "elsewhere:1:1"


def test_a_daemon_that_waits_and_finds_its_port_taken_stands_by_until_it_is_free(
    database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = settings.service.model_copy(update={"port": port})
        standby = Standby(database, settings.model_copy(update={"service": service}))
        until(lambda: "another program has the port" in caplog.text)
        assert not standby.ticked.is_set()
    assert standby.ticked.wait(timeout=90)
    standby.end()


def test_a_daemon_that_waits_and_was_taken_over_acts_again_when_the_other_has_ended(
    database: Database, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    standby = Standby(database, settings)
    assert standby.ticked.wait(timeout=90)
    epoch = take(database, "other:1:1")
    until(lambda: "stands by again: the lease 1 was taken over" in caplog.text)
    standby.ticked.clear()
    with database.write() as session:
        leases.release(session, epoch)
    assert standby.ticked.wait(timeout=90)
    standby.end()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_daemon_whose_clock_died_ends_and_gives_the_lease_back(
    database: Database, settings: Settings
) -> None:
    def kill_the_clock(_ticked: Ticked) -> None:
        for thread in threading.enumerate():
            if thread.name == "APScheduler" and thread.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
                )

    engine = FakeEngine()
    with pytest.raises(ClockDied, match="start it again"):
        daemon(database, lasting(settings, 3), engine, kill_the_clock, until_idle=False).run()
    assert engine.closed
    with database.read() as session:
        assert leases.holder(session, now=datetime.now(UTC)) is None
