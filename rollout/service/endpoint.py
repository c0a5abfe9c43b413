"""The HTTP endpoint that PCs talk to: arm, boot, images, check-in, health."""

import json
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rollout import __version__
from rollout.adapters import deployment_folder
from rollout.application import arrival
from rollout.application.ports import Clock
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.service.deployment import deployment_routes, image_of
from rollout.settings import Settings
from rollout.store.database import Database

log = logging.getLogger(__name__)

LARGEST_BODY = 16_384
"""Bytes; a report is a few hundred."""

_Answer = Callable[[Mapping[str, Any]], dict[str, Any]]


class BadRequest(RolloutError):
    """The body is not what this address takes."""


def application(database: Database, settings: Settings, clock: Clock) -> Starlette:
    """The ASGI application; every request is one short transaction in a thread.

    Raises DeploymentError when the configured deployment folder cannot be used.
    """
    folder = settings.deployment.folder
    deployment = deployment_folder.read(folder) if folder is not None else None

    def offers(generation: str) -> bool:
        return deployment is None or settings.generation(generation).image in deployment.images

    def arm(body: Mapping[str, Any]) -> dict[str, Any]:
        arrival.arm(
            database,
            token=_text(body, "token"),
            serial=_text(body, "serial"),
            boot_id=_text(body, "boot_id"),
            at=clock.now(),
            offers=offers,
        )
        return {"armed": True}

    def boot(body: Mapping[str, Any]) -> dict[str, Any]:
        mac = body.get("mac")
        order = arrival.boot(
            database,
            settings,
            serial=_text(body, "serial"),
            mac=mac if isinstance(mac, str) else None,
            at=clock.now(),
        )
        if order.erase:
            token = order.check_in_token
            return {"action": "erase", "epoch": order.epoch, "check_in_token": token}
        if order.image_id is None:
            return {"action": "local"}
        return {
            "action": "install",
            "image_id": order.image_id,
            "epoch": order.epoch,
            "check_in_token": order.check_in_token,
            **image_of(deployment, order.image_id),
        }

    def deploy_failed(body: Mapping[str, Any]) -> dict[str, Any]:
        touched = body.get("disk_touched")
        if not isinstance(touched, bool):
            raise BadRequest("disk_touched is missing")
        arrival.give_up(
            database,
            token=_text(body, "token"),
            serial=_text(body, "serial"),
            disk_touched=touched,
            reason=_text(body, "reason"),
            at=clock.now(),
        )
        return {"noted": True}

    def check_in(body: Mapping[str, Any]) -> dict[str, Any]:
        for name in ("token", "serial", "image_id", "boot_id"):
            _text(body, name)
        arrival.check_in(database, settings, body, at=clock.now())
        return {"accepted": True}

    def erased(body: Mapping[str, Any]) -> dict[str, Any]:
        for name in ("token", "serial", "method"):
            _text(body, name)
        arrival.erased(database, body, at=clock.now())
        return {"noted": True}

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"alive": True, "version": __version__})

    return Starlette(
        routes=[
            Route("/v1/arm", _post(arm), methods=["POST"]),
            Route("/v1/boot", _post(boot), methods=["POST"]),
            Route("/v1/check-in", _post(check_in), methods=["POST"]),
            Route("/v1/health", health),
            *(deployment_routes(database, deployment, clock) if deployment else ()),
            Route("/v1/deploy-failed", _post(deploy_failed), methods=["POST"]),
            Route("/v1/erased", _post(erased), methods=["POST"]),
        ]
    )


def _post(answer: _Answer) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def handle(request: Request) -> JSONResponse:
        try:
            body = _parsed(await _read(request))
            return JSONResponse(await run_in_threadpool(answer, body))
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except RolloutError as error:
            log.warning("%s refused: %s", request.url.path, error)
            return JSONResponse({"error": str(error)}, status_code=403)

    return handle


async def _read(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise BadRequest(f"the body is larger than {LARGEST_BODY} bytes")
    return body


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise BadRequest("the body is not a JSON object")
    return parsed


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} is missing")
    return value


class Endpoint:
    """The endpoint in a thread of its own."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        service = settings.service
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(database, settings, clock),
                host=service.host,
                port=service.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                ssl_certfile=service.tls_certificate,
                ssl_keyfile=service.tls_key,
                timeout_graceful_shutdown=5,
            )
        )
        self._address = f"{service.host}:{service.port}"
        self._thread = threading.Thread(target=self._serve, name="endpoint", daemon=True)
        self._ended = threading.Event()

    def _serve(self) -> None:
        try:
            self._server.run()
        except SystemExit:
            # uvicorn exits when it cannot bind; start() tells the operator.
            log.debug("the endpoint could not start")
        finally:
            self._ended.set()

    def start(self) -> None:
        """Listen; raises RolloutError when the address cannot be had."""
        self._thread.start()
        while not self._server.started:
            if self._ended.wait(0.02):
                raise RolloutError(
                    _(
                        "cannot listen on {address}: another program has the port; "
                        "stop it, or set [service] port"
                    ).format(address=self._address)
                )

    def stop(self) -> None:
        """Answer what was asked and end."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
