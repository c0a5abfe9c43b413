"""The HTTP endpoint that PCs talk to: arm, boot, images, check-in, health."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rollout import __version__
from rollout.adapters import deployment_folder
from rollout.application import arrival
from rollout.application.arrival_words import Arming, ArrivalRefused, Booting, BootOrder, Report
from rollout.application.ports import Clock
from rollout.application.together import Together
from rollout.domain.errors import RolloutError
from rollout.domain.words import msgid
from rollout.service.deployment import deployment_routes, image_of
from rollout.service.listener import Listener
from rollout.service.monitoring import Monitor, monitoring_routes
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)

LARGEST_BODY = 16_384
"""Bytes; a report is a few hundred."""

_Answer = Callable[[Mapping[str, Any]], dict[str, Any]]
_Refusal = ArrivalRefused | None


class BadRequest(RolloutError):
    """The body is not what this address takes."""


def application(
    database: Database, settings: Settings, clock: Clock, monitor: Monitor | None = None
) -> Starlette:
    """The ASGI application; what PCs ask is answered in threads, after it was committed.

    With a `monitor` it answers monitoring as well, and counts the reports that it does not believe.
    Raises DeploymentError when the configured deployment folder cannot be used.
    """
    folder = settings.deployment.folder
    deployment = deployment_folder.read(folder) if folder is not None else None

    def offers(generation: str) -> bool:
        return deployment is None or settings.generation(generation).image in deployment.images

    # A morning's PCs boot and report at the same time.
    arming = Together[Arming, _Refusal](
        lambda asked: arrival.arm_together(database, asked, at=clock.now(), offers=offers)
    )
    booting = Together[Booting, BootOrder](
        lambda asked: arrival.boot_together(database, settings, asked, at=clock.now())
    )
    checking_in = Together[Report, _Refusal](
        lambda reports: arrival.check_in_together(database, settings, reports, at=clock.now())
    )

    def arm(body: Mapping[str, Any]) -> dict[str, Any]:
        words = Arming(_text(body, "token"), _text(body, "serial"), _text(body, "boot_id"))
        _believed(arming(words))
        return {"armed": True}

    def boot(body: Mapping[str, Any]) -> dict[str, Any]:
        mac = body.get("mac")
        order = booting(Booting(_text(body, "serial"), mac if isinstance(mac, str) else None))
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
        _believed(checking_in(body))
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
            Route("/v1/arm", _post(arm, monitor), methods=["POST"]),
            Route("/v1/boot", _post(boot, monitor), methods=["POST"]),
            Route("/v1/check-in", _post(check_in, monitor), methods=["POST"]),
            Route("/v1/health", health),
            *(deployment_routes(database, deployment, clock) if deployment else ()),
            *(monitoring_routes(monitor) if monitor else ()),
            Route("/v1/deploy-failed", _post(deploy_failed, monitor), methods=["POST"]),
            Route("/v1/erased", _post(erased, monitor), methods=["POST"]),
        ]
    )


def _believed(refusal: _Refusal) -> None:
    if refusal is not None:
        raise refusal


def _post(answer: _Answer, monitor: Monitor | None) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def handle(request: Request) -> JSONResponse:
        try:
            body = _parsed(await _read(request))
            return JSONResponse(await run_in_threadpool(answer, body))
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except RolloutError as error:
            path = request.url.path
            log.warning(msgid("%s refused: %s"), path, error, extra={"path": path})
            if monitor is not None:
                monitor.pulse.refused(path)
            return JSONResponse({"error": str(error)}, status_code=403)
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            # A PC asks again after it; nothing was noted.
            log.error(msgid("%s not answered: %s"), request.url.path, why)  # noqa: TRY400
            return JSONResponse({"error": why}, status_code=503, headers={"Retry-After": "10"})

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
        kept = _can_be_kept(parsed)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON, or is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise BadRequest("the body is not a JSON object")
    if not kept:
        raise BadRequest("the JSON has a NUL or half a character in it, which no database keeps")
    return parsed


def _can_be_kept(parsed: object) -> bool:
    """Whether every text in it is one: JSON can write a NUL and half of a pair."""
    text = json.dumps(parsed, ensure_ascii=False)
    return "\\u0000" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name} is missing")
    return value


class Endpoint(Listener):
    """What PCs reach; with a `monitor`, monitoring too."""

    def __init__(
        self, database: Database, settings: Settings, clock: Clock, monitor: Monitor | None = None
    ) -> None:
        service = settings.service
        super().__init__(
            application(database, settings, clock, monitor),
            service.host,
            service.port,
            setting="[service] port",
            tls_certificate=service.tls_certificate,
            tls_key=service.tls_key,
        )
