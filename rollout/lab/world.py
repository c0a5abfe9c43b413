"""Bringing a lab up and down, and looking at it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rollout.i18n import _
from rollout.lab import processes
from rollout.lab.ansible_access import write_access_files
from rollout.lab.errors import LabError
from rollout.lab.pcs import LabPc, create
from rollout.lab.supervisor.servers import LIBRARY, make_key, public_key
from rollout.lab.windows import registry
from rollout.lab.windows.state import PcFolder
from rollout.lab.wipes import of_pc
from rollout.lab.world_files import WorldFiles, WorldSettings

Mode = Literal["asyncssh", "sshd"]
#: Below the range from which the kernel takes ports for outgoing connections, so that a port is
#: still free when its PC comes back from a reboot.
_FIRST_PORT, _LAST_PORT = 20000, 32000
#: What the supervisor sees of the environment: it outlives whoever started it, secrets must not.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "ROLLOUT_SSHD")
#: Seconds that a supervisor gets to start (per PC a little more) and to stop.
_START, _START_PER_PC, _STOP = 20.0, 0.2, 10.0


@dataclass(frozen=True)
class PcStatus:
    """One PC as it stands. `powered`: on and on the network."""

    name: str
    asset_tag: str
    port: int
    image_id: str
    boot_id: str
    host_key: str
    powered: bool
    faults: dict[str, Any]
    wipes: int


@dataclass(frozen=True)
class LabStatus:
    """The lab as it stands. `pid` is None while it is down."""

    folder: Path
    running: bool
    pid: int | None
    mode: str
    service_url: str
    pcs: tuple[PcStatus, ...]


def up(
    folder: Path,
    machines: Sequence[LabPc],
    *,
    service_url: str,
    mode: Mode = "asyncssh",
    boot_seconds: float = 0.3,
) -> LabStatus:
    """Make the PCs that are not there yet and start the supervisor; returns when all answer.

    Known PCs keep their state. Without `machines` the PCs of the last time come back.
    Raises LabError when the lab already runs or cannot start.
    """
    files = WorldFiles(folder)
    _check_programs(mode)
    files.pcs.mkdir(parents=True, exist_ok=True)
    files.requests.mkdir(exist_ok=True)
    files.folder.chmod(0o700)
    if _supervisor(files) is not None:
        raise LabError(
            _("the lab in {folder} already runs; `rollout lab down` stops it").format(folder=folder)
        )
    processes.kill(processes.stragglers(files.folder))
    for machine in machines:
        create(files.pcs, machine)
    known = files.settings().ports if files.settings_file.exists() else {}
    names = [machine.computer_name for machine in machines] or list(known)
    if not names:
        raise LabError(_("a lab needs at least one machine"))
    make_key(files.client_key)
    settings = WorldSettings(mode, service_url, boot_seconds, _ports(files, names, known))
    files.write_settings(settings)
    write_access_files(files, settings)
    _start(files, len(names))
    return status(folder)


def down(folder: Path) -> None:
    """Stop the supervisor and everything that runs on its PCs; fine when nothing runs."""
    files = WorldFiles(folder)
    pid = _supervisor(files)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not _within(_STOP, lambda: _supervisor(files) is None):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _within(_STOP, lambda: _supervisor(files) is None)
    processes.kill(processes.stragglers(files.folder))
    files.ready_file.unlink(missing_ok=True)


def status(folder: Path) -> LabStatus:
    """The lab and its PCs. Raises LabError where there never was a lab."""
    files = WorldFiles(folder)
    try:
        settings = files.settings()
    except FileNotFoundError:
        raise LabError(
            _("there is no lab in {folder}; `rollout lab up` makes one").format(folder=folder)
        ) from None
    pid = _supervisor(files)
    pcs = tuple(
        _pc_status(PcFolder(files.pcs / name), port, pid is not None)
        for name, port in settings.ports.items()
    )
    return LabStatus(files.folder, pid is not None, pid, settings.mode, settings.service_url, pcs)


def _pc_status(pc: PcFolder, port: int, running: bool) -> PcStatus:
    state, faults = pc.read(), pc.faults()
    stamped = registry.value(state, registry.ROLLOUT, "StampEpoch", 0)
    silent = bool(stamped and faults.get("silent_after_reimage"))
    return PcStatus(
        name=pc.name,
        asset_tag=state["asset_tag"],
        port=port,
        image_id=registry.value(state, registry.ROLLOUT, "ImageId", ""),
        boot_id=state["boot_id"],
        host_key=public_key(pc.host_key),
        powered=running and state["power"] == "on" and not silent,
        faults=faults,
        wipes=len(of_pc(pc)),
    )


def _check_programs(mode: Mode) -> None:
    from rollout.lab.supervisor.openssh_server import find_sshd

    if mode == "sshd" and find_sshd() is None:
        raise LabError(
            _(
                "lab mode sshd needs OpenSSH's server, which is not installed: "
                "apt-get install openssh-server, or leave --sshd away"
            )
        )
    if mode == "asyncssh":
        from importlib.util import find_spec

        if find_spec("asyncssh") is None:
            raise LabError(_("the lab needs asyncssh: pip install 'rollout[lab]'"))


def _supervisor(files: WorldFiles) -> int | None:
    """The pid of the process that holds the lab's lock; a stale pid file holds no lock."""
    try:
        with files.lock_file.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read().strip()
                return int(text) if text.isdigit() else None
    except FileNotFoundError:
        pass
    return None


def _ports(files: WorldFiles, names: list[str], known: dict[str, int]) -> dict[str, int]:
    """A port per PC: the one it had when it is free, else the next free one of the lab's range."""
    span = _LAST_PORT - _FIRST_PORT
    # Labs in other folders begin elsewhere, so that they rarely try the same ports.
    offset = int(hashlib.sha256(str(files.folder).encode()).hexdigest(), 16) % span
    ports: dict[str, int] = {}
    for name in names:
        if name in known and known[name] not in ports.values() and _free(known[name]):
            ports[name] = known[name]
            continue
        for _attempt in range(span):
            port = _FIRST_PORT + offset
            offset = (offset + 1) % span
            if port not in known.values() and _free(port):
                ports[name] = port
                break
        else:
            raise LabError(
                _("no free port between {first} and {last}").format(
                    first=_FIRST_PORT, last=_LAST_PORT
                )
            )
    return ports


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _start(files: WorldFiles, machines: int) -> None:
    files.ready_file.unlink(missing_ok=True)
    before = files.log_file.stat().st_size if files.log_file.exists() else 0
    with files.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rollout.lab.supervisor", str(files.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=files.folder,
            env={
                **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                "PYTHONPATH": str(LIBRARY),
            },
        )
    limit = _START + _START_PER_PC * machines
    _within(limit, lambda: files.ready_file.exists() or process.poll() is not None)
    if not files.ready_file.exists():
        if process.poll() is None:
            process.kill()
        process.wait()
        with files.log_file.open("rb") as log:
            log.seek(before)
            said = log.read().decode("utf-8", "replace").strip().splitlines()
        raise LabError(
            _("the lab did not start: {reason} ({log})").format(
                reason=said[-1] if said else _("no answer"), log=files.log_file
            )
        )
    # The supervisor outlives this process on purpose; do not warn about it.
    process.returncode = 0


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
