"""Several daemons on one server: one acts, and another takes over as soon as that one is gone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import databases
import pytest
from sqlalchemy import text

from rollout.application.alone import alone
from rollout.domain.errors import LeaseHeld
from rollout.store import leases, moments
from rollout.store.clock_lock import ClockLock
from rollout.store.database import Database


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(databases.server_url(tmp_path_factory.mktemp("clock") / "rollout"))
    databases.set_up(opened)
    yield opened
    opened.close()


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same database as another process would open it."""
    opened = Database(database.url)
    yield opened
    opened.close()


def end_connections(database: Database, other: Database) -> None:
    """What a killed process leaves: the server ends its sessions."""
    database.close()
    with other.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 90000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )


def test_the_lock_is_one_processs_until_it_is_gone(database: Database, other: Database) -> None:
    first, second = ClockLock(database), ClockLock(other)
    assert first.hold()
    assert first.hold()
    assert not second.hold()
    end_connections(database, other)
    assert second.hold()
    assert not first.hold(), "who lost it has to ask again"
    assert not first.hold()
    second.give_back()
    assert first.hold()
    first.give_back()


def test_a_lease_that_has_not_run_out_is_taken_over_at_once_from_a_dead_holder(
    database: Database, other: Database
) -> None:
    lasts = timedelta(hours=1)
    lock = ClockLock(database)
    assert lock.hold()
    with database.write() as session:
        leases.acquire(session, "elsewhere:1:1", now=moments.real_now(session), lasts=lasts)
    with pytest.raises(LeaseHeld, match="elsewhere"), alone(other, "here", lambda _name: False):
        pass
    end_connections(database, other)
    with alone(other, "here", lambda _name: False) as epoch:
        assert epoch == 2
    lock.give_back()


def test_while_a_command_works_alone_no_daemon_begins(database: Database, other: Database) -> None:
    with (
        alone(database, "restore", lambda _name: False),
        pytest.raises(LeaseHeld),
        alone(other, "daemon", lambda _name: False),
    ):
        pass


def test_real_time_is_the_servers(database: Database) -> None:
    with database.read() as session:
        first, second = moments.real_now(session), moments.real_now(session)
    assert first < second, "it goes on inside a transaction"
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_sign_of_life_waits_for_no_writer(database: Database, other: Database) -> None:
    noted = threading.Event()

    def note() -> None:
        with other.note() as session:
            session.connection().execute(text("SELECT 1"))
        noted.set()

    with database.write():
        thread = threading.Thread(target=note)
        thread.start()
        assert noted.wait(20)
    thread.join()
