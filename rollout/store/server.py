"""What a PostgreSQL server says of itself and of the way to it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from rollout.store.database import Database


@dataclass(frozen=True)
class ServerState:
    """`version` as 170004; `tls` is the protocol in use as far as the server; `encrypted`: whether
    what leaves this process is, be it only up to a proxy; `local`: by a socket of this computer.

    `risky` are settings that lose what was committed when the power fails; `ahead` is by how many
    seconds the clock of this computer is ahead of the server's.
    """

    version: int
    tls: str | None
    encrypted: bool
    local: bool
    risky: tuple[str, ...]
    ahead: float
    user: str


def state(database: Database) -> ServerState:
    """Ask the server."""
    with database.engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT current_setting('server_version_num')::int, s.version,"
                " clock_timestamp(), current_user"
                " FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()"
            )
        ).one()
        ahead = (datetime.now(UTC) - row[2]).total_seconds()
        # The server knows its end of the way only; before it there may be a proxy.
        ours: Any = connection.connection.driver_connection
        encrypted, local = bool(ours.pgconn.ssl_in_use), ours.info.host.startswith("/")
        risky = connection.execute(
            text(
                "SELECT name FROM pg_settings WHERE setting = 'off'"
                " AND name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"
            )
        ).scalars()
        return ServerState(row[0], row[1], encrypted, local, tuple(risky), ahead, row[3])
