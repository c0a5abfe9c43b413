"""`rollout cluster check`: what several computers need, checked one by one."""

from collections.abc import Iterator, Sequence

from rollout.application.daemon_status import daemon_status
from rollout.application.doctor import workers
from rollout.application.doctor.finding import Finding, judged
from rollout.application.doctor.workers import SKEW_SECONDS
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import migrate, roles, server
from rollout.store.database import Database

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


def examine(
    database: Database, settings: Settings, *, queue: str | None, queue_expected: str
) -> list[Finding]:
    """Every finding. `queue` is the version of the queue that is there. Raises NoServer."""
    if database.engine.dialect.name != "postgresql":
        raise NoServer
    schema = _schema(database)
    transport = judged(
        "queue",
        _("queue"),
        queue or _("none"),
        problem="" if queue == queue_expected else "rollout cluster init",
    )
    found = [*_server(database), schema, transport, *_roles(database)]
    return found if schema.remedy else [*found, *_people(database, settings)]


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
    current = migrate.current(database)
    return judged(
        "schema",
        _("schema"),
        current or _("none"),
        problem="" if current == migrate.EXPECTED else "rollout init",
    )


def _roles(database: Database) -> Iterator[Finding]:
    missing, extra = roles.differences(database)
    yield judged(
        "roles",
        _("roles"),
        _("missing: {names}").format(names=_shown(missing)) if missing else _("all"),
        problem="rollout cluster init" if missing else "",
    )
    if extra:
        yield judged(
            "rights",
            _("rights"),
            _("too many: {names}").format(names=_shown(extra)),
            warning="rollout cluster init",
        )


def _shown(grants: Sequence[roles.Grant]) -> str:
    words = [f"{grant.role}: {grant.privilege} {grant.table}" for grant in grants[:SHOWN]]
    return ", ".join(words) + (" ..." if len(grants) > SHOWN else "")


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
