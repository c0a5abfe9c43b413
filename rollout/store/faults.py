"""What a database driver raises, told apart: cannot answer now, or a defect of the program."""

import sqlite3
from typing import NamedTuple

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
_REFUSES_THE_USER = msgid(
    "it refuses this user: look at ROLLOUT_DATABASE_URL, the password file and the server's rules"
)
_NO_DATABASE = msgid("there is no such database on the server: make it, or correct its name")
_NO_CONNECTION_LEFT = msgid("the server has no connection left: allow more, or end what holds them")
_LET_GO = msgid("it waited too long for this program, which stood still: the next try is another")
_CONNECTING_REMEDIES = (
    ("password authentication failed", _REFUSES_THE_USER),
    ("no password supplied", _REFUSES_THE_USER),
    ("no pg_hba.conf entry", _REFUSES_THE_USER),
    ("not permitted to log in", _REFUSES_THE_USER),
    ('FATAL:  role "', _REFUSES_THE_USER),
    ('FATAL:  database "', _NO_DATABASE),
    ("too many clients", _NO_CONNECTION_LEFT),
    ("connection slots are reserved", _NO_CONNECTION_LEFT),
    (
        "failed to resolve host",
        msgid("no computer has this name: correct it in ROLLOUT_DATABASE_URL"),
    ),
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
"""What a person can do when no connection is made, by the words of PostgreSQL and its client
library, which hands on no codes before there is a connection; the first that fits."""

_SERVER_REMEDIES = {
    # A transaction whose program was frozen; psycopg counts it among the defects.
    "25P03": _LET_GO,
    "25P04": _LET_GO,
    "25006": msgid("it can only be read: is this a standby server? Name the primary one"),
    "28000": _REFUSES_THE_USER,
    "28P01": _REFUSES_THE_USER,
    "3D000": _NO_DATABASE,
    "42501": msgid("this user may not do that: let the database's owner grant it"),
    "53100": _REMEDIES[sqlite3.SQLITE_FULL],
    "53300": _NO_CONNECTION_LEFT,
    "55P03": _REMEDIES[sqlite3.SQLITE_BUSY],
}
"""What a person can do, by PostgreSQL's SQLSTATE."""


class Unavailable(NamedTuple):
    """Why a database cannot answer, in the driver's words, and what a person can do, if known."""

    words: str
    remedy: str | None = None


def unavailable(error: BaseException) -> str | None:
    """Why the database cannot answer and what to do about it, in one line; None: see `explain`."""
    found = explain(error)
    if found is None or found.remedy is None:
        return None if found is None else found.words
    return f"{found.words}; {found.remedy}"


def explain(error: BaseException) -> Unavailable | None:
    """Why the database cannot answer.

    None for everything else: a broken constraint or a wrong statement is a defect.
    """
    if isinstance(error, NoConnectionLeft):
        return Unavailable(
            _("every connection is in use: the database is slower than what is asked of it")
        )
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
    return Unavailable(words, None if remedy is None else _(remedy))


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
        return next(
            (remedy for words, remedy in _CONNECTING_REMEDIES if words in said), _UNREACHABLE
        )
    return _SERVER_REMEDIES.get(state)
