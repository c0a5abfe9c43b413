"""Bringing a database to the schema of this program, and refusing one that is not there.

Alembic takes a noticeable part of a second to import, so only `upgrade` and `downgrade` do it;
every other start of the program asks one row with `check`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")

EXPECTED = "0027"
"""The revision that this program works with: the newest one in `migrations/`."""


class SchemaMismatch(RolloutError):
    """The database has another schema than the program; `remedy` is what to do, in few words."""

    def __init__(self, message: str, remedy: str = "rollout init") -> None:
        self.remedy = remedy
        super().__init__(message)


def current(database: Database) -> str | None:
    """The revision of `database`; None when nothing was ever set up in it."""
    with database.read() as session:
        try:
            row = session.connection().execute(text("SELECT version_num FROM alembic_version"))
        except (OperationalError, ProgrammingError) as error:
            if _lacks_the_table(error):
                return None
            raise
        return row.scalar_one_or_none()


def check(database: Database) -> None:
    """Refuse a database that is empty, older or newer than the program.

    Raises SchemaMismatch, which says what to do.
    """
    found = current(database)
    if found == EXPECTED:
        return
    where = database.engine.url.render_as_string(hide_password=True)
    if found is None:
        raise SchemaMismatch(
            _("the database {where} is not set up: run `rollout init`").format(where=where)
        )
    if found in _known():
        raise SchemaMismatch(
            _(
                "the database {where} is older than this program ({found}, expected {expected}): "
                "stop the daemon, make a copy, and run `rollout init`"
            ).format(where=where, found=found, expected=EXPECTED)
        )
    raise SchemaMismatch(
        _(
            "the database {where} is newer than this program ({found}, expected {expected}): "
            "install the newer program"
        ).format(where=where, found=found, expected=EXPECTED),
        remedy=_("install the newer program"),
    )


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring `database` to `revision`, in one transaction; nothing happens when it is there.

    Raises SchemaMismatch for a database that a newer program has set up.
    """
    found = current(database)
    if found == EXPECTED and revision in ("head", EXPECTED):
        return
    if found is not None and found not in _known():
        check(database)
    from alembic import command

    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str = "base") -> None:
    """Take `database` back to `revision`; `base` leaves nothing of it."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))
    if revision == "base":
        with database.engine.begin() as connection:
            connection.execute(text("DROP TABLE alembic_version"))


def _run(database: Database, work: Callable[["Config"], None]) -> None:
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    # Alembic reads the option through configparser, where % is special.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _enforce_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                work(config)
                if sqlite:
                    _refuse_dangling(connection)
        finally:
            if sqlite:
                _enforce_foreign_keys(connection, on=True)


def _enforce_foreign_keys(connection: Connection, *, on: bool) -> None:
    # Copying a table drops the old one, which would take every row that points to it along.
    # The pragma has no effect inside a transaction, so it goes past SQLAlchemy, which opens one.
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  (an open connection has its driver's)
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _refuse_dangling(connection: Connection) -> None:
    dangling = connection.execute(text("PRAGMA foreign_key_check")).first()
    if dangling is not None:
        raise SchemaMismatch(
            _(
                "a row of {table} points to one of {other} that does not exist: "
                "nothing was changed; restore the last good copy of the database"
            ).format(table=dangling[0], other=dangling[2])
        )


def _known() -> frozenset[str]:
    names = (path.name for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    return frozenset(name.partition("_")[0] for name in names)


def _lacks_the_table(error: OperationalError | ProgrammingError) -> bool:
    # SQLite: "no such table"; PostgreSQL: SQLSTATE 42P01.
    return "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", "") == "42P01"
