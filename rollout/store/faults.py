"""What a database driver raises, told apart: cannot answer now, or a defect of the program."""

import sqlite3

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from rollout.domain.words import msgid
from rollout.i18n import _

_REMEDIES = {
    sqlite3.SQLITE_BUSY: msgid("another program keeps it locked: end that program, or wait for it"),
    sqlite3.SQLITE_FULL: msgid("its disk is full: make room"),
    sqlite3.SQLITE_READONLY: msgid(
        "it cannot be written: let this user write the file and its folder"
    ),
    sqlite3.SQLITE_IOERR: msgid(
        "its disk refuses to read or to write: look at its room, its quota and its health"
    ),
    sqlite3.SQLITE_CANTOPEN: msgid(
        "it cannot be opened: let this user reach the file and its folder"
    ),
    sqlite3.SQLITE_CORRUPT: msgid("it is damaged: end the daemon and restore the last good copy"),
    sqlite3.SQLITE_NOTADB: msgid("it is damaged: end the daemon and restore the last good copy"),
}
"""What a person can do, by SQLite's primary result code."""


def unavailable(error: BaseException) -> str | None:
    """Why the database cannot answer, in the driver's words, and what to do about it.

    None for everything else: a broken constraint or a wrong statement is a defect.
    """
    if isinstance(error, NoConnectionLeft):
        return _("every connection is in use: the database is slower than what is asked of it")
    answers_not = type(error) is DatabaseError or isinstance(
        error, (OperationalError, InterfaceError)
    )
    if not answers_not:
        return None
    cause = getattr(error, "orig", error)
    words = next(iter(str(cause).splitlines()), "?")
    # The upper bits say in more detail what the lower eight say already.
    remedy = _REMEDIES.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    return words if remedy is None else f"{words}; {_(remedy)}"
