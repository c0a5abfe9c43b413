"""A small programme whose last step is due, a daemon over it, and ways to break what it needs."""

import contextlib
import logging
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import event
from sqlmodel import col, select

from rollout.adapters.clock import SystemClock
from rollout.application import waves
from rollout.application.operators import Operator
from rollout.application.ports import Clock, EventSink, HostEvent, RunEnd, RunEngine, RunOrder
from rollout.domain.machine import MachineState
from rollout.domain.run import ALIVE, RunState
from rollout.domain.wave import WaveState, WaveVerb
from rollout.service.daemon import Daemon
from rollout.settings import OperatorRole, Settings, load
from rollout.store import history
from rollout.store.database import Database
from rollout.store.tables import Claim, Command, Machine, Run, Site, Wave

PATIENCE = 150.0
KILLS_ANSIBLE = Path(__file__).with_name("kills_ansible.py")
OPERATOR = Operator("operator", OperatorRole.APPROVER)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2099-05-01
[service]
port = 0
tick_seconds = 0.05
lease_seconds = 60
[limits]
gather_seconds = 0
site = { machines_per_day = 1000, at_once = 1000 }
"""


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds; fails the test when it does not come."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain for: {what}"
        pause.wait(0.02)


class PromptEngine:
    """The port without Ansible: every machine of a run reports success, once `let_go` is set."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.let_go.set()
        self.started: list[int] = []
        self._alive: dict[int, threading.Thread] = {}
        self._closed = threading.Event()

    def start(self, order: RunOrder, sink: EventSink) -> None:
        self.started.append(order.run_id)
        thread = threading.Thread(target=self._play, args=(order, sink))
        self._alive[order.run_id] = thread
        thread.start()

    def _play(self, order: RunOrder, sink: EventSink) -> None:
        while not self.let_go.wait(0.02) and not self._closed.is_set():
            continue
        try:
            sink.host_events([_success(order, place) for place in range(len(order.hosts))])
            sink.run_ended(RunEnd(order.run_id, "successful"))
        except Exception:
            logging.getLogger(__name__).exception("run %s is not recorded", order.run_id)
        finally:
            del self._alive[order.run_id]

    def cancel(self, run_id: int) -> bool:
        return False

    def alive(self) -> frozenset[int]:
        return frozenset(self._alive)

    def sweep(self, idents: Sequence[str]) -> int:
        return 0

    def close(self) -> None:
        self._closed.set()
        for thread in list(self._alive.values()):
            thread.join()

    def log(self, ident: str) -> Path | None:
        return None


def _success(order: RunOrder, place: int) -> HostEvent:
    host = order.hosts[place]
    report = {"epoch": host.epoch}
    now = datetime.now(UTC)
    return HostEvent(order.run_id, host.machine_id, place, "Report", "ok", None, now, 0.1, report)


class Programme:
    """Machines of one wave that wait for their last step: verify, then they are handed over."""

    wait_for = staticmethod(wait_for)

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._monkeypatch = monkeypatch
        self.configuration = root / "rollout.toml"
        self.configuration.write_text(CONFIGURATION, encoding="utf-8")
        self.settings = self._load()
        self.path = root / "state" / "rollout.db"
        self.database = Database(self.settings.database_url)
        databases.set_up(self.database)

    def configure(self, text: str) -> Settings:
        """More configuration."""
        before = self.configuration.read_text(encoding="utf-8")
        self.configuration.write_text(before + text, encoding="utf-8")
        self.settings = self._load()
        return self.settings

    def _load(self) -> Settings:
        self._monkeypatch.setenv("ROLLOUT_CONFIG", str(self.configuration))
        return load()

    def populate(
        self,
        count: int,
        *,
        state: MachineState = MachineState.RESTORED,
        wave: WaveState = WaveState.PAUSED,
        day: date = date(2022, 10, 1),
    ) -> list[int]:
        """Machines in `state` of a wave that was approved; their ids."""
        now = datetime.now(UTC)
        with self.database.write() as session:
            site = Site(key="本庁")
            row = Wave(
                number=1,
                first_day=day,
                last_day=day,
                state=wave.value,
                state_since=now,
                submitted_by="a",
                approved_by="b",
            )
            session.add_all([site, row])
            session.flush()
            machines = [
                Machine(
                    asset_tag=f"DK20-{n:06d}",
                    serial=f"SN{n}",
                    computer_name=f"pc-{n}",
                    generation="DK20",
                    site_id=site.id,
                    wave_id=row.id,
                    planned_day=day,
                    state=state.value,
                    state_since=now,
                )
                for n in range(1, count + 1)
            ]
            session.add_all(machines)
            session.flush()
            return [machine.id or 0 for machine in machines]

    def resume(self) -> None:
        """Let the paused wave go on."""
        now = datetime.now(UTC)
        waves.move(self.database, 1, WaveVerb.RESUME, OPERATOR, now)

    def states(self) -> list[str]:
        with self.database.read() as session:
            return list(session.exec(select(Machine.state).order_by(col(Machine.id))).all())

    def machine(self, machine_id: int) -> Machine:
        with self.database.read() as session:
            found = session.get(Machine, machine_id)
            assert found is not None
            return found

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(table.id)).all())

    def claims(self) -> list[Claim]:
        return self.rows(Claim)

    def runs(self) -> list[Run]:
        return self.rows(Run)

    def commands(self) -> list[Command]:
        return self.rows(Command)

    def through(self) -> bool:
        at_work = any(RunState(run.state) in ALIVE for run in self.runs())
        return set(self.states()) == {"migrated"} and not at_work

    def chain_holds(self) -> bool:
        with self.database.read() as session:
            return history.verify(session).holds


