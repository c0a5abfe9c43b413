"""The life of one PC: power, boot, network boot, installation, first boot, check-in."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rollout.lab.supervisor.deployment import Unreachable, post
from rollout.lab.supervisor.servers import SshServer, make_key, public_key
from rollout.lab.windows import background, directory, image, registry
from rollout.lab.windows.state import PcFolder, State, write_atomically

log = logging.getLogger("rollout.lab")

#: A firmware asks the deployment server this often, then starts from the disk.
BOOT_ATTEMPTS = 3
#: Seconds between two tries of a check-in: short at first, since a rollout waits for it.
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 5.0
#: Seconds after which a first boot stops reporting (it starts again with the next boot).
CHECK_IN_PATIENCE = 24 * 3600.0


class Machine:
    """One running PC. Its methods are called from one task at a time (`supervise`)."""

    def __init__(
        self,
        pc: PcFolder,
        server: SshServer,
        *,
        service_url: str,
        boot_seconds: float,
        threads: Executor,
    ) -> None:
        self.pc = pc
        self._server = server
        self._service_url = service_url
        self._boot_seconds = boot_seconds
        self._threads = threads
        self._check_in: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._reboot_at: float | None = None
        self._on_network = False
        self._pin_typed = False
        self.started = asyncio.Event()

    def reboot(self, delay: float) -> None:
        """A session on the PC ordered a restart. Its letter stays until the PC has gone down."""
        if self._reboot_at is None:
            self._reboot_at = asyncio.get_running_loop().time() + delay
            self._changed.set()

    def faults_changed(self) -> None:
        """Look at the faults again: the power may be on or off now."""
        self._changed.set()

    def pin_typed(self) -> None:
        """The user has typed the disk's PIN at the start."""
        self._pin_typed = True
        self._changed.set()

    async def cut_sessions(self) -> None:
        """Break every connection; the PC and its work go on, and it can be reached again."""
        if self._on_network:
            await self._server.cut()
            await self._server.open()

    async def supervise(self) -> None:
        """Run the PC until the task is cancelled, beginning with the state that is on disk."""
        try:
            if self._may_run() and self.pc.read()["power"] in ("booting", "installing"):
                await self._boot()
            while True:
                await self._settle()
                self.started.set()
                await self._wait()
                if self._reboot_due():
                    await self._shut_down()
                    if self._may_run():
                        await self._boot()
        finally:
            await self._shut_down(keep_power=True)

    async def _wait(self) -> None:
        delay = None
        if self._reboot_at is not None:
            delay = max(0.0, self._reboot_at - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def _reboot_due(self) -> bool:
        return self._reboot_at is not None and self._reboot_at <= asyncio.get_running_loop().time()

    def _may_run(self) -> bool:
        return not self.pc.faults().get("powered_off")

    def _silent(self, state: State) -> bool:
        stamped = registry.value(state, registry.ROLLOUT, "StampEpoch", 0)
        return bool(stamped and self.pc.faults().get("silent_after_reimage"))

    async def _settle(self) -> None:
        """Bring port and power to what faults and state ask for."""
        power = self.pc.read()["power"]
        if power == "erased":
            return
        if not self._may_run():
            if power != "off":
                await self._shut_down()
                self._set_power("off")
            return
        if power == "off":
            await self._boot()
            return
        if power == "pin":
            if not self._pin_typed:
                return
            self._start_local()
            self._set_power("on")
        self._pin_typed = False
        await self._go_on_the_network()

    async def _boot(self) -> None:
        if self.pc.read().get("erase"):
            await asyncio.to_thread(image.erase, self.pc)
            return
        self._set_power("booting")
        # Not a wait for something: this is how long the PC takes.
        await asyncio.sleep(self._boot_seconds)
        if not self.pc.install_file.exists() and self._take_network_boot():
            await self._ask_for_boot()
        if self.pc.install_file.exists():
            await asyncio.to_thread(self._install)
        elif directory.asks_for_pin(self.pc.read()):
            self._set_power("pin")
            self.pc.log("waits-for-pin")
            return
        else:
            self._start_local()
        self._set_power("on")
        await self._go_on_the_network()

    def _take_network_boot(self) -> bool:
        """A one-time boot order is used up by looking at it, as UEFI's BootNext is."""
        with self.pc.change() as state:
            ordered: bool = state["firmware"]["boot_once"] == "network"
            state["firmware"]["boot_once"] = None
        return ordered

    async def _ask_for_boot(self) -> None:
        state = self.pc.read()
        body = {
            "mac": state["mac"],
            "serial": self.pc.bios_serial(state),
            "boot_id": state["boot_id"],
        }
        for _attempt in range(BOOT_ATTEMPTS):
            try:
                status, answer = await self._in_thread(
                    partial(post, self._service_url, "/v1/boot", body)
                )
            except Unreachable as error:
                log.info("%s: no boot decision: %s", self.pc.name, error)
                await asyncio.sleep(0.5)
                continue
            self.pc.log("boot-decision", status=status, action=answer.get("action"))
            if status == 200 and answer.get("action") == "install":
                order = {"id": uuid.uuid4().hex, **answer}
                write_atomically(self.pc.install_file, json.dumps(order))
            return

    def _install(self) -> None:
        order = json.loads(self.pc.install_file.read_text(encoding="utf-8"))
        self._set_power("installing")
        state = image.install(self.pc, order)
        make_key(self.pc.host_key)
        self.pc.install_file.unlink()
        self.pc.log("installed", image=order["image_id"], boot_id=state["boot_id"])

    def _start_local(self) -> None:
        with self.pc.change() as state:
            state["boot_count"] += 1
            state["boot_id"] = image.new_boot_id(state["installed"], state["boot_count"])
            state["last_boot"] = datetime.now(UTC).isoformat()
            state["pending_reboot"] = False
        self.pc.log("booted", boot_id=state["boot_id"])

    async def _go_on_the_network(self) -> None:
        if self._silent(self.pc.read()):
            await self._shut_down(keep_power=True)
            return
        if not self._on_network:
            await self._server.open()
            self._on_network = True
        if self._check_in is None and self._pending_check_in() is not None:
            self._check_in = asyncio.create_task(self._report())

    async def _shut_down(self, *, keep_power: bool = False) -> None:
        # First the word, then the deed: nobody may see a closed port on a PC that is said to be on.
        if not keep_power:
            self._set_power("booting")
        if self._check_in is not None:
            self._check_in.cancel()
            await asyncio.gather(self._check_in, return_exceptions=True)
            self._check_in = None
        if self._on_network:
            await self._server.cut()
            self._on_network = False
        if not keep_power:
            background.end_all(self.pc)
            # Only now: a supervisor that is killed before finds the letter and the PC restarts.
            (self.pc.requests / f"{self.pc.name}.reboot").unlink(missing_ok=True)
            self._reboot_at = None

    def _set_power(self, power: str) -> None:
        with self.pc.change() as state:
            state["power"] = power

    def _pending_check_in(self) -> dict[str, Any] | None:
        try:
            ticket: dict[str, Any] = json.loads(self.pc.check_in_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return None if ticket["accepted"] else ticket

    async def _report(self) -> None:
        """What the image's first-boot script does: report until somebody takes the report."""
        ticket = self._pending_check_in()
        if ticket is None:
            return
        if not ticket["token"] and not await self._fetch_order(ticket):
            return
        state = self.pc.read()
        body = {
            "token": ticket["token"],
            "serial": self.pc.bios_serial(state),
            "image_id": registry.value(state, registry.ROLLOUT, "ImageId"),
            "boot_id": state["boot_id"],
            "host_key": public_key(self.pc.host_key),
            "versions": {"os": "Windows 11 lab", "agent": "1"},
        }
        status, answer = await self._until_answered("/v1/check-in", body)
        accepted = status == 200
        self.pc.log("check-in", status=status, accepted=accepted, error=answer.get("error"))
        # A refusal is an answer too: a stale token does not become good by repeating it.
        write_atomically(
            self.pc.check_in_file,
            json.dumps({"token": ticket["token"], "accepted": True, "status": status}),
        )

    async def _fetch_order(self, ticket: dict[str, Any]) -> bool:
        """A PC wiped from afar carries no order; its first boot asks for it, once."""
        state = self.pc.read()
        body = {
            "mac": state["mac"],
            "serial": self.pc.bios_serial(state),
            "boot_id": state["boot_id"],
        }
        _status, answer = await self._until_answered("/v1/boot", body)
        if answer.get("action") != "install":
            self.pc.log("no-order")
            return False
        with self.pc.change() as state:
            registry.write(state, registry.ROLLOUT, "ImageId", answer["image_id"])
            for name in ("Epoch", "StampEpoch"):
                registry.write(state, registry.ROLLOUT, name, int(answer["epoch"]), "qword")
        ticket["token"] = answer["check_in_token"]
        write_atomically(self.pc.check_in_file, json.dumps(ticket))
        return True

    async def _until_answered(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        pause = FIRST_PAUSE
        async with asyncio.timeout(CHECK_IN_PATIENCE):
            while True:
                try:
                    answer: tuple[int, dict[str, Any]] = await self._in_thread(
                        partial(post, self._service_url, path, body)
                    )
                    return answer
                except Unreachable as error:
                    log.info("%s: %s later: %s", self.pc.name, path, error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, LONGEST_PAUSE)

    async def _in_thread(self, work: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
