"""`/healthz`, `/readyz` and `/metrics`: what monitoring asks, answered to whom it is allowed."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rollout import __version__
from rollout.application import measures
from rollout.application.ports import Clock
from rollout.service.metrics import Pulse, Tables, exposition
from rollout.settings import Settings
from rollout.store.database import Database

SLOW_TICK_SECONDS = 60.0
"""A daemon whose last tick ended longer ago is not ready: something keeps it from its work."""

_Answer = Callable[[Request], Awaitable[Response]]


class Monitor:
    """What the daemon knows of its own health, for the routes below."""

    def __init__(
        self, database: Database, settings: Settings, clock: Clock, pulse: Pulse, lease_epoch: int
    ) -> None:
        self.pulse = pulse
        self.tables = Tables(lambda: measures.look(database, settings, clock.now()))
        self._lease_epoch = lease_epoch
        self._lasts = settings.service.lease_seconds
        self._allowed = [ip_network(text) for text in settings.monitoring.allow]

    def allows(self, client: str | None) -> bool:
        """Whether this address may ask."""
        return client is not None and _within(client, self._allowed)

    def alive(self) -> bool:
        """Whether the daemon's clock gives signs."""
        return self.pulse.quiet() < self._lasts

    def hindrances(self) -> list[str]:
        """What keeps the daemon from its work; nothing when it is ready."""
        found = []
        if not self.alive():
            found.append("the clock gives no sign")
        if self.pulse.tick_age() >= SLOW_TICK_SECONDS:
            found.append("no tick has ended for a minute")
        measured = self.tables.measured()
        if measured is None:
            found.append("the database does not answer")
        elif measured.lease_epoch != self._lease_epoch:
            found.append("the lease is not ours")
        return found


def monitoring_routes(monitor: Monitor) -> tuple[Route, ...]:
    """The routes, each closed to whom it is not allowed."""
    return (
        Route("/healthz", _guarded(monitor, partial(_health, monitor))),
        Route("/readyz", _guarded(monitor, partial(_ready, monitor))),
        Route("/metrics", _guarded(monitor, partial(_metrics, monitor))),
    )


def monitoring_application(monitor: Monitor) -> Starlette:
    """The routes alone, for a port of their own."""
    return Starlette(routes=monitoring_routes(monitor))


def _guarded(monitor: Monitor, answer: _Answer) -> _Answer:
    async def handle(request: Request) -> Response:
        if not monitor.allows(request.client.host if request.client else None):
            return JSONResponse({"error": "not for you: see [monitoring] allow"}, status_code=403)
        return await answer(request)

    return handle


async def _health(monitor: Monitor, _request: Request) -> Response:
    alive = monitor.alive()
    return JSONResponse({"alive": alive, "version": __version__}, status_code=200 if alive else 503)


async def _ready(monitor: Monitor, _request: Request) -> Response:
    hindrances = await run_in_threadpool(monitor.hindrances)
    return JSONResponse(
        {"ready": not hindrances, "reasons": hindrances}, status_code=503 if hindrances else 200
    )


async def _metrics(monitor: Monitor, _request: Request) -> Response:
    text = await run_in_threadpool(exposition, monitor.pulse, monitor.tables)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _within(client: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
