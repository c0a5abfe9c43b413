"""`python -m rollout.lab.graph FOLDER`: serves the tenant of that folder until SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from rollout.lab.graph import seed
from rollout.lab.graph.server import RequestLog, make_app
from rollout.lab.graph.tokens import Application, TokenOffice
from rollout.lab.graph.world import TenantFiles
from rollout.lab.windows.state import write_atomically


def main() -> None:
    """Bind first, then say where: nobody waits for a port that somebody else took."""
    files = TenantFiles(Path(sys.argv[1]))
    # asyncio sends small answers at once only on a socket that says it is TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", files.port()))
        asyncio.run(_serve(files, listener))


async def _serve(files: TenantFiles, listener: socket.socket) -> None:
    tenant = seed.plant(json.loads(files.scenario.read_text(encoding="utf-8")))
    origin = f"https://localhost:{listener.getsockname()[1]}"
    registered = json.loads(files.application.read_text(encoding="utf-8"))
    office = TokenOffice(tenant.id, f"{origin}/{tenant.id}", tenant.clock)
    office.applications[registered["client_id"]] = Application(
        client_id=registered["client_id"],
        roles=frozenset(registered["roles"]),
        secret_sha256=registered["secret_sha256"],
        certificate=files.client_certificate.read_bytes(),
    )
    app = make_app(tenant, office, f"{origin}/v1.0", RequestLog(files.requests))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            date_header=False,  # the tenant's clock writes it
            ssl_certfile=str(files.server_certificate),
            ssl_keyfile=str(files.server_key),
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    write_atomically(
        files.ready,
        json.dumps(
            {"tenant_id": tenant.id, "origin": origin, "client_id": registered["client_id"]}
        ),
    )
    await serving


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
