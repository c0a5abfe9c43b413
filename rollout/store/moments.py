"""Real time, as every process of a database has to agree on it."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session


def real_now(session: Session) -> datetime:
    """The clock of the database server; of this computer where the database is a file.

    Leases and signs of life go by it: computers whose clocks differ would otherwise take each
    other for dead.
    """
    if session.get_bind().dialect.name != "postgresql":
        return datetime.now(UTC)
    moment: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
