"""`rollout cluster check`: what several computers need, checked one by one."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rollout.application.daemon_status import daemon_status
from rollout.application.doctor import workers
from rollout.application.doctor.finding import Finding, judged
from rollout.application.doctor.workers import SKEW_SECONDS
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import migrate, roles, server
from rollout.store.database import Database
from rollout.store.faults import explain

OLDEST_SERVER = 14
SHOWN = 5


class NoServer(RolloutError):
    """The database is a file: there is nothing that several computers could share."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "several computers need PostgreSQL: set database_url to postgresql+psycopg://... "
                "and [cluster] engine"
            )
        )


class NoQueue(RolloutError):
    """The queue is missing or of another version: no run would ever reach a worker."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            _(
                "the queue in the database is {found}, expected {expected}: "
                "let the database's owner run `rollout cluster init`"
            ).format(found=found or _("missing"), expected=expected)
        )


Versions = Callable[[], tuple[str | None, str]]
"""Of which version the queue in the database is, if there is one, and of which it should be."""


def require_queue(queue: Versions) -> None:
    """Raises NoQueue unless the queue is the one that this program works with."""
    found, expected = queue()
    if found != expected:
        raise NoQueue(found, expected)


def examine(database: Database, settings: Settings, queue: Versions) -> list[Finding]:
    """Every finding, as far as the server answers. Raises NoServer."""
    if database.engine.dialect.name != "postgresql":
        raise NoServer
    found: list[Finding] = []
    try:
        for finding in _everything(database, settings, queue):
            found.append(finding)  # what was found before a fault is kept
    except Exception as error:
        why = explain(error)
        if why is None:
            raise
        remedy = why.remedy or _("look into the server's log")
        found.append(judged("database", _("database"), why.words, problem=remedy))
    return found


def _everything(database: Database, settings: Settings, queue: Versions) -> Iterator[Finding]:
    yield from _server(database)
    schema = _schema(database)
    yield schema
    there, expected = queue()
    yield judged(
        "queue",
        _("queue"),
        _beside(there, expected),
        problem="" if there == expected else "rollout cluster init",
    )
    yield from _roles(database)
    if not schema.remedy:
        yield from _people(database, settings)


def _beside(found: str | None, expected: str) -> str:
    """A version, and beside another one the version that it should be."""
    if found == expected:
        return expected
    return _("{found}, expected {expected}").format(found=found or _("none"), expected=expected)


def _server(database: Database) -> Iterator[Finding]:
    seen = server.state(database)
    major = seen.version // 10_000
    yield judged(
        "server",
        _("server"),
        f"PostgreSQL {major}.{seen.version % 10_000}",
        problem=_("update it to {version} or newer").format(version=OLDEST_SERVER)
        if major < OLDEST_SERVER
        else "",
    )
    yield judged(
        "durable",
        _("what was committed stays"),
        _("switched off: {names}").format(names=", ".join(seen.risky)) if seen.risky else _("yes"),
        problem=_("switch it on: a lost claim could let a disk be wiped twice")
        if seen.risky
        else "",
    )
    yield judged(
        "tls",
        _("connection"),
        _way(seen),
        warning="" if seen.encrypted or seen.local else '[cluster] tls_mode = "verify-full"',
    )
    yield judged(
        "server_clock",
        _("clock beside the server's"),
        _("{seconds:+.1f} s").format(seconds=seen.ahead),
        warning=_("switch time synchronisation on") if abs(seen.ahead) > SKEW_SECONDS else "",
    )


def _way(seen: server.ServerState) -> str:
    if seen.local:
        return _("by a socket of this computer")
    if not seen.encrypted:
        return _("open: whoever is in between can read it")
    if seen.tls is None:
        return _("encrypted up to what stands before the server")
    return _("encrypted: {protocol}").format(protocol=seen.tls)


def _schema(database: Database) -> Finding:
    remedy = ""
    try:
        migrate.check(database)
    except migrate.SchemaMismatch as error:
        remedy = error.remedy
    found = _beside(migrate.current(database), migrate.EXPECTED)
    return judged("schema", _("schema"), found, problem=remedy)


def _roles(database: Database) -> Iterator[Finding]:
    unknown = roles.unknown(database)
    missing, extra = roles.differences(database)
    # Of a role that is not there every right is missing; its name says all.
    names = [*unknown, *_words(grant for grant in missing if grant.role not in unknown)]
    yield judged(
        "roles",
        _("roles"),
        _("missing: {names}").format(names=_shown(names)) if names else _("all"),
        problem="rollout cluster init" if names else "",
    )
    if extra:
        yield judged(
            "rights",
            _("rights"),
            _("too many: {names}").format(names=_shown(list(_words(extra)))),
            warning="rollout cluster init",
        )


def _words(grants: Iterable[roles.Grant]) -> Iterator[str]:
    return (f"{grant.role}: {grant.privilege} {grant.table}" for grant in grants)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")


def _people(database: Database, settings: Settings) -> Iterator[Finding]:
    """Daemon and workers."""
    status = daemon_status(database)
    yield judged(
        "daemon",
        _("daemon"),
        status.holder or _("not running"),
        warning="" if status.alive else "rollout serve --wait",
    )
    yield from workers.examine(database, settings)
