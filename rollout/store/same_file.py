"""Connections to a file that are used only while that file stands at its path.

A file that was moved away, or replaced by a restored copy, goes on to be read and written by those
who have it open: a screen would show what is no longer true, and what is written would be lost.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

_FILE = "file"


def keep_to(engine: Engine, path: Path) -> None:
    """Connect anew when another file stands at `path`; refuse while none does, and make none.

    The file may be missing before the first connection only, which makes it.
    """
    known = False

    @event.listens_for(engine, "do_connect")
    def _make_none(*_: object) -> None:
        if known and _standing(path) is None:
            raise _missing()

    @event.listens_for(engine, "connect")
    def _note(_connection: Any, record: Any) -> None:
        nonlocal known
        known = True
        record.info[_FILE] = _standing(path)

    @event.listens_for(engine, "checkout")
    def _compare(_connection: Any, record: Any, _proxy: object) -> None:
        if _standing(path) != record.info[_FILE]:
            raise DisconnectionError("another file stands at the database's path")


def _standing(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:  # its folder may be unreachable just as well
        return None
    return found.st_dev, found.st_ino


def _missing() -> sqlite3.Error:
    """What SQLite says itself when it cannot open a file."""
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    return error
