"""Several readers of one and the same moment, so that two processors can read at once.

SQLite computes without Python's lock, so a thread for each reader is enough. On PostgreSQL the
first reader lends its snapshot to the others; SQLite has no such thing, but tells a connection
whether another one committed since it last asked: readers that began while nobody committed see
the same.
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
TRIES = 50
"""So often they begin anew, when others commit all the time, before one has to read alone."""


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
def read_together(database: Database, count: int = READERS) -> Iterator[Readers]:
    """As `Database.read()`, with up to `count` readers."""
    with ExitStack() as stack:
        connections = [stack.enter_context(database.reading()) for _ in range(count)]
        began = (
            _with_one_version if database.engine.dialect.name == "sqlite" else _with_one_snapshot
        )
        together = began(connections)
        readers = Readers([
            stack.enter_context(Session(one, autoflush=False, expire_on_commit=False))
            for one in connections[: count if together else 1]
        ])  # fmt: skip
        stack.callback(readers.close)
        yield readers


def _with_one_snapshot(connections: Sequence[Connection]) -> bool:
    first, *others = connections
    snapshot = first.scalar(text("SELECT pg_export_snapshot()"))
    for one in others:
        one.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    return True


def _with_one_version(connections: Sequence[Connection]) -> bool:
    for _try in range(TRIES):
        before = [_version(one) for one in connections]
        for one in connections:
            one.rollback()
        # Nobody committed between the first question and each beginning, so all see one state.
        if [_version(one) for one in connections] == before:
            return True
        for one in connections:
            one.rollback()
    return False


def _version(connection: Connection) -> int:
    """Begins to read; differs from the one before on this connection if another one committed."""
    found: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    return found
