"""Readers of one and the same moment, at work while Python does something else.

On PostgreSQL there are two, of which the first lends the other its snapshot. SQLite gets one: it
computes without Python's lock, but two of its connections in one process wait for each other at
every piece of memory that they take, and together are no faster than one alone.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlmodel import Session

from rollout.store.database import Database

T = TypeVar("T")
R = TypeVar("R")

READERS = 2


class Readers:
    """Sessions that see the same; `first` is for whoever reads while none of them is at work."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.first = sessions[0]
        self._count = len(sessions)
        self._free: SimpleQueue[Session] = SimpleQueue()
        for session in sessions:
            self._free.put(session)
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="reader")

    def once(self, read: Callable[[Session], R]) -> R:
        """What `read` finds, with a session that nobody uses."""
        session = self._free.get()
        try:
            return read(session)
        finally:
            self._free.put(session)

    def each(self, read: Callable[[Session, T], R], of: Iterable[T]) -> Iterator[R]:
        """What `read` finds for each, in their order, a little ahead of whoever takes it."""
        ahead: deque[Future[R]] = deque()
        for one in of:
            ahead.append(self._pool.submit(self._of, read, one))
            if len(ahead) > 2 * self._count:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _of(self, read: Callable[[Session, T], R], one: T) -> R:
        return self.once(lambda session: read(session, one))

    def close(self) -> None:
        """End what is under way; sessions must not be closed before."""
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def read_together(database: Database) -> Iterator[Readers]:
    """As `Database.read()`, with as many readers as the database is faster with."""
    sqlite = database.engine.dialect.name == "sqlite"
    with ExitStack() as stack:
        connections = [
            stack.enter_context(database.reading()) for _ in range(1 if sqlite else READERS)
        ]
        (_begin if sqlite else _share_snapshot)(*connections)
        readers = Readers([
            stack.enter_context(Session(one, autoflush=False, expire_on_commit=False))
            for one in connections
        ])  # fmt: skip
        stack.callback(readers.close)
        yield readers


def _begin(only: Connection) -> None:
    """What it sees is what was committed when it is first asked something."""
    only.exec_driver_sql("PRAGMA data_version").close()


def _share_snapshot(first: Connection, *others: Connection) -> None:
    snapshot = first.scalar(text("SELECT pg_export_snapshot()"))
    for one in others:
        one.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
