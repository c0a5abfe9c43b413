"""One step over lab PCs through `rollout` beside plain `ansible-playbook`, same forks, one run.

Both sides run playbooks/preflight.yml over the same lab PCs (real SSH) with the same variables
and the same Ansible settings. Ours claims the machines, supervises, and writes every result and
state while the run goes on; plain Ansible does none of that. Sides take turns; medians are
compared. CPU is that of the controller (this process and its children), not of the lab PCs.
"""

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from rollout.adapters.ansible.environment import environment
from rollout.adapters.ansible.inventory import inventory
from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.ansible.processes import Marker, kill
from rollout.adapters.clock import SystemClock
from rollout.application.orders import host_orders
from rollout.application.ports import HostOrder
from rollout.application.programme import Programme
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.lab import world
from rollout.lab.pcs import LabPc
from rollout.settings import Settings, load
from rollout.store import leases, machines, migrate, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Site, Wave

AIM = 1.10
RESULTS = Path(__file__).with_name("results")
LEASE = timedelta(hours=2)
LAB_COLLECTIONS = Path(world.__file__).parent / "collections"


class Fleet:
    """Lab PCs, their database and both ways to run the step over them."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.settings = self._settings(folder, size)
        self.database = Database(self.settings.database_url)
        migrate.upgrade(self.database)
        self._fill(size)
        world.up(
            folder / "lab",
            [LabPc(name, tag, serial, mac, "DK20") for tag, name, serial, mac in self._pcs(size)],
            service_url=self.settings.service.address,
        )
        now = datetime.now(UTC)
        with self.database.write() as session:
            epoch = leases.acquire(session, "bench", now=now, lasts=LEASE)
        self.engine = LocalEngine(self.settings.ansible)
        self.programme = Programme(
            self.database, self.settings, self.engine, SystemClock(), lease_epoch=epoch
        )

    @staticmethod
    def _settings(folder: Path, size: int) -> Settings:
        path = folder / "rollout.toml"
        path.write_text(
            f"""
            database_url = "sqlite:///rollout.db"
            [programme]
            start = 2022-11-01
            cutover = 2099-01-01
            [limits]
            blast_radius = {size}
            machines_per_run = {size}
            site = {{ machines_per_day = {size}, at_once = {size} }}
            [tranches]
            smallest_wave = {size + 1}
            [ansible]
            group_vars = "lab/group_vars"
            collections = ["{LAB_COLLECTIONS}"]
            artifacts = "runs"
            forks = {size}
            copy_root = "{folder / "copies"}"
            """,
            encoding="utf-8",
        )
        os.environ["ROLLOUT_CONFIG"] = str(path)
        return load()

    @staticmethod
    def _pcs(size: int) -> list[tuple[str, str, str, str]]:
        return [
            (f"DK20-{n:06d}", f"PC20-{n:05d}", f"SN{n:06d}", f"02:00:00:00:00:{n:02X}")
            for n in range(1, size + 1)
        ]

    def _fill(self, size: int) -> None:
        now = datetime.now(UTC)
        with self.database.write() as session:
            site = Site(key="本庁")
            wave = Wave(
                number=1, first_day=now.date(), last_day=now.date(), state_since=now,
                submitted_by="a", approved_by="b",
            )  # fmt: skip
            session.add_all([site, wave])
            session.flush()
            session.add_all(
                Machine(
                    asset_tag=tag, computer_name=name, serial=serial, mac=mac, generation="DK20",
                    site_id=site.id, wave_id=wave.id, state_since=now,
                )
                for tag, name, serial, mac in self._pcs(size)
            )  # fmt: skip
            session.flush()
            self.ids = [machine.id or 0 for machine in machines.of_wave(session, wave.id or 0)]
            for verb in (WaveVerb.PLAN, WaveVerb.SUBMIT, WaveVerb.APPROVE, WaveVerb.START):
                transitions.apply(session, Wave, [wave.id or 0], verb, actor="bench", at=now)

    def to_the_start(self) -> None:
        """Bring every machine to where preflight may begin."""
        now = datetime.now(UTC)
        with self.database.write() as session:
            state = machines.by_id(session, self.ids[0]).state
            verbs = [MachineVerb.PLAN]
            if state == MachineState.CLEARED:
                verbs = [MachineVerb.EXCLUDE, MachineVerb.READMIT, MachineVerb.PLAN]
            for verb in verbs:
                transitions.apply(session, Machine, self.ids, verb, actor="bench", at=now)

    def ours(self) -> None:
        """The step through claims, engine, results and states, until its run has ended."""
        self.programme.tick()
        while self.engine.alive():
            time.sleep(0.01)
        with self.database.read() as session:
            assert machines.counts(session) == {MachineState.CLEARED.value: len(self.ids)}

    def plain(self) -> None:
        """The same playbook, inventory and settings, as one would type it."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "tmp").mkdir()
        (folder / "ansible.cfg").touch()
        marker = Marker(folder.name, folder)
        control = Path(tempfile.gettempdir()) / marker.control
        made = inventory(self._orders(), folder / "known_hosts", control)
        (folder / "hosts.yml").write_text(made.hosts, encoding="utf-8")
        (folder / "known_hosts").write_text(made.known_hosts, encoding="utf-8")
        (folder / "group_vars").symlink_to(self.settings.ansible.group_vars)
        with (folder / "stdout").open("wb") as output:
            ended = subprocess.run(
                [
                    Path(sys.executable).with_name("ansible-playbook"),
                    "-i",
                    folder / "hosts.yml",
                    "--forks",
                    str(len(self.ids)),
                    self.settings.ansible.playbooks / "preflight.yml",
                ],
                env=environment(self.settings.ansible, marker, len(self.ids)),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        kill([marker])
        assert ended.returncode == 0, (folder / "stdout").read_text(encoding="utf-8")[-2000:]

    def _orders(self) -> list[HostOrder]:
        """The orders that the engine was given last, so that both sides have the same values."""
        with self.database.read() as session:
            claims = {id_: machines.claims_of(session, id_)[-1] for id_ in self.ids}
            return host_orders(session, self.settings, self.ids, claims, {})

    def close(self) -> None:
        """Leave nothing running."""
        self.engine.close()
        world.down(self.folder / "lab")
        self.database.close()


def measure(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds of `work` with its children."""
    gc.collect()
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = [resource.getrusage(kind) for kind in kinds]
    started = time.perf_counter()
    work()
    wall = time.perf_counter() - started
    after = [resource.getrusage(kind) for kind in kinds]
    cpu = sum(
        (late.ru_utime + late.ru_stime) - (early.ru_utime + early.ru_stime)
        for early, late in zip(before, after, strict=True)
    )
    return wall, cpu


def _round(fleet: Fleet, sides: list[tuple[Callable[[], None], list[tuple[float, float]]]]) -> None:
    fleet.to_the_start()
    for side, seconds in sides:
        seconds.append(measure(side))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 machines and one round")
    quick = parser.parse_args().quick
    size, rounds = (10, 2) if quick else (40, 4)
    ours: list[tuple[float, float]] = []
    plain: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        fleet = Fleet(Path(name), size)
        try:
            # The first round warms both sides and makes the claims that plain Ansible's values
            # come from; it is not counted.
            _round(fleet, [(fleet.ours, []), (fleet.plain, [])])
            for number in range(rounds):
                sides = [(fleet.ours, ours), (fleet.plain, plain)]
                _round(fleet, sides if number % 2 else sides[::-1])
        finally:
            fleet.close()
    medians = {
        side: [round(statistics.median(column), 2) for column in zip(*rows, strict=True)]
        for side, rows in (("rollout", ours), ("ansible-playbook", plain))
    }
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, ansible-runner {version('ansible-runner')}"
    )
    print(f"preflight over {size} lab PCs, {size} forks, {len(ours)} counted rounds, medians")
    for side, (wall, cpu) in medians.items():
        print(f"{side:<17} {wall:7.2f} s wall {cpu:7.2f} s CPU")
    aims = [
        {
            "name": f"{what} beside plain ansible-playbook",
            "value": (value := round(mine / theirs, 3)),
            "unit": "times",
            "aim": f"<= {AIM}",
            "holds": value <= AIM,
        }
        for what, mine, theirs in zip(
            ("wall", "CPU"), medians["rollout"], medians["ansible-playbook"], strict=True
        )
    ]
    result = {"bench": "passage", "aims": aims}
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machines": size,
        "forks": size,
        "medians_wall_cpu_seconds": medians,
        "rounds": {"rollout": ours, "ansible-playbook": plain},
        "host": platform.platform(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "passage-quick.json" if quick else "passage.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
