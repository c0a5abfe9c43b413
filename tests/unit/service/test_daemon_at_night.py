"""Nightly work goes on beside the ticks, and ends in order with the daemon."""

import http.client
import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest

from rollout.adapters.clock import SystemClock
from rollout.application import nightly as application
from rollout.application.nightly import Nights, Work
from rollout.application.ports import EventSink, RunOrder
from rollout.application.programme import Ticked
from rollout.service.daemon import Daemon
from rollout.settings import Monitoring, Settings
from rollout.store import nightly
from rollout.store.database import Database

LONG = 30


class NoEngine:
    """The port with nothing to do."""

    def start(self, order: RunOrder, sink: EventSink) -> None:
        raise OSError("nothing may start here")

    def cancel(self, run_id: int) -> bool:
        return False

    def alive(self) -> frozenset[int]:
        return frozenset()

    def sweep(self, idents: Sequence[str]) -> int:
        return 0

    def close(self) -> None:
        pass

    def log(self, ident: str) -> Path | None:
        return None


@pytest.fixture
def owing(database: Database) -> Database:
    """A database that owes a night."""
    with database.write() as session:
        nightly.expect(session, "w", date(2022, 1, 1), at=datetime.now().astimezone())
    return database


def daemon(
    database: Database,
    settings: Settings,
    do: Callable[[datetime, Callable[[], None]], str],
    on_tick: Callable[[Ticked], None] = lambda ticked: None,
    *,
    until_idle: bool = False,
) -> Daemon:
    nights = Nights(database, settings, SystemClock(), [Work("w", do)])
    return Daemon(
        database, settings, SystemClock(), NoEngine(),
        until_idle=until_idle, on_tick=on_tick, nights=nights,
    )  # fmt: skip


def test_ticks_go_on_while_the_night_works(owing: Database, settings: Settings) -> None:
    ticked, begun, done = threading.Event(), threading.Event(), threading.Event()

    def work(_now: datetime, _go_on: Callable[[], None]) -> str:
        begun.set()
        assert ticked.wait(LONG), "no tick while the night works"
        done.set()
        return "n"

    def look(_ticked: Ticked) -> None:
        if begun.is_set():
            ticked.set()
        if done.is_set():
            acting.stop()

    acting = daemon(owing, settings, work, look)
    acting.run()
    (row,) = application.standing(owing)
    assert (row.ok, row.note) == (True, "n")


def test_a_daemon_that_ends_finishes_what_the_night_began(
    owing: Database, settings: Settings
) -> None:
    def work(_now: datetime, go_on: Callable[[], None]) -> str:
        acting.stop()
        go_on()
        return "finished"

    acting = daemon(owing, settings, work)
    acting.run()
    (row,) = application.standing(owing)
    assert row.note == "finished"


def test_asked_twice_to_end_it_leaves_the_night_to_the_next_daemon(
    owing: Database, settings: Settings
) -> None:
    def work(_now: datetime, go_on: Callable[[], None]) -> str:
        acting.stop()
        acting.stop()
        go_on()
        raise AssertionError("not reached")

    acting = daemon(owing, settings, work)
    acting.run()
    (row,) = application.standing(owing)
    assert row.day == date(2022, 1, 1)
    daemon(owing, settings, lambda _now, _go_on: "next", until_idle=True).run()
    (row,) = application.standing(owing)
    assert row.note == "next"


def test_a_defect_of_the_nights_work_ends_the_daemon(owing: Database, settings: Settings) -> None:
    def work(_now: datetime, _go_on: Callable[[], None]) -> str:
        raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError):
        daemon(owing, settings, work).run()


def test_a_working_daemon_answers_monitoring_with_its_ticks(
    database: Database, settings: Settings
) -> None:
    from socket import socket

    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    watched = settings.model_copy(update={"monitoring": Monitoring(port=port)})
    answers: list[tuple[int, str]] = []

    def look(_ticked: Ticked) -> None:
        for path in ("/readyz", "/metrics"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
            connection.request("GET", path)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode()))
            connection.close()
        acting.stop()

    acting = Daemon(database, watched, SystemClock(), NoEngine(), on_tick=look)
    acting.run()
    (ready, said), (status, text) = answers[:2]
    assert (ready, said) == (200, '{"ready":true,"reasons":[]}')
    assert status == 200
    assert "rollout_tick_seconds_count 1.0" in text
