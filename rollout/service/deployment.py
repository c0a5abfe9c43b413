"""What the endpoint hands to PCs that boot from the network: script, installer, image."""

from collections.abc import Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from rollout.application import arrival
from rollout.application.deployment import Deployment, ServedFile, boot_script
from rollout.application.ports import Clock
from rollout.store.database import Database

PIECE = 256 * 1024
"""Bytes of a served file that are held in memory at once."""


def image_of(deployment: Deployment | None, image_id: str) -> dict[str, Any]:
    """Where the ordered image is and what it has to be; nothing when another server has it."""
    served = deployment.images.get(image_id) if deployment else None
    if served is None:
        return {}
    return {
        "image_path": f"/v1/deployment/images/{image_id}",
        "image_sha256": served.sha256,
        "image_size": served.size,
    }


def deployment_routes(
    database: Database, deployment: Deployment, clock: Clock
) -> tuple[Route, ...]:
    """What a PC without a system asks for: the script of its firmware, the installer, the image."""

    async def script(request: Request) -> Response:
        install = await run_in_threadpool(
            arrival.awaits_install,
            database,
            mac=request.query_params.get("mac"),
            serial=request.query_params.get("serial"),
            at=clock.now(),
        )
        # As the PC reached us: it may know us by another address than our own configuration.
        url = str(request.base_url).rstrip("/")
        return PlainTextResponse(boot_script(deployment, install=install, service_url=url))

    async def kernel(_request: Request) -> Response:
        return _file(deployment.kernel)

    async def initrd(_request: Request) -> Response:
        return _file(deployment.initrd)

    async def image(request: Request) -> Response:
        served = deployment.images.get(request.path_params["image_id"])
        if served is None:
            return JSONResponse({"error": "no such image"}, status_code=404)
        return _file(served)

    return (
        Route("/v1/boot.ipxe", script),
        Route("/v1/deployment/kernel", kernel),
        Route("/v1/deployment/initrd", initrd),
        Route("/v1/deployment/images/{image_id}", image),
    )


def _file(served: ServedFile) -> Response:
    """The whole file as a stream: an installer that was cut off begins anew."""

    def pieces() -> Iterator[bytes]:
        with served.path.open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece

    headers = {"Content-Length": str(served.size), "ETag": f'"{served.sha256}"'}
    return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)
