"""An HTTP server in a thread of its own."""

import logging
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from rollout.domain.errors import RolloutError
from rollout.i18n import _

log = logging.getLogger(__name__)


class AddressTaken(RolloutError):
    """Another program listens there."""


class Listener:
    """Serves one application on one address; `setting` is what says which port."""

    def __init__(
        self,
        application: Starlette,
        host: str,
        port: int,
        *,
        setting: str,
        tls_certificate: Path | None = None,
        tls_key: Path | None = None,
    ) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                ssl_certfile=tls_certificate,
                ssl_keyfile=tls_key,
                timeout_graceful_shutdown=5,
            )
        )
        self._setting = setting
        self._address = f"{host}:{port}"
        self._thread = threading.Thread(target=self._serve, name=setting, daemon=True)
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        """The port in use; the system chose it when 0 was asked for."""
        number: int = self._server.servers[0].sockets[0].getsockname()[1]
        return number

    def _serve(self) -> None:
        try:
            self._server.run()
        except SystemExit:
            # uvicorn exits when it cannot bind; start() tells the operator.
            log.debug("%s could not be had", self._address)
        finally:
            self._ended.set()

    def start(self) -> None:
        """Listen; raises AddressTaken when the address cannot be had."""
        self._thread.start()
        while not self._server.started:
            if self._ended.wait(0.02):
                raise AddressTaken(
                    _(
                        "cannot listen on {address}: another program has the port; "
                        "stop it, or set {setting}"
                    ).format(address=self._address, setting=self._setting)
                )

    def stop(self) -> None:
        """Answer what was asked and end."""
        if self._thread.ident is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout=10)
