"""A whole rollout for a test: lab PCs over SSH, database, local engine, daemon."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import date
from pathlib import Path
from typing import Any

import databases
import pytest

from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.clock import SystemClock
from rollout.application import machines, waves
from rollout.bootstrap import Application
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.lab import world as lab
from rollout.lab.ansible_access import COLLECTIONS
from rollout.lab.faults import clear_fault, set_fault
from rollout.lab.pcs import LabPc
from rollout.lab.wipes import Wipe, wipes
from rollout.service.daemon import Daemon
from rollout.settings import load
from rollout.store import claims, commands, history, transitions
from rollout.store.database import Database
from rollout.store.tables import Claim, Evidence, Machine, Person, Site, Wave

OPERATOR, APPROVER = "operator", "approver"
PATIENCE = 240.0
"""Seconds after which a daemon that has not ended is given up; far beyond a slow computer."""
DAY = date(2022, 11, 1)

CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[generations.DK20]
take_home = true
image = "win11-23h2-r1"
[limits]
gather_seconds = 30
[service]
port = {port}
tick_seconds = 0.1
[ansible]
group_vars = "lab/group_vars"
artifacts = "runs"
collections = ["{collections}"]
copy_root = "{copies}"
forks = 6
[steps.reimage]
minutes = {reimage_minutes}
"""


