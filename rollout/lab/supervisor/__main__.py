"""`python -m rollout.lab.supervisor FOLDER`: holds the lab of that folder until SIGTERM."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from rollout.lab import processes
from rollout.lab.supervisor.machine import Machine
from rollout.lab.supervisor.servers import SshServer
from rollout.lab.windows.state import PcFolder, write_atomically
from rollout.lab.world_files import WorldFiles

#: Seconds between two looks into the PCs' mailbox: one directory listing for all PCs.
_LOOK = 0.05


def main() -> None:
    """Hold the lab's lock for life; a second supervisor on the same folder leaves at once."""
    files = WorldFiles(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    with files.lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("another supervisor holds this lab")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        status = 0
        try:
            asyncio.run(_run(files))
        except Exception:
            logging.getLogger("rollout.lab").exception("the lab ends with an error")
            status = 1
        # Installations are finished here; a question to a service that hangs is not waited for.
        logging.shutdown()
        os._exit(status)


async def _run(files: WorldFiles) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = files.settings()
    threads = ThreadPoolExecutor(16)
    machines = {
        name: Machine(
            PcFolder(files.pcs / name),
            _server(files, settings.mode, name, port),
            service_url=settings.service_url,
            boot_seconds=settings.boot_seconds,
            threads=threads,
        )
        for name, port in settings.ports.items()
    }
    tasks = {asyncio.create_task(m.supervise(), name=n) for n, m in machines.items()}
    post_box = asyncio.create_task(_read_mail(files.requests, machines))
    ready = asyncio.create_task(_announce(files, machines))
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, post_box, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (ready, post_box, stopped, *tasks):
        task.cancel()
    await asyncio.gather(ready, post_box, stopped, *tasks, return_exceptions=True)
    threads.shutdown(wait=False, cancel_futures=True)
    for task in done:
        task.result()  # a machine never ends by itself: let its error reach the log


def _server(files: WorldFiles, mode: str, name: str, port: int) -> SshServer:
    pc = PcFolder(files.pcs / name)
    if mode == "sshd":
        from rollout.lab.supervisor.openssh_server import OpenSshServer, find_sshd

        sshd = find_sshd()
        if sshd is None:
            raise FileNotFoundError("sshd is not installed")
        return OpenSshServer(pc, port, files.client_key, sshd)
    from rollout.lab.supervisor.asyncssh_server import AsyncSshServer

    return AsyncSshServer(pc, port, files.client_key)


async def _announce(files: WorldFiles, machines: dict[str, Machine]) -> None:
    """Say that the lab is ready once every PC that should answer does."""
    await asyncio.gather(*(machine.started.wait() for machine in machines.values()))
    write_atomically(files.ready_file, str(os.getpid()))


async def _read_mail(requests: Path, machines: dict[str, Machine]) -> None:
    while True:
        for name in os.listdir(requests):  # noqa: PTH208 - one system call for all PCs
            letter = requests / name
            computer, _, kind = name.rpartition(".")
            machine = machines.get(computer)
            if kind == "new":
                continue  # being written
            if machine is not None and kind == "reboot":
                with suppress(FileNotFoundError):  # the PC has just taken it
                    order = json.loads(letter.read_text(encoding="utf-8"))
                    if not processes.alive(order["process"]):
                        machine.reboot(order["delay"])
                continue
            if machine is not None and kind == "cut":
                await machine.cut_sessions()
            if machine is not None and kind == "pin":
                machine.pin_typed()
            letter.unlink(missing_ok=True)
            if machine is not None and kind == "faults":
                machine.faults_changed()
        await asyncio.sleep(_LOOK)


if __name__ == "__main__":
    main()
