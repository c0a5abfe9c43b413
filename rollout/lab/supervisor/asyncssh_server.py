"""SSH for all PCs in one process: a listener per PC, a real subprocess per command."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh

from rollout.lab.supervisor.servers import environment, make_key
from rollout.lab.windows.state import PcFolder

_CHUNK = 65536


class AsyncSshServer:
    """One PC's listener, its connections and the commands that run in them."""

    def __init__(self, pc: PcFolder, port: int, authorised_key: Path) -> None:
        self._pc = pc
        self._port = port
        self._authorised = str(authorised_key.with_name(f"{authorised_key.name}.pub"))
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._running: set[asyncio.subprocess.Process] = set()

    async def open(self) -> None:
        """Listen with the PC's present host key."""
        make_key(self._pc.host_key)
        self._listener = await asyncssh.listen(
            "127.0.0.1",
            self._port,
            server_factory=partial(_Connection, self._connections),
            server_host_keys=[str(self._pc.host_key)],
            authorized_client_keys=self._authorised,
            process_factory=self._serve,
            encoding=None,
            allow_scp=False,
            agent_forwarding=False,
            compression_algs=None,
            keepalive_interval=30,
            reuse_address=True,
            login_timeout=30,
        )

    async def cut(self) -> None:
        """Close the port and cut every connection with what runs in it."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None
        for connection in list(self._connections):
            connection.abort()
        for process in list(self._running):
            _kill(process)

    async def _serve(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        if channel.command is None:
            channel.stderr.write(b"a lab PC has no interactive shell; give a command\n")
            channel.exit(1)
            return
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            channel.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(self._pc),
            cwd=self._pc.path / "home",
            start_new_session=True,
        )
        self._running.add(process)
        closed = asyncio.create_task(channel.wait_closed())
        work = asyncio.create_task(_pump_all(channel, process))
        try:
            await asyncio.wait({closed, work}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                _exit(channel, work.result())
        finally:
            _kill(process)
            self._running.discard(process)
            for task in (closed, work):
                task.cancel()
                with suppress(asyncio.CancelledError, ConnectionError, asyncssh.Error):
                    await task


class _Connection(asyncssh.SSHServer):
    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)


async def _pump_all(channel: Any, process: asyncio.subprocess.Process) -> int:
    stdin = asyncio.create_task(_pump_in(channel.stdin, process.stdin))
    try:
        await asyncio.gather(
            _pump_out(process.stdout, channel.stdout), _pump_out(process.stderr, channel.stderr)
        )
        return await process.wait()
    finally:
        stdin.cancel()
        with suppress(asyncio.CancelledError):
            await stdin


async def _pump_in(source: Any, target: Any) -> None:
    # The command may end without reading its input, and the client may vanish: both are normal.
    with suppress(ConnectionError, asyncssh.Error):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    target.close()


async def _pump_out(source: Any, target: Any) -> None:
    with suppress(ConnectionError, asyncssh.Error):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()


def _exit(channel: Any, status: int) -> None:
    with suppress(ConnectionError, asyncssh.Error):
        if status < 0:
            channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            channel.exit(status)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
