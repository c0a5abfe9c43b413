"""What a PostgreSQL server says of itself and of the way to it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from rollout.store.database import Database


@dataclass(frozen=True)
class ServerState:
    """`version` as 170004; `tls` is the protocol in use; `local`: by a socket of this computer.

    `risky` are settings that lose what was committed when the power fails; `ahead` is by how many
    seconds the clock of this computer is ahead of the server's.
    """

    version: int
    tls: str | None
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
                " inet_server_addr() IS NULL, clock_timestamp(), current_user"
                " FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()"
            )
        ).one()
        ahead = (datetime.now(UTC) - row[3]).total_seconds()
        risky = connection.execute(
            text(
                "SELECT name FROM pg_settings WHERE setting = 'off'"
                " AND name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"
            )
        ).scalars()
        return ServerState(row[0], row[1], row[2], tuple(risky), ahead, row[4])
