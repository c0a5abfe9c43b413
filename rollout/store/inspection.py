"""Whether the database's file is sound, and whether its moments make sense."""

from datetime import datetime

from sqlalchemy import func, inspect, select
from sqlmodel import Session

from rollout.store.database import Database
from rollout.store.tables import AuditRow


def fault(database: Database) -> str | None:
    """The first fault of a SQLite file, by its own quick check; None elsewhere and when sound."""
    with database.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            return None
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101  (an open connection has its driver's)
        (said,) = driver.execute("PRAGMA quick_check(1)").fetchone()
    return None if said == "ok" else str(said)


def analysed(database: Database) -> bool:
    """Whether somebody had SQLite gather statistics: averages, by which it finds few machines in a
    state by reading all of them (docs/architecture.md)."""
    with database.engine.connect() as connection:
        return connection.dialect.name == "sqlite" and inspect(connection).has_table("sqlite_stat1")


def server_size(database: Database) -> int | None:
    """Bytes of a database that a server keeps; None when it is a file."""
    with database.engine.connect() as connection:
        if connection.dialect.name != "postgresql":
            return None
        return int(connection.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def last_fact(session: Session) -> datetime | None:
    """The moment of the newest fact of the history."""
    audit = AuditRow.__table__.c  # type: ignore[attr-defined]
    newest = select(func.max(audit.id)).scalar_subquery()
    found: datetime | None = (
        session.connection().execute(select(audit.at).where(audit.id == newest)).scalar()
    )
    return found
