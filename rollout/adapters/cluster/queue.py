"""The queue's own schema in PostgreSQL, and what a job looks like.

procrastinate has a schema of its own beside our tables. Nothing in it is worth keeping: a job says
which run waits, and the daemon puts every run that still waits in again. So a queue of another
version is made anew rather than migrated.
"""

from importlib.metadata import version
from typing import Any

import procrastinate
import psycopg
from procrastinate.schema import SchemaManager

from rollout.store.database import Database

SCHEMA = "rollout_queue"
TASK = "run"
PATIENCE = 5.0
"""Seconds to wait for a connection."""
NO_SITE = 0
"""Stands for the site of what is at no site."""


def queue_name(site_id: int | None) -> str:
    """A queue's name: by number, because a channel's name in PostgreSQL ends at 63 bytes."""
    return f"site-{site_id or NO_SITE}"


def conninfo(database: Database) -> str:
    """How the queue connects: as the database itself, in its own schema."""
    words = dict(database.connection_words())
    options = f"{words.pop('options', '')} -c search_path={SCHEMA}".strip()
    return psycopg.conninfo.make_conninfo(
        **words, options=options, connect_timeout=int(PATIENCE), application_name="rollout queue"
    )


def pool_settings(database: Database) -> dict[str, Any]:
    """For a connector of procrastinate."""
    return {
        "conninfo": conninfo(database),
        "min_size": 1,
        "max_size": 3,
        "timeout": PATIENCE,
        "reconnect_timeout": PATIENCE,
    }


def installed(database: Database) -> str | None:
    """Of which version of procrastinate the queue is; None when there is none."""
    asked = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    with database.engine.connect() as connection:
        row = connection.exec_driver_sql(asked, (SCHEMA,)).first()
    return None if row is None else str(row[0] or "?")


def expected() -> str:
    """The version that this program works with."""
    return f"procrastinate {version('procrastinate')}"


def prepare(database: Database) -> bool:
    """Make the queue, or make it anew when it is of another version; whether it was made."""
    if installed(database) == expected():
        return False
    with psycopg.connect(conninfo(database)) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(SchemaManager.get_schema())
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{expected()}'")
    return True


def application(connector: Any) -> procrastinate.App:
    """procrastinate's own application, without tasks."""
    return procrastinate.App(connector=connector)
