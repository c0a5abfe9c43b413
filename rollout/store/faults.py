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

_UNREACHABLE = msgid(
    "it does not answer: look whether its server runs and can be reached from this computer"
)
_TLS_REMEDIES = (
    (
        "certificate verify failed",
        msgid("its certificate is of another authority: compare [cluster] tls_ca with the server"),
    ),
    (
        "does not match host name",
        msgid(
            "its certificate is of another name: write the name in it into database_url, "
            "unless this is the wrong server"
        ),
    ),
    (
        "root certificate file",
        msgid("the authority's certificate cannot be read: name its file in [cluster] tls_ca"),
    ),
    (
        "does not support SSL",
        msgid("it does not encrypt: set ssl = on in its configuration, or correct the port"),
    ),
    (
        "private key file",
        msgid("this computer's key cannot be used: look at [cluster] tls_key, owner-only"),
    ),
    (
        "certificate file",
        msgid("this computer's certificate cannot be read: look at [cluster] tls_certificate"),
    ),
)
"""What a person can do when no connection is made, by the words of PostgreSQL's client library,
which has no codes for them; the first that fits."""

_SERVER_REMEDIES = {
    "25006": msgid("it can only be read: is this a standby server? Name the primary one"),
    "28000": msgid("it refuses this user: look at ROLLOUT_DATABASE_URL and the server's rules"),
    "28P01": msgid("it refuses this user: look at ROLLOUT_DATABASE_URL and the server's rules"),
    "3D000": msgid("there is no such database on the server: make it, or correct its name"),
    "42501": msgid("this user may not do that: let the database's owner grant it"),
    "53100": _REMEDIES[sqlite3.SQLITE_FULL],
    "53300": msgid("the server has no connection left: allow more, or end what holds them"),
    "55P03": _REMEDIES[sqlite3.SQLITE_BUSY],
}
"""What a person can do, by PostgreSQL's SQLSTATE."""


def unavailable(error: BaseException) -> str | None:
    """Why the database cannot answer, in the driver's words, and what to do about it.

    None for everything else: a broken constraint or a wrong statement is a defect.
    """
    if isinstance(error, NoConnectionLeft):
        return _("every connection is in use: the database is slower than what is asked of it")
    cause = getattr(error, "orig", error)
    answers_not = (
        type(error) is DatabaseError
        or isinstance(error, (OperationalError, InterfaceError))
        or getattr(cause, "sqlstate", None) in _SERVER_REMEDIES
    )
    if not answers_not:
        return None
    words = next(iter(str(cause).splitlines()), "?")
    remedy = _remedy(cause)
    return words if remedy is None else f"{words}; {_(remedy)}"


def _remedy(cause: BaseException) -> str | None:
    if isinstance(cause, sqlite3.Error):
        # The upper bits say in more detail what the lower eight say already.
        return _REMEDIES.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if not hasattr(cause, "sqlstate"):
        return None
    # Without a state nobody answered; class 08 and 57P are connections that were ended.
    state = cause.sqlstate or "08"
    if state.startswith(("08", "57P")):
        said = str(cause)
        return next((remedy for words, remedy in _TLS_REMEDIES if words in said), _UNREACHABLE)
    return _SERVER_REMEDIES.get(state)