class Runner:
    """A daemon in a thread, and what it and its engine use."""

    def __init__(
        self, programme: Programme, engine: RunEngine, clock: Clock, database: Database
    ) -> None:
        self.ticks = 0
        self.error: BaseException | None = None
        self.daemon = Daemon(database, programme.settings, clock, engine, on_tick=self._ticked)
        self.thread = threading.Thread(target=self._run, name="daemon of a test")

    def _ticked(self, _ticked: object) -> None:
        self.ticks += 1

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            self.error = error

    @property
    def alive(self) -> bool:
        return self.thread.is_alive()

    def ticks_again(self, count: int = 2) -> None:
        """Until it has ticked so often from now on."""
        wanted = self.ticks + count
        wait_for(lambda: self.ticks >= wanted or not self.alive, "a tick")
        if self.error is not None:
            raise self.error


@pytest.fixture
def programme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programme]:
    """A programme in a folder of its own."""
    made = Programme(tmp_path, monkeypatch)
    yield made
    made.database.close()


@pytest.fixture
def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def engine() -> PromptEngine:
    """An engine whose machines succeed at once."""
    return PromptEngine()


@pytest.fixture
def start(programme: Programme) -> Iterator[Callable[..., Runner]]:
    """Starts daemons, and ends them after the test."""
    started: list[Runner] = []

    def begin(
        engine: RunEngine, clock: Clock | None = None, database: Database | None = None
    ) -> Runner:
        runner = Runner(programme, engine, clock or SystemClock(), database or programme.database)
        started.append(runner)
        runner.thread.start()
        runner.ticks_again(1)
        return runner

    yield begin
    for runner in started:
        runner.daemon.stop()
        runner.daemon.stop()
        runner.thread.join(PATIENCE)
        assert not runner.alive


class Local:
    """Real Ansible on machines that are this computer; playbooks can be exchanged at any time."""

    _HEAD = "- hosts: all\n  gather_facts: false\n  strategy: free\n  tasks:\n"
    _SLEEP = "    - ansible.builtin.command: sleep 600\n"
    _REPORT = (
        "    - ansible.builtin.set_fact:\n"
        '        rollout_report: {epoch: "{{ rollout_epoch | int }}"}\n'
    )
    REPORTS = _HEAD + _REPORT
    SLEEPS = _HEAD + _SLEEP + _REPORT
    SLEEPS_ON_THE_FIRST = _HEAD + _SLEEP + "      when: rollout_asset_tag.endswith('1')\n" + _REPORT
    DIES = _HEAD + f"    - ansible.builtin.command: {sys.executable} {KILLS_ANSIBLE}\n" + _REPORT

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        root = programme.root
        (root / "playbooks").mkdir()
        (root / "group_vars").mkdir()
        (root / "group_vars" / "all.yml").write_text(
            f"ansible_connection: local\nansible_python_interpreter: {sys.executable}\n"
        )
        programme.configure(
            '[ansible]\nplaybooks = "playbooks"\ngroup_vars = "group_vars"\nartifacts = "runs"\n'
        )

    def playbook(self, step: str, text: str) -> None:
        """What the step does from now on."""
        scratch = self._programme.root / "playbooks" / "new"
        scratch.write_text(text, encoding="utf-8")
        scratch.rename(scratch.with_name(f"{step}.yml"))

    def processes(self) -> list[int]:
        """Every living process of any run of this programme."""
        mark = f"ROLLOUT_RUN_FOLDER={self._programme.root}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    entries = (entry / "environ").read_bytes().split(b"\0")
                    if any(one.startswith(mark) for one in entries):
                        found.append(int(entry.name))
        return found

    def environment(self) -> dict[str, str]:
        """What another process of this programme is started with."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "ROLLOUT_CONFIG": str(self._programme.configuration),
            "ROLLOUT_LANG": "en",
        }


@pytest.fixture
def local(programme: Programme) -> Local:
    """Ansible for this programme."""
    return Local(programme)


class Frail:
    """A database whose file can be made to refuse, by SQLite itself."""

    def __init__(self, url: str, path: Path) -> None:
        self.database = Database(url)
        self._path = path
        self._pragmas: tuple[str, ...] = ()
        self._locker: sqlite3.Connection | None = None

        @event.listens_for(self.database.engine, "checkout")
        def _set(connection: Any, _record: object, _proxy: object) -> None:
            for pragma in (*self._pragmas, "busy_timeout=400"):
                connection.execute(f"PRAGMA {pragma}").close()

    @contextmanager
    def broken(self, way: str) -> Iterator[None]:
        """Refuse to be written in this way for as long as the block lasts."""
        if way == "locked":
            self._locker = sqlite3.connect(self._path, isolation_level=None)
            self._locker.execute("BEGIN IMMEDIATE")
        else:
            self._pragmas = {"full": ("max_page_count=1",), "read-only": ("query_only=ON",)}[way]
        try:
            yield
        finally:
            if self._locker is not None:
                self._locker.execute("ROLLBACK")
                self._locker.close()
                self._locker = None
            self._pragmas = ("max_page_count=1000000", "query_only=OFF")


@pytest.fixture
def frail(programme: Programme) -> Iterator[Frail]:
    """The programme's database as the daemon sees it."""
    made = Frail(programme.settings.database_url, programme.path)
    yield made
    made.database.close()
