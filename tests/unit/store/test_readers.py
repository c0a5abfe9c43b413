"""Readers side by side see one moment, whoever writes meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from sqlmodel import Session, col, func, select

from rollout.store.database import Database
from rollout.store.readers import read_together
from rollout.store.tables import Site


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = databases.migrated(tmp_path / "r.db")
    yield made
    made.close()


def _add(database: Database, key: str) -> None:
    with database.write() as session:
        session.add(Site(key=key))


def _count(session: Session, _number: int = 0) -> int:
    return session.exec(select(func.count(col(Site.id)))).one()


def test_what_is_committed_later_is_seen_by_none(database: Database) -> None:
    _add(database, "本庁")
    with read_together(database) as readers:
        _add(database, "尾鷲")
        assert {*readers.each(_count, range(40))} == {1}
        assert readers.once(_count) == 1
    with read_together(database) as readers:
        assert {*readers.each(_count, range(40))} == {2}


def test_readers_that_begin_beside_a_writer_agree(database: Database) -> None:
    enough = threading.Event()

    def write() -> None:
        number = 0
        while not enough.is_set():
            number += 1
            _add(database, f"庁舎{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _time in range(20):
            with read_together(database) as readers:
                assert len({*readers.each(_count, range(8))}) == 1
    finally:
        enough.set()
        writer.join()


def test_answers_come_in_the_order_of_the_questions(database: Database) -> None:
    with read_together(database) as readers:
        assert [*readers.each(lambda _session, number: number, range(100))] == [*range(100)]


def test_leaving_early_leaves_no_reader_at_work(database: Database) -> None:
    with read_together(database) as readers:
        answers = readers.each(_count, range(100))
        assert next(answers) == 0
    # None of them holds its connection any more.
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
