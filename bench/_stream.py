"""Events of ansible-runner into the database, by the way that they take every day.

Runs are claimed and started by the daemon's tick. Each is a process of the local engine with
ansible-runner in it; only ansible-playbook is replaced, by a program that writes the same event
files and output with ansible-runner's own code, faster than Ansible could.
"""

import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.clock import SystemClock
from rollout.application.programme import Programme
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.settings import Settings, load
from rollout.store import leases, machines, migrate
from rollout.store.database import Database
from rollout.store.tables import HostResult, Machine, Site, Wave

STAND_IN = Path(__file__).with_name("_stand_in.py")
AT_ONCE = 20
"""Machines of one run."""


@dataclass(frozen=True)
class Intake:
    """How many events came in within how many seconds, from the first batch until the last one was
    in the database, and the seconds of CPU that this process spent on it."""

    events: int
    seconds: float
    daemon_cpu: float

    @property
    def per_second(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def measure(folder: Path, runs: int, tasks: int) -> Intake:
    """`runs` runs at once of AT_ONCE machines with `tasks` events each."""
    settings = _settings(folder, runs, tasks)
    database = Database(settings.database_url)
    migrate.upgrade(database)
    _fill(database, runs)
    with database.write() as session:
        now = datetime.now(UTC)
        epoch = leases.acquire(session, "bench", now=now, lasts=timedelta(hours=1))
    with _interpreter(folder):
        engine = LocalEngine(settings.ansible)
        programme = Programme(database, settings, engine, SystemClock(), lease_epoch=epoch)
        deliveries = _Watched(programme)
        try:
            assert programme.tick().started == runs
            while engine.alive():
                time.sleep(0.02)
        finally:
            engine.close()
    with database.read() as session:
        assert machines.counts(session) == {MachineState.CLEARED.value: runs * AT_ONCE}
        events = session.connection().execute(
            HostResult.__table__.select().with_only_columns(HostResult.__table__.c.id)  # type: ignore[attr-defined]
        )
        written = len(events.all())
    assert written == runs * AT_ONCE * tasks, f"{written} results"
    database.close()
    return Intake(written, deliveries.seconds, deliveries.cpu)


class _Watched:
    """When the first batch came, and when the last one was in the database."""

    def __init__(self, programme: Programme) -> None:
        results = programme._results
        deliver = results.host_events
        self._first: float | None = None
        self._last = self._cpu_first = self._cpu_last = 0.0

        def watched(events: object) -> None:
            if self._first is None:
                self._first, self._cpu_first = time.perf_counter(), time.process_time()
            deliver(events)  # type: ignore[arg-type]
            self._last, self._cpu_last = time.perf_counter(), time.process_time()

        results.host_events = watched  # type: ignore[method-assign]

    @property
    def seconds(self) -> float:
        return self._last - (self._first or 0.0)

    @property
    def cpu(self) -> float:
        return self._cpu_last - self._cpu_first


@contextmanager
def _interpreter(folder: Path) -> Iterator[None]:
    """Let the engine find our ansible-playbook beside its interpreter."""
    programs = folder / "bin"
    programs.mkdir()
    real = sys.executable
    _script(programs / "python", f'exec "{real}" "$@"')
    _script(programs / "ansible-playbook", f'exec "{real}" "{STAND_IN}" "$@"')
    sys.executable = str(programs / "python")
    try:
        yield
    finally:
        sys.executable = real


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _settings(folder: Path, runs: int, tasks: int) -> Settings:
    (folder / "playbooks").mkdir()
    (folder / "group_vars").mkdir()
    playbook = folder / "playbooks" / "preflight.yml"
    playbook.write_text(json.dumps({"tasks": tasks}), encoding="utf-8")
    path = folder / "stream.toml"
    path.write_text(
        f"""
        database_url = "sqlite:///stream.db"
        [programme]
        start = 2022-11-01
        cutover = 2099-01-01
        [limits]
        runs_at_once = {runs}
        gather_seconds = 0
        site = {{ machines_per_day = 1000, at_once = {AT_ONCE} }}
        [tranches]
        smallest_wave = 100000
        [ansible]
        playbooks = "playbooks"
        group_vars = "group_vars"
        artifacts = "runs"
        forks = {AT_ONCE}
        """,
        encoding="utf-8",
    )
    os.environ["ROLLOUT_CONFIG"] = str(path)
    return load()


def _fill(database: Database, runs: int) -> None:
    """A site for every run."""
    now = datetime.now(UTC)
    with database.write() as session:
        connection = session.connection()
        connection.execute(
            insert(Site), [{"id": n, "key": f"site-{n}"} for n in range(1, runs + 1)]
        )
        connection.execute(
            insert(Wave),
            [{"id": 1, "number": 1, "first_day": now.date(), "last_day": now.date(),
              "state": WaveState.RUNNING.value, "state_since": now,
              "submitted_by": "a", "approved_by": "b"}],
        )  # fmt: skip
        connection.execute(
            insert(Machine),
            [
                {"id": n, "asset_tag": f"DK20-{n:06d}", "serial": f"SN{n:06d}",
                 "computer_name": f"PC-{n:06d}", "generation": "DK20",
                 "site_id": 1 + (n - 1) // AT_ONCE, "wave_id": 1, "state": "planned",
                 "state_since": now}
                for n in range(1, runs * AT_ONCE + 1)
            ],
        )  # fmt: skip