class Rollout:
    """One programme in a folder of its own."""

    def __init__(self, root: Path, reimage_minutes: float, head: str = "", tail: str = "") -> None:
        self.root = root
        self._head, self._tail = head, tail
        self.lab = root / "lab"
        self.port = _free_port()
        self.configuration = self.configure("rollout.toml", reimage_minutes)
        settings = _load(self.configuration)
        self.app = Application(settings, Database(settings.database_url), SystemClock())
        databases.set_up(self.app.database)
        self._pcs: dict[str, LabPc] = {}

    def configure(self, name: str, reimage_minutes: float) -> Path:
        """Write a configuration of this programme."""
        file = self.root / name
        text = CONFIGURATION.format(
            port=self.port,
            collections=COLLECTIONS,
            copies=self.lab / "copies",
            reimage_minutes=reimage_minutes,
        )
        file.write_text(self._head + text + self._tail, encoding="utf-8")
        return file

    @property
    def database(self) -> Database:
        return self.app.database

    def populate(
        self,
        count: int,
        owners: Sequence[str] = (),
        *,
        start: bool = True,
        **columns: Sequence[Any],
    ) -> list[str]:
        """Machines of one wave, running or approved, with their PCs; `columns` are given out in
        turn."""
        now = self.app.clock.now()
        with self.database.write() as session:
            site = Site(key="本庁")
            wave = Wave(number=1, first_day=DAY, last_day=DAY, state_since=now)
            people = [
                Person(staff_number=f"{n:05d}", name=name) for n, name in enumerate(owners, 1)
            ]
            session.add_all([site, wave, *people])
            session.flush()
            for n in range(1, count + 1):
                pc = LabPc(
                    computer_name=f"PC20-{n:05d}",
                    asset_tag=f"DK20-{n:06d}",
                    serial=columns["serial"][n - 1] if "serial" in columns else f"SN{n:06d}",
                    mac=f"02:00:00:00:00:{n:02X}",
                    generation="DK20",
                )
                self._pcs[pc.asset_tag] = pc
                session.add(
                    Machine(
                        asset_tag=pc.asset_tag,
                        mac=pc.mac,
                        computer_name=pc.computer_name,
                        generation=pc.generation,
                        site_id=site.id,
                        wave_id=wave.id,
                        planned_day=DAY,
                        state_since=now,
                        owner_id=people[n - 1].id if people else None,
                        **{"serial": pc.serial}
                        | {name: values[n - 1] for name, values in columns.items()},
                    )
                )
            session.flush()
            ids = range(1, count + 1)
            transitions.apply(session, Machine, ids, MachineVerb.PLAN, actor="test", at=now)
            transitions.apply(session, Wave, [1], WaveVerb.PLAN, actor="test", at=now)
        for verb, who in (
            (WaveVerb.SUBMIT, OPERATOR),
            (WaveVerb.APPROVE, APPROVER),
            *([(WaveVerb.START, OPERATOR)] if start else []),
        ):
            waves.move(self.database, 1, verb, self.app.operator(who), now)
        lab.up(
            self.lab,
            list(self._pcs.values()),
            service_url=self.app.settings.service.address,
            boot_seconds=0.1,
        )
        return list(self._pcs)

    def use_playbooks(self, folder: Path) -> None:
        """Play these in place of the shipped ones."""
        ansible = self.app.settings.ansible.model_copy(update={"playbooks": folder})
        self.app.settings = self.app.settings.model_copy(update={"ansible": ansible})

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the lab does by itself."""
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain"
            pause.wait(0.05)

    def daemon(
        self, on_tick: Callable[[Daemon], None] | None = None, *, until_idle: bool = True
    ) -> None:
        """Run a daemon in this process until it ends; fails when it does not."""
        engine = LocalEngine(self.app.settings.ansible, self.app.clock)

        def look(_ticked: object) -> None:
            if on_tick is not None:
                on_tick(daemon)

        daemon = Daemon(
            self.database,
            self.app.settings,
            self.app.clock,
            engine,
            until_idle=until_idle,
            on_tick=look,
        )

        with ThreadPoolExecutor(1) as pool:
            end = pool.submit(daemon.run)
            try:
                end.result(PATIENCE)
            except FutureTimeout:
                daemon.stop()
                daemon.stop()
                pytest.fail(f"the daemon did not end: {self.states()}")

    def retry(self, tag: str) -> None:
        """What an operator does with a machine that failed or fell silent."""
        machines.retry(
            self.database, tag, self.app.operator(OPERATOR), self.app.clock.now(), reason="again"
        )

    def hold(self, tags: Sequence[str]) -> None:
        now = self.app.clock.now()
        who = self.app.operator(OPERATOR)
        machines.move(self.database, tags, MachineVerb.HOLD, who, now, reason="not its turn")

    def release(self, tag: str) -> None:
        now = self.app.clock.now()
        machines.move(self.database, [tag], MachineVerb.RELEASE, self.app.operator(OPERATOR), now)

    def questions(self) -> int:
        """Commands of operators that have no answer yet."""
        with self.database.read() as session:
            return len(commands.open_ones(session))

    def fault(self, tag: str, **faults: Any) -> None:
        set_fault(self.lab, self._pcs[tag].computer_name, **faults)

    def mend(self, tag: str) -> None:
        clear_fault(self.lab, self._pcs[tag].computer_name)

    def machine(self, tag: str) -> Machine:
        return machines.show(self.database, tag).joined.machine

    def states(self) -> dict[str, str]:
        return {
            row.machine.asset_tag: row.machine.state
            for row in machines.listing(self.database, machines.Filter())
        }

    def claims(self, tag: str, step: str) -> list[Claim]:
        known = machines.show(self.database, tag).claims
        return [claim for claim in known if claim.step == step]

    def evidence(self, tag: str) -> list[Evidence]:
        return list(machines.show(self.database, tag).evidence)

    def owner(self, tag: str) -> str | None:
        return machines.show(self.database, tag).joined.owner

    def pc(self, tag: str) -> lab.PcStatus:
        return next(pc for pc in lab.status(self.lab).pcs if pc.asset_tag == tag)

    def wipes(self, tag: str) -> list[Wipe]:
        return wipes(self.lab, self._pcs[tag].computer_name)

    def open_claims(self) -> int:
        with self.database.read() as session:
            return claims.open_count(session)

    def chain_holds(self) -> bool:
        with self.database.read() as session:
            return history.verify(session).holds

    def processes(self) -> list[int]:
        """Every living process of any run of this programme."""
        mark = f"ROLLOUT_RUN_FOLDER={self.root}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                entries = (folder / "environ").read_bytes().split(b"\0")
                if any(entry.startswith(mark) for entry in entries):
                    found.append(int(folder.name))
        return found

    def close(self) -> None:
        lab.down(self.lab)
        self.database.close()


def _load(configuration: Path) -> Any:
    before = os.environ.get("ROLLOUT_CONFIG")
    os.environ["ROLLOUT_CONFIG"] = str(configuration)
    try:
        return load()
    finally:
        del os.environ["ROLLOUT_CONFIG"]
        if before is not None:
            os.environ["ROLLOUT_CONFIG"] = before


def _free_port() -> int:
    """Below the ports that the kernel gives to outgoing connections: it stays free."""
    for port in range(10_000 + os.getpid() * 7 % 9_000 + len(_given), 20_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise AssertionError("no free port")


_given: set[int] = set()


@pytest.fixture(scope="module")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Rollout]]:
    """Makes programmes, and takes them down after the tests of the file."""
    made: list[Rollout] = []

    def make(reimage_minutes: float = 2, head: str = "", tail: str = "") -> Rollout:
        """`head` and `tail` stand before and behind the rest of the configuration."""
        made.append(Rollout(tmp_path_factory.mktemp("rollout"), reimage_minutes, head, tail))
        return made[-1]

    yield make
    for rollout in made:
        rollout.close()
