"""The programme that is tortured: lab PCs over SSH, waves, and playbooks without the long work.

The playbooks are light so that 200 PCs come round in minutes on a small computer: every step keeps
the shipped guard and its report, and reimage the shipped role with arming and network boot. The
work in between (copying, measuring) is replaced by reading the machine's stamp.
"""

import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.wave import WaveVerb
from rollout.lab import world as lab
from rollout.lab.ansible_access import COLLECTIONS
from rollout.lab.pcs import LabPc
from rollout.settings import Settings, load, shipped
from rollout.store import migrate, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Site, Wave

SITES = ("本庁", "桑名", "四日市", "尾鷲")
GENERATIONS = ("DK19", "DK20", "DK21")
NEW_IMAGE = "win11-23h2-r1"
BOOT_SECONDS = 1.0
"""Long enough for kills to meet PCs in the middle of it."""
OPERATOR, APPROVER = "sato", "suzuki"

_CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2099-01-01
[generations.DK19]
image = "{image}"
[generations.DK20]
take_home = true
image = "{image}"
[generations.DK21]
take_home = true
image = "{image}"
[limits]
blast_radius = {blast}
machines_per_run = 8
runs_at_once = 3
gather_seconds = 1
site = {{ machines_per_day = 1000, at_once = 20 }}
[tranches]
smallest_wave = 1000
[gates]
failed = 30
silent = 30
failed_share = 1
silent_share = 1
silent_minutes = 0
[service]
port = {port}
tick_seconds = 0.2
lease_seconds = 3
[ansible]
playbooks = "playbooks"
group_vars = "lab/group_vars"
artifacts = "runs"
collections = ["{collections}"]
copy_root = "{root}/copies"
forks = 8
keep_runs = 20
[steps.capture]
minutes = {minutes}
attempts = 3
pause_minutes = 0.05
"""

_STEP = """---
- name: "{step}, light"
  hosts: all
  gather_facts: false
  strategy: ansible.builtin.free
  any_errors_fatal: false
  tasks:
    - name: Check that this is the machine of the order
      ansible.builtin.import_role:
        name: machine_guard
        rolespec_validate: false

    - name: {work}
      ansible.builtin.import_role:
        {role}

    - name: Report success of the step
      ansible.builtin.set_fact:
        rollout_report:
          step: "{{{{ rollout_step }}}}"
          epoch: "{{{{ rollout_epoch | int }}}}"
          serial: "{{{{ machine_guard_pass.result.serial }}}}"
          image_id: "{{{{ machine_guard_pass.result.image_id }}}}"
          boot_id: "{{{{ machine_guard_pass.result.boot_id }}}}"
"""


@dataclass(frozen=True)
class Programme:
    """Everything the torture works with; `pcs` by asset tag."""

    root: Path
    settings: Settings
    database: Database
    pcs: dict[str, LabPc]

    @property
    def lab(self) -> Path:
        """The folder of the lab PCs."""
        return self.root / "lab"

    @property
    def configuration(self) -> Path:
        """What the daemon and the command line are started with."""
        return self.root / "rollout.toml"

    def allow(self, minutes: float) -> None:
        """Give steps so much time; daemons that are started from now on know."""
        text = self.configuration.read_text(encoding="utf-8")
        allowed = re.sub(r"^minutes = .*$", f"minutes = {minutes}", text, flags=re.MULTILINE)
        self.configuration.write_text(allowed, encoding="utf-8")

    def close(self) -> None:
        """Take the PCs down."""
        lab.down(self.lab)
        self.database.close()


def build(
    root: Path,
    size: int,
    *,
    deadline_minutes: float,
    waves: int,
    database_url: str | None = None,
    more: str = "",
) -> Programme:
    """Make database, waves and PCs; the first two waves run, the others are planned.

    `more` is added to the configuration.
    """
    _write_playbooks(root / "playbooks")
    text = _CONFIGURATION.format(
        image=NEW_IMAGE,
        blast=max(6, size // 10),
        port=_free_port(),
        collections=COLLECTIONS,
        root=root,
        minutes=deadline_minutes,
    )
    for step in Step:
        if step is not Step.CAPTURE:
            text += f"[steps.{step.value}]\nminutes = {deadline_minutes}\n"
    if database_url is not None:
        text = f'database_url = "{database_url}"\n{text}'
    text += more
    configuration = root / "rollout.toml"
    configuration.write_text(text, encoding="utf-8")
    settings = _settings(configuration)
    database = Database(settings.database_url)
    migrate.upgrade(database)
    pcs = _populate(database, size, waves)
    lab.up(
        root / "lab",
        list(pcs.values()),
        service_url=settings.service.address,
        boot_seconds=BOOT_SECONDS,
    )
    return Programme(root, settings, database, pcs)


def _write_playbooks(folder: Path) -> None:
    shipped_ones = shipped("playbooks")
    folder.mkdir()
    (folder / "roles").symlink_to(shipped_ones / "roles")
    (folder / "probe.yml").symlink_to(shipped_ones / "probe.yml")
    for step in Step:
        if step is Step.REIMAGE:
            work, role = "Arm and restart", "name: reimage"
        else:
            work, role = "Work a little", "{name: machine_guard, tasks_from: stamp}"
        text = _STEP.format(step=step.value, work=work, role=role)
        (folder / f"{step.value}.yml").write_text(text, encoding="utf-8")


def _settings(configuration: Path) -> Settings:
    before = os.environ.get("ROLLOUT_CONFIG")
    os.environ["ROLLOUT_CONFIG"] = str(configuration)
    try:
        return load()
    finally:
        del os.environ["ROLLOUT_CONFIG"]
        if before is not None:
            os.environ["ROLLOUT_CONFIG"] = before


def _populate(database: Database, size: int, waves: int) -> dict[str, LabPc]:
    now = datetime.now(UTC)
    pcs: dict[str, LabPc] = {}
    with database.write() as session:
        sites = [Site(key=key) for key in SITES]
        rows = [
            Wave(number=n, first_day=now.date(), last_day=now.date(), state_since=now)
            for n in range(1, waves + 1)
        ]
        session.add_all([*sites, *rows])
        session.flush()
        for n in range(size):
            generation = GENERATIONS[n % len(GENERATIONS)]
            pc = LabPc(
                computer_name=f"PC-{n:05d}",
                asset_tag=f"{generation}-{n:06d}",
                serial=f"SN{n:06d}",
                mac=f"02:00:00:00:{n >> 8:02X}:{n & 255:02X}",
                generation=generation,
            )
            pcs[pc.asset_tag] = pc
            session.add(
                Machine(
                    asset_tag=pc.asset_tag,
                    serial=pc.serial,
                    mac=pc.mac,
                    computer_name=pc.computer_name,
                    generation=generation,
                    site_id=sites[n % len(sites)].id,
                    wave_id=rows[n * waves // size].id,
                    # Most begin where it hurts: with the reimage before them.
                    state=(MachineState.CAPTURED if n % 4 else MachineState.REGISTERED).value,
                    state_since=now,
                )
            )
        session.flush()
        registered = range(1, size + 1, 4)
        transitions.apply(session, Machine, registered, MachineVerb.PLAN, actor=OPERATOR, at=now)
        numbers = [row.id or 0 for row in rows]
        transitions.apply(session, Wave, numbers, WaveVerb.PLAN, actor=OPERATOR, at=now)
    return pcs


def _free_port() -> int:
    """Below the ports that the kernel gives to outgoing connections: it stays free."""
    for port in range(11_000 + os.getpid() * 7 % 8_000, 20_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
