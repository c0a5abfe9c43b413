"""Opening the database, with the settings that its correctness depends on.

SQLite: WAL; every transaction is `BEGIN IMMEDIATE`, because a deferred one that upgrades fails
at once whatever the busy timeout; `synchronous=FULL`, because a claim that is lost with the
power would let a disk be wiped twice; foreign keys on.

PostgreSQL: a writing transaction first takes one advisory lock, so that there is one writer at a
time as in SQLite: what a use case read is still so when it writes. History is a chain and lets one
writer through at a time anyway. A reading transaction sees one moment and refuses to write.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlmodel import Session

from rollout.store.same_file import keep_to

BUSY_SECONDS = 30
"""So long a writer waits for the one before it."""

CONNECT_SECONDS = 10
"""So long a server may take to answer at all."""

WRITER = 0x526F6C6C6F7574
"""The advisory lock of whoever writes, in every process of a database: "Rollout" in ASCII."""


def open_engine(
    url: str, *, durable: bool = True, idle_seconds: float = 10 * BUSY_SECONDS
) -> Engine:
    """The engine for a database URL; makes the folder of a new SQLite file, owner-only.

    A server ends a transaction that says nothing for `idle_seconds`: its client is gone, and its
    lock would stop everybody.

    Not `durable`: what is written may be gone after a power cut. Only for what can be made again.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return _open_postgresql(address, durable=durable, idle_seconds=idle_seconds)
    if address.database and address.database != ":memory:":
        folder = Path(address.database).parent
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
    # What goes wrong is logged, and the values of a statement are those of people.
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # pysqlite would begin by itself, deferred; we say when and how.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    if address.database and address.database != ":memory:":
        keep_to(engine, Path(address.database).absolute())

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _open_postgresql(address: URL, *, durable: bool, idle_seconds: float) -> Engine:
    # A connection that the server or a network dropped is found out before it is used.
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "options": _options(address, durable=durable, idle_seconds=idle_seconds),
            # A network that swallows packets is noticed, instead of being waited for.
            "connect_timeout": CONNECT_SECONDS,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if not (options.get("read_only", False) or options.get("unqueued", False)):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")

    @event.listens_for(engine, "handle_error")
    def _without_values(context: ExceptionContext) -> None:
        # The server quotes the row that it refuses, and what goes wrong is logged.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None and error.args:
                words = str(error.args[0]).partition("\nDETAIL:")[0]
                error.args = (words, *error.args[1:])

    return engine


def _options(address: URL, *, durable: bool, idle_seconds: float) -> str:
    """What every connection is told; what the address itself says of it comes first."""
    given = address.query.get("options", "")
    own = [
        "-c TimeZone=UTC",
        f"-c lock_timeout={BUSY_SECONDS}s",
        f"-c idle_in_transaction_session_timeout={int(idle_seconds * 1000)}ms",
        # A computer that lost its power says no word: without this its locks would stay for hours.
        "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
    ]
    if not durable:
        own.append("-c synchronous_commit=off")
    return " ".join([*own, given if isinstance(given, str) else " ".join(given)]).strip()


class Database:
    """Sessions over one engine: `write()` commits or rolls back, `read()` never writes."""

    def __init__(
        self, url: str, *, durable: bool = True, idle_seconds: float = 10 * BUSY_SECONDS
    ) -> None:
        self.url = url
        self.engine = open_engine(url, durable=durable, idle_seconds=idle_seconds)
        self._reader = self.engine.execution_options(read_only=True)
        self._aside = self.engine.execution_options(unqueued=True)
        if self.engine.dialect.name == "postgresql":
            self._reader = self._reader.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def note(self) -> Iterator[Session]:
        """As `write()`, but a writer at work keeps nobody waiting on PostgreSQL.

        Only for rows that one process alone writes and no use case builds on: signs of life.
        """
        with Session(self._aside, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view, without taking the write lock; its rows can be read afterwards."""
        # Closing ends the transaction; a rollback would expire the rows that the caller takes away.
        with Session(self._reader, autoflush=False, expire_on_commit=False) as session:
            yield session

    def reading(self) -> Connection:
        """A connection that reads as `read()` does, for whoever reads with several: `readers`."""
        return self._reader.connect()

    def connection_words(self) -> dict[str, Any]:
        """What PostgreSQL's own client library is told, for whoever connects beside us."""
        _positional, words = self.engine.dialect.create_connect_args(self.engine.url)
        return {name: value for name, value in words.items() if isinstance(value, str | int)}

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
