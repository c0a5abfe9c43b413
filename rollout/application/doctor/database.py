"""Is the database whole, closed to others, and its log short?"""

from collections.abc import Iterator

from rollout.application.doctor.finding import Finding, judged
from rollout.application.nightly import size
from rollout.i18n import _
from rollout.store import inspection
from rollout.store.backup import BackupFailed, file_of
from rollout.store.database import Database

LONGEST_LOG = 256 * 1024**2
"""Bytes; the log of a database that nobody holds open for reading stays far below."""


def examine(opened: Database) -> Iterator[Finding]:
    """Integrity, size and log."""
    fault = inspection.fault(opened)
    yield judged(
        "integrity",
        _("integrity"),
        fault or _("every page is sound; `rollout audit verify` walks the history"),
        problem=_("stop the daemon and go back with `rollout restore`") if fault else "",
    )
    try:
        path = file_of(opened)
    except BackupFailed:
        return  # a server's own tools look after the rest
    log = path.with_name(path.name + "-wal")
    length = log.stat().st_size if log.exists() else 0
    yield judged(
        "database_size",
        _("database file"),
        _("{size}, and {log} of log").format(size=size(path.stat().st_size), log=size(length)),
        warning=_("end exports and terminal UIs that have been open for long")
        if length > LONGEST_LOG
        else "",
    )
    if inspection.analysed(opened):
        yield judged(
            "database_statistics",
            _("statistics of the database"),
            _("somebody ran ANALYZE: SQLite reads the whole fleet where it looked up a few"),
            warning=_(
                "end the daemon, `sqlite3 {path} 'DROP TABLE sqlite_stat1'`, start it"
            ).format(path=path),
        )
    others = path.stat().st_mode & 0o077
    yield judged(
        "database_mode",
        _("access to the database"),
        f"{path.stat().st_mode & 0o777:o}",
        warning=f"chmod 600 {path}" if others else "",
    )
