"""Copies of a SQLite database while it is in use, and putting one in its place.

PostgreSQL has its own tools for this (pg_basebackup, pg_dump) and needs nothing of it here.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.stop import StopScope
from rollout.i18n import _
from rollout.store import history, migrate, stops
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Lease

_PAGES = 4096
"""Copied between two looks whether to go on: 16 MiB at SQLite's usual size of a page."""

Progress = Callable[[int, int], None]
"""Told how much of how much is done; what it raises ends the work."""


class BackupFailed(RolloutError):
    """The copy was not made or is not good; nothing was replaced."""


@dataclass(frozen=True)
class Checked:
    """What a good copy holds."""

    revision: str
    rows: int
    head: str
    size: int


def file_of(database: Database) -> Path:
    """The file of a SQLite database. Raises BackupFailed for every other kind."""
    url = make_url(database.url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise BackupFailed(
            _("{kind} is backed up with its own tools: see docs/operation.md").format(
                kind=url.get_backend_name()
            )
        )
    return Path(url.database)


def ours(database: Database) -> bool:
    """Whether copies of this kind of database are made here, and not by its own tools."""
    return make_url(database.url).get_backend_name() == "sqlite"


def copy(source: Path, target: Path, progress: Progress = lambda done, total: None) -> None:
    """Write a copy of `source` as it stands at this moment; others go on reading and writing.

    `target` is made new, owner-only, as one file without a log beside it. Raises BackupFailed.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        with _reading(source) as reader, closing(_open(target)) as writer:
            # With a transaction open, later commits of others do not make the copy begin anew.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(
                writer, pages=_PAGES, progress=lambda _s, left, total: progress(total - left, total)
            )
            writer.execute("PRAGMA journal_mode=DELETE").fetchone()
        flush(target)
    except sqlite3.Error as error:
        raise BackupFailed(
            _("{source} cannot be copied to {target}: {why}").format(
                source=source, target=target, why=error
            )
        ) from None


@contextmanager
def _reading(source: Path) -> Iterator[sqlite3.Connection]:
    if not source.is_file():
        raise BackupFailed(_("there is no database {path}").format(path=source))
    with closing(_open(source)) as connection:
        connection.execute("PRAGMA query_only=ON")
        yield connection


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def check(
    path: Path, progress: Progress = lambda done, total: None, *, called: Path | None = None
) -> Checked:
    """Look at every page of a copy of our own and walk its history.

    A copy that an older program made is brought to this one first. Raises BackupFailed with the
    fault, and SchemaMismatch for a copy of a newer program. Nobody else may have the file open.
    `called` is the file that the operator knows, where `path` is only on the way there.
    """
    called = called or path
    try:
        with _reading(path) as connection:
            faults = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if faults != [("ok",)]:
            raise BackupFailed(_("{path} is damaged: {why}").format(path=called, why=faults[0][0]))
        return _walked(path, progress, called)
    except (sqlite3.Error, DatabaseError) as error:
        why = str(getattr(error, "orig", error))
        raise BackupFailed(_("{path} cannot be read: {why}").format(path=called, why=why)) from None


def _walked(path: Path, progress: Progress, called: Path) -> Checked:
    database = Database(f"sqlite:///{path}")
    try:
        revision = migrate.current(database)
        if revision is None:
            raise BackupFailed(_("{path} is no database of rollout").format(path=called))
        migrate.upgrade(database)
        with database.read() as session:
            total = history.count(session)
            verdict = history.verify(session, lambda rows: progress(rows, total))
    finally:
        # Opening it made a log beside it; a copy is one file.
        close_for_good(database, path)
    if not verdict.holds:
        raise BackupFailed(
            _("{path}: its history does not hold: {why}").format(path=called, why=verdict.why)
        )
    return Checked(revision, verdict.rows, verdict.head, path.stat().st_size)


def discard(path: Path) -> None:
    """Remove a copy that is not to be, with whatever SQLite put beside it."""
    for name in (path.name, *(path.name + suffix for suffix in ("-wal", "-shm", "-journal"))):
        path.with_name(name).unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk take a file and its name before anybody relies on them."""
    for part in (path, path.parent):
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def readable(path: Path) -> bool:
    """Whether the file is a database that answers; False when it is missing or damaged.

    Raises BackupFailed when it is locked: then it is at work.
    """
    try:
        with _reading(path) as connection:
            connection.execute("SELECT epoch FROM lease").fetchone()
            connection.execute("SELECT count(*) FROM people").fetchone()
    except BackupFailed:
        return False
    except sqlite3.Error as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise BackupFailed(
                _("{path} is locked by another program: end it, then repeat").format(path=path)
            ) from None
        return False
    return True


def close_for_good(database: Database, path: Path) -> None:
    """Bring the log into the file, which nobody else may have open.

    Raises BackupFailed while somebody has: what he writes would be lost.
    """
    database.close()
    with closing(sqlite3.connect(path, isolation_level=None, timeout=2)) as connection:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError:
            mode = "wal"
    if mode != "delete":
        raise BackupFailed(
            _("another program has {path} open: end the terminal UI, exports and daemons that "
              "stand by, then repeat").format(path=path)
        )  # fmt: skip


def put_in_place(new: Path, path: Path, beside: Path) -> None:
    """Replace the database by `new`; the one that stood there is kept as `beside`.

    At every moment `path` is one of the two, whole.
    """
    if path.exists():
        os.link(path, beside)
        for log in ("-wal", "-shm"):
            # The log of a damaged database belongs to it, and would damage the new one.
            left = path.with_name(path.name + log)
            if left.exists():
                left.rename(beside.with_name(beside.name + log))
    new.replace(path)
    flush(path)


def compact(database: Database) -> bool:
    """Write every page anew and empty the log: nothing of removed rows is left in the files.

    False when somebody reads an older state, so that the log could not be emptied: it goes when the
    last program that has the database open ends.
    """
    database.close()
    with closing(sqlite3.connect(file_of(database), isolation_level=None, timeout=3)) as own:
        own.execute("VACUUM")
        (busy, _pages, _done) = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def prepare(
    session: Session, *, lease_epoch: int, last_claim: int, at: datetime, actor: str, reason: str
) -> None:
    """Make a copy fit to follow on a database that went on after it was made.

    Epochs of leases and claims go on behind those of the other, since machines have stored them;
    nothing begins until an operator has compared the tables with the world; the history says so.
    """
    lease = session.get(Lease, 1) or Lease()
    lease.epoch = max(lease.epoch, lease_epoch) + 1
    lease.holder, lease.heartbeat_at, lease.expires_at = None, None, None
    session.add(lease)
    _claims_go_on_behind(session, last_claim)
    fact = Fact(instant_text(at), actor, "database", 1, "database", "restore", None, None, reason)
    history.append(session, [fact])
    if not stops.stopped(session).everything:
        stops.begin(session, StopScope.ALL, "", actor=actor, at=at, reason=reason)


def _claims_go_on_behind(session: Session, last: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(
            text(
                "SELECT setval(pg_get_serial_sequence('claims', 'id'), GREATEST(:last,"
                " (SELECT COALESCE(max(id), 1) FROM claims)))"
            ),
            {"last": last},
        )
        return
    known = session.connection().execute(
        text("SELECT seq FROM sqlite_sequence WHERE name = 'claims'")
    )
    here = known.scalar_one_or_none()
    if here is None:
        statement = "INSERT INTO sqlite_sequence (name, seq) VALUES ('claims', :last)"
    elif here < last:
        statement = "UPDATE sqlite_sequence SET seq = :last WHERE name = 'claims'"
    else:
        return
    session.connection().execute(text(statement), {"last": last})


def last_claim(database: Database) -> int:
    """The highest epoch that any claim ever had."""
    with database.read() as session:
        if database.engine.dialect.name == "postgresql":
            statement = "SELECT last_value FROM claims_id_seq"
        else:
            statement = "SELECT seq FROM sqlite_sequence WHERE name = 'claims'"
        rows = session.connection().execute(text(statement))
        return rows.scalar_one_or_none() or 0


def claims_after(database: Database, epoch: int) -> list[str]:
    """The tags of machines on which something was begun behind that claim."""
    with database.read() as session:
        rows = session.connection().execute(
            text(
                "SELECT DISTINCT machines.asset_tag FROM claims"
                " JOIN machines ON machines.id = claims.machine_id"
                " WHERE claims.id > :epoch ORDER BY machines.asset_tag"
            ),
            {"epoch": epoch},
        )
        return list(rows.scalars())
