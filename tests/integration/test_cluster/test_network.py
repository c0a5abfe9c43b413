"""A cable between a computer and the database is pulled and plugged in again, by the kernel."""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from rollout.store.database import Database
from rollout.store.faults import unavailable

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture(scope="module")
def reached() -> Iterator[tuple[Any, Database]]:
    """A way to a server of its own, and the database at its end."""
    sys.path.insert(0, str(BENCH))
    try:
        from _torture import network
        from _torture.server import Server
    finally:
        sys.path.remove(str(BENCH))
    if why := network.can_pull_cables():
        pytest.skip(why)
    # Not pytest's folder: PostgreSQL has a user of its own where we are root, and must get there.
    with tempfile.TemporaryDirectory(prefix="rollout-network-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name))
        way = network.Cable(server, 9)
        database = Database(way.url(server))
        yield way, database
        database.close()
        way.close()
        server.stop()


def ask(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT 42")).scalar_one())


def test_what_waits_at_a_pulled_cable_goes_on_when_it_is_back(
    reached: tuple[Any, Database],
) -> None:
    way, database = reached
    assert ask(database) == 42
    way.cut()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, database)
        with pytest.raises(TimeoutError):
            answer.result(1)
        way.mend()
        assert answer.result(60) == 42


def test_behind_a_pulled_cable_nobody_answers(reached: tuple[Any, Database]) -> None:
    way, database = reached
    another = Database(database.url)
    way.cut()
    try:
        with pytest.raises(OperationalError) as caught:
            ask(another)
    finally:
        way.mend()
        another.close()
    assert "whether its server runs and can be reached" in (unavailable(caught.value) or "")
