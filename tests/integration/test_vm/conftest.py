"""A programme whose machines are virtual PCs under QEMU.

Opt-in: `ROLLOUT_TEST_VM=1` runs the short form, `ROLLOUT_TEST_VM=full` (`make lab-vm`) all of it.
"""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest

from rollout.adapters.ansible.local import LocalEngine
from rollout.application import machines, waves
from rollout.application.retirement import decisions
from rollout.bootstrap import Application
from rollout.domain.machine import PASSAGE, MachineVerb, Step
from rollout.domain.wave import WaveVerb
from rollout.lab.ansible_access import COLLECTIONS
from rollout.lab.errors import LabError
from rollout.lab.pcs import LabPc
from rollout.lab.vm import images, programs
from rollout.lab.vm.images import Built
from rollout.lab.vm.machine import VirtualPc
from rollout.lab.vm.world import SHARE, VirtualWorld
from rollout.service.daemon import Daemon
from rollout.service.endpoint import Endpoint
from rollout.settings import load
from rollout.store import history, transitions
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Site, Wave

WANTED = os.environ.get("ROLLOUT_TEST_VM", "")
DAY = date(2022, 11, 1)
IMAGE, DAMAGED = "win11-23h2-r1", "win11-23h2-r2"
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[generations.DK20]
image = "{image}"
[generations.DK21]
image = "{damaged}"
[limits]
gather_seconds = 60
[steps.reimage]
minutes = {minutes}
[service]
port = {port}
[deployment]
folder = "deployment"
[ansible]
group_vars = "vm/group_vars"
artifacts = "runs"
collections = ["{collections}"]
copy_root = "{share}"
forks = 2
"""


class JumpingClock:
    """The computer's clock, and as much ahead of it as a test has put it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class VirtualRollout:
    """One wave over virtual PCs: database, daemon, endpoint, Ansible, all the product's own."""

    def __init__(self, root: Path, built: Built, minutes: float) -> None:
        self.root, self._built = root, built
        self.port = free_port()
        text = CONFIGURATION.format(
            image=IMAGE,
            damaged=DAMAGED,
            minutes=minutes,
            port=self.port,
            collections=COLLECTIONS,
            share=SHARE,
        )
        (root / "rollout.toml").write_text(text, encoding="utf-8")
        images.write_deployment(root / "deployment", built, {IMAGE: None, DAMAGED: "0" * 64})
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ROLLOUT_CONFIG", str(root / "rollout.toml"))
            settings = load()
        self._clock = JumpingClock()
        self.app = Application(settings, Database(settings.database_url), self._clock)
        databases.set_up(self.app.database)
        self.world: VirtualWorld | None = None
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """With `pytest -s` (as `make lab-vm` does) one sees what goes on."""
        print(f"{time.monotonic() - self._began:6.0f} s  {text}", flush=True)  # noqa: T201

    def populate(self, generations: Sequence[str]) -> list[str]:
        """One running wave over as many switched-on PCs as generations are named."""
        now = self.app.clock.now()
        pcs = [
            LabPc(
                computer_name=f"PC{generation[2:]}-{number:05d}",
                asset_tag=f"{generation}-{number:06d}",
                serial=f"VM{number:05d}0",
                mac=f"02:00:00:00:00:{number:02X}",
                generation=generation,
            )
            for number, generation in enumerate(generations, 1)
        ]
        with self.app.database.write() as session:
            site = Site(key="本庁")
            wave = Wave(number=1, first_day=DAY, last_day=DAY, state_since=now)
            session.add_all([site, wave])
            session.flush()
            for pc in pcs:
                session.add(
                    Machine(
                        asset_tag=pc.asset_tag,
                        serial=pc.serial,
                        mac=pc.mac,
                        computer_name=pc.computer_name,
                        generation=pc.generation,
                        site_id=site.id,
                        wave_id=wave.id,
                        planned_day=DAY,
                        state_since=now,
                    )
                )
            session.flush()
            ids = range(1, len(pcs) + 1)
            transitions.apply(session, Machine, ids, MachineVerb.PLAN, actor="test", at=now)
            transitions.apply(session, Wave, [1], WaveVerb.PLAN, actor="test", at=now)
        for verb, who in (
            (WaveVerb.SUBMIT, "operator"),
            (WaveVerb.APPROVE, "approver"),
            (WaveVerb.START, "operator"),
        ):
            waves.move(self.app.database, 1, verb, self.app.operator(who), now)
        ports = [free_port() for _pc in pcs]
        self.world = VirtualWorld(
            self.root / "vm", pcs, self._built, service_port=self.port, ports=ports
        )
        self.world.assemble()
        return [pc.asset_tag for pc in pcs]

    def replaced(self, generation: str) -> str:
        """One switched-on PC that was replaced and whose erasure is approved."""
        now, database, settings = self.app.clock.now(), self.app.database, self.app.settings
        pc = LabPc(
            computer_name=f"PC{generation[2:]}-00099",
            asset_tag=f"{generation}-000099",
            serial="VM000990",
            mac="02:00:00:00:00:99",
            generation=generation,
        )
        successor = f"{generation}-100099"
        with database.write() as session:
            old = Machine(
                asset_tag=pc.asset_tag,
                serial=pc.serial,
                mac=pc.mac,
                computer_name=pc.computer_name,
                generation=pc.generation,
                lease_to=date(2023, 3, 31),
                state_since=now,
            )
            new = Machine(asset_tag=successor, generation=generation, state_since=now)
            session.add_all([old, new])
            session.flush()
            verbs = [MachineVerb.PLAN]
            for step in PASSAGE[:-1]:
                assert step is not Step.ENABLE
                verbs += [MachineVerb.BEGIN, MachineVerb.FINISH]
            for verb in (*verbs, MachineVerb.HAND_OVER):
                transitions.apply(session, Machine, [new.id or 0], verb, actor="test", at=now)
        operator, approver = self.app.operator("operator"), self.app.operator("approver")
        decisions.supersede(database, pc.asset_tag, successor, operator, now, "leased anew")
        self.world = VirtualWorld(
            self.root / "vm", [pc], self._built, service_port=self.port, ports=[free_port()]
        )
        self.world.assemble()
        self.work(patience=60)
        # The role asks the computer's own calendar whether the last day is over.
        yesterday = now.date() - timedelta(days=2)
        decisions.retain(database, pc.asset_tag, yesterday, approver, now, "agreed")
        decisions.ask(database, settings, [pc.asset_tag], operator, now, "lease ends")
        decisions.approve(database, settings, [pc.asset_tag], approver, now)
        return pc.asset_tag

    def certificate(self, tag: str) -> Mapping[str, Any]:
        """Of the erasure of a PC."""
        view = machines.show(self.app.database, tag)
        assert view.replaced is not None
        assert view.replaced.certificate is not None
        return view.replaced.certificate

    def pc(self, tag: str) -> VirtualPc:
        assert self.world is not None
        return self.world.pcs[tag]

    def work(self, meanwhile: Callable[[], None] = lambda: None, *, patience: float) -> None:
        """Let the daemon work until nothing is left to do; `meanwhile` sees to the PCs.

        The PCs' processes belong to the thread that starts them: this one, not the daemon's.
        """
        engine = LocalEngine(self.app.settings.ansible, self.app.clock)
        daemon = Daemon(
            self.app.database, self.app.settings, self.app.clock, engine, until_idle=True
        )
        deadline = time.monotonic() + patience
        pause, seen = threading.Event(), self.states()
        with ThreadPoolExecutor(1) as pool:
            end = pool.submit(daemon.run)
            while not end.done():
                if time.monotonic() > deadline:
                    daemon.stop()
                    daemon.stop()
                    pytest.fail(f"the daemon did not end within {patience:g} s: {self.states()}")
                meanwhile()
                states = self.states()
                for tag, state in states.items():
                    if seen.get(tag) != state:
                        self.say(f"{tag}: {state}")
                seen = states
                pause.wait(0.1)
            end.result()

    def pass_the_deadline(self) -> None:
        """Let the time go by that a PC has for its reimage; waiting for it would take as long."""
        if self._clock.ahead == timedelta():
            self.say("the deadline passes")
            self._clock.ahead = self.app.settings.deadline(Step.REIMAGE)

    def retry(self, tag: str) -> None:
        now = self.app.clock.now()
        machines.retry(self.app.database, tag, self.app.operator("operator"), now, reason="again")

    def states(self) -> dict[str, str]:
        rows = machines.listing(self.app.database, machines.Filter())
        return {row.machine.asset_tag: row.machine.state for row in rows}

    def machine(self, tag: str) -> Machine:
        return machines.show(self.app.database, tag).joined.machine

    def claims(self, tag: str) -> list[Claim]:
        return list(machines.show(self.app.database, tag).claims)

    def reimages(self, tag: str) -> list[Claim]:
        return [claim for claim in self.claims(tag) if claim.step == "reimage"]

    def chain_holds(self) -> bool:
        with self.app.database.read() as session:
            return history.verify(session).holds

    def ssh(self, tag: str, *command: str) -> str | None:
        """What a command on the PC says; None when it cannot be asked now."""
        command_line = [
            *("ssh", "-F", str(self.root / "vm" / "ssh_config")),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            self.pc(tag).pc.computer_name,
            *command,
        ]
        try:
            asked = subprocess.run(
                command_line,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        except subprocess.TimeoutExpired:
            return None
        return asked.stdout if asked.returncode == 0 else None

    def until_up(self, tags: Sequence[str], patience: float = 1200) -> None:
        """Wait until the PCs answer over SSH."""
        deadline = time.monotonic() + patience
        pause = threading.Event()
        for tag in tags:
            while self.ssh(tag, "true") is None:
                pc = self.pc(tag)
                assert pc.running, f"{tag} has gone off: {pc.console[-500:]}"
                assert time.monotonic() < deadline, f"{tag} does not answer: {pc.console[-500:]}"
                pause.wait(0.5)
            self.say(f"{tag}: answers over SSH, {self.pc(tag).memory_mb:.0f} MB")

    def until(self, holds: Callable[[], bool], what: str, patience: float = 600) -> None:
        """Wait for something that the PCs do by themselves."""
        deadline, pause = time.monotonic() + patience, threading.Event()
        while not holds():
            assert time.monotonic() < deadline, f"not within {patience:g} s: {what}"
            pause.wait(0.5)
        self.say(what)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The endpoint alone, for PCs that start while no daemon works."""
        endpoint = Endpoint(self.app.database, self.app.settings, self.app.clock)
        endpoint.start()
        try:
            yield
        finally:
            endpoint.stop()

    def close(self) -> None:
        if self.world is not None:
            self.world.down()
        self.app.database.close()


def free_port() -> int:
    """Below the ports that the kernel gives to outgoing connections: it stays free."""
    for port in range(21_000 + os.getpid() * 13 % 9_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in _given:
                _given.add(port)
                return port
    raise AssertionError("no free port")


_given: set[int] = set()


@pytest.fixture(scope="session")
def built() -> Built:
    """Kernel, installer and images; skips where virtual PCs are not wanted or cannot be."""
    if not WANTED:
        pytest.skip("virtual PCs: set ROLLOUT_TEST_VM=1 (or run `make lab-vm`)")
    reason = programs.missing()
    if reason is not None:
        pytest.skip(reason)
    try:
        return images.build(images.cache())
    except LabError as error:
        pytest.skip(f"virtual PCs cannot be built here: {error}")


@pytest.fixture
def rollout(built: Built, tmp_path: Path) -> Iterator[Callable[[float], VirtualRollout]]:
    """Makes the programme of a test, and pulls the plug of its PCs afterwards."""
    made: list[VirtualRollout] = []

    def make(minutes: float) -> VirtualRollout:
        made.append(VirtualRollout(tmp_path, built, minutes))
        return made[-1]

    yield make
    for programme in made:
        programme.close()
