"""Who acts, as PostgreSQL itself knows it: a lock of a session, gone the moment its process is.

The lease in the tables is the truth and fences every transaction; it lasts for some seconds after
its holder died. The lock only says sooner that it did.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from rollout.store.database import Database

CLOCK = 0x526F6C6C436C6B
"""The advisory lock of whoever acts: "RollClk" in ASCII."""


class ClockLock:
    """Held on a connection of its own; of a database that is a file it is never had."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def hold(self) -> bool:
        """Whether the lock is ours; it is taken when it is free. Never waits."""
        if self._database.engine.dialect.name != "postgresql":
            return False
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            return self._take()
        except SQLAlchemyError:
            # The server ended the session, and the lock with it; whoever asks next hears more.
            self._forget()
            return False

    def give_back(self) -> None:
        """Let another process have it."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": CLOCK})
        except SQLAlchemyError:
            return  # it went with the session
        finally:
            self._forget()

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _take(self) -> bool:
        connection = self._database.engine.connect().execution_options(
            unqueued=True, isolation_level="AUTOCOMMIT"
        )
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": CLOCK})
        if taken.scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False
