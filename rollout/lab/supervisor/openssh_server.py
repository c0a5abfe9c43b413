"""SSH by one OpenSSH sshd per PC, run by an ordinary user."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from rollout.lab.processes import descendants
from rollout.lab.supervisor.servers import environment, make_key
from rollout.lab.windows import background
from rollout.lab.windows.state import PcFolder

_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"


def find_sshd() -> str | None:
    """The sshd program, also where an ordinary user's PATH does not look."""
    return (
        os.environ.get("ROLLOUT_SSHD") or shutil.which("sshd") or shutil.which("sshd", path=_PLACES)
    )


class OpenSshServer:
    """One PC's sshd; it must be started by its full path, which it uses to start itself again."""

    def __init__(self, pc: PcFolder, port: int, authorised_key: Path, sshd: str) -> None:
        self._pc = pc
        self._port = port
        self._authorised = authorised_key.with_name(f"{authorised_key.name}.pub")
        self._sshd = sshd
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Start sshd and wait until it accepts connections."""
        make_key(self._pc.host_key)
        if os.geteuid() == 0:
            # Debian's start script makes it; sshd refuses to start for root without it.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self._pc.path / "sshd_config"
        config.write_text(self._config(), encoding="utf-8")
        with (self._pc.path / "sshd.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._sshd,
                "-D",
                "-e",
                "-f",
                str(config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self._pc),
                start_new_session=True,
            )
        await self._accepting()

    async def cut(self) -> None:
        """Kill sshd with its sessions and the commands in them."""
        if self._process is None:
            return
        # Sessions lead their own process groups, so the tree is collected before its root dies.
        # What the PC does as SYSTEM is of no session, whoever started it.
        own = {pid for work in background.at_work(self._pc) for pid in (work, *descendants(work))}
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            if pid in own:
                continue
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()
        self._process = None

    async def _accepting(self) -> None:
        process = self._process
        if process is None:
            raise RuntimeError("sshd is awaited before it is started")
        async with asyncio.timeout(10):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
        raise RuntimeError(f"sshd of {self._pc.name} ended: see {self._pc.path / 'sshd.log'}")

    def _config(self) -> str:
        settings = environment(self._pc)
        variables = " ".join(f'"{name}={value}"' for name, value in settings.items())
        return "\n".join(
            [
                f"Port {self._port}",
                "ListenAddress 127.0.0.1",
                f'HostKey "{self._pc.host_key}"',
                f'PidFile "{self._pc.path / "sshd.pid"}"',
                f'AuthorizedKeysFile "{self._authorised}"',
                "StrictModes no",
                "UsePAM no",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "PermitRootLogin prohibit-password",
                "MaxStartups 100",
                "LogLevel ERROR",
                f"SetEnv {variables}",
                "",
            ]
        )
