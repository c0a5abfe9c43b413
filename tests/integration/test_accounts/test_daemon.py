"""The daemon's side: who works on accounts, what a kill, a stop and an outage do to that."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.accounts.work import AccountsWork
from rollout.application.operators import Operator
from rollout.application.ports import Clock, EventSink, RunOrder
from rollout.bootstrap import Application
from rollout.domain.errors import LeaseHeld
from rollout.lab.graph import world
from rollout.lab.graph.seed import OFFICE
from rollout.service.accounts import accounts_thread
from rollout.service.daemon import Daemon
from rollout.settings import OperatorRole
from rollout.store import account_queue, licences
from rollout.store.database import Database

Found = Callable[..., Any]
OPERATOR = Operator("operator", OperatorRole.OPERATOR)
SERVICE = "[service]\nport = 0\ntick_seconds = 0.05\nlease_seconds = 60\n"
PATIENCE = 60.0


class Ahead:
    """The computer's time, some minutes ahead."""

    def __init__(self, minutes: float = 0) -> None:
        self._ahead = timedelta(minutes=minutes)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


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


def asked_for(found: Found, people: int, **behaviour: Any) -> Any:
    """A prefecture whose people wait for everything."""
    prefecture = found(SERVICE, skus=[OFFICE | {"enabled": people}], behaviour=behaviour)
    prefecture.employ(people)
    app = prefecture.app
    with app.directory_closed():
        propose(app.database, app.settings, app.directory, Scope(), OPERATOR, app.clock.now())
        begin(app.database, app.settings, app.directory, OPERATOR, app.clock.now())
    # What was closed is not closed again.
    del app.directory
    return prefecture


_opened: list[Database] = []


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def work_of(prefecture: Any, clock: Clock) -> AccountsWork:
    settings = prefecture.app.settings
    _opened.append(Database(settings.database_url))
    return Application(settings, _opened[-1], clock).accounts_work


@contextmanager
def running(prefecture: Any, clock: Clock) -> Iterator[Daemon]:
    """A daemon in this process, ended in order."""
    app = prefecture.app
    daemon = Daemon(
        app.database, app.settings, clock, NoEngine(),
        accounts=lambda: work_of(prefecture, clock),
    )  # fmt: skip
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield daemon
    finally:
        daemon.stop()
        thread.join()


def await_that(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def rows(prefecture: Any) -> list[account_queue.Standing]:
    with prefecture.app.database.read() as session:
        return account_queue.standings(session)


def everybody_is_ready(prefecture: Any) -> bool:
    return {row.state for row in rows(prefecture)} == {"ready"}


def test_a_daemon_goes_on_where_a_killed_one_was_and_makes_nobody_twice(found: Found) -> None:
    prefecture = asked_for(found, 60, latency_ms=150)
    with subprocess.Popen(
        [sys.executable, "-m", "rollout.cli", "serve"],
        env=os.environ | {"ROLLOUT_CONFIG": str(prefecture.configuration)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as killed:
        await_that(lambda: len(prefecture.dump()["users"]) >= 20)
        killed.kill()
    assert any(row.in_doubt for row in rows(prefecture))

    # Neither its lease nor its claims have run out: it is known to be gone.
    with running(prefecture, Ahead()):
        await_that(lambda: everybody_is_ready(prefecture))

    users = [user["employeeId"] for user in prefecture.dump()["users"].values()]
    assert len(users) == len(set(users)) == 60
    assert prefecture.chain_holds()


def test_only_the_holder_of_the_lease_works_on_accounts(found: Found) -> None:
    prefecture = asked_for(found, 1)
    app = prefecture.app
    began: list[bool] = []

    def make() -> AccountsWork:
        began.append(True)
        return work_of(prefecture, app.clock)

    with running(prefecture, app.clock):
        await_that(lambda: everybody_is_ready(prefecture))
        with pytest.raises(LeaseHeld):
            Daemon(app.database, app.settings, app.clock, NoEngine(), accounts=make).run()

    assert not began


def test_a_daemon_that_is_stopped_waits_for_the_answers_that_are_under_way(found: Found) -> None:
    prefecture = asked_for(found, 400, latency_ms=500)

    with running(prefecture, Ahead()) as daemon:
        await_that(lambda: len(prefecture.dump()["users"]) > 0)
        daemon.stop()

    # Every user that was made is known, and what was not begun is as if nobody had taken it.
    left = rows(prefecture)
    made = {row.external_id for row in left if row.service == "identity" and row.external_id}
    assert made == set(prefecture.dump()["users"])
    assert 0 < len(made) < 400
    assert not any(row.in_doubt for row in left)


def test_an_outage_is_said_once_and_outlived(
    found: Found, caplog: pytest.LogCaptureFixture
) -> None:
    prefecture = asked_for(found, 2)
    folder, failures = prefecture.root / "tenant", list[Exception]()
    world.down(folder)
    thread = accounts_thread(
        lambda: work_of(prefecture, Ahead()), Ahead(), failures.append, away_seconds=0.1
    )

    with caplog.at_level(logging.WARNING, logger="rollout.service.beside"):
        thread.start()
        try:
            await_that(lambda: "accounts wait" in caplog.text)
            restart(folder)
            await_that(lambda: everybody_is_ready(prefecture))
        finally:
            thread.stop()

    ours = [one for one in caplog.records if one.name == "rollout.service.beside"]
    said = [record.getMessage() for record in ours]
    assert [text.partition(",")[0] for text in said] == ["accounts wait", "accounts go on"]
    assert "cannot be reached" in said[0]
    assert not failures


def restart(folder: Path) -> None:
    """The same tenant at the same address, empty."""
    files = world.TenantFiles(folder)
    with files.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollout.lab.graph", str(files.folder)],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    files.pid.write_text(str(process.pid))
    process.returncode = 0  # `world.down` ends it


def test_the_daemon_reads_the_stock_again_before_the_gate_calls_it_old(found: Found) -> None:
    prefecture = asked_for(found, 1)
    app = prefecture.app
    part = OFFICE["skuPartNumber"]

    def taken_at() -> datetime:
        with app.database.read() as session:
            return licences.newest(session, [part])[part].taken_at

    first, hours = taken_at(), app.settings.gates.licences_hours
    with running(prefecture, Ahead(minutes=60 * hours - 60)):
        await_that(lambda: taken_at() > first)
