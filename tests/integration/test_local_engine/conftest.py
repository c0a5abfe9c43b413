"""A small world of real playbooks on machines that are this computer (`connection: local`)."""

import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollout.adapters.ansible.folder import RunFolder
from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.ansible.processes import PROC, find
from rollout.application.ports import HostEvent, HostOrder, RunEnd, RunOrder
from rollout.settings import AnsibleSettings

DEADLINE = 60.0

HEAD = """\
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
"""
LONG = (
    HEAD
    + """\
    - name: Say hello
      ansible.builtin.set_fact:
        hello: true
    - name: Take long
      ansible.builtin.command:
        cmd: sleep 600
        stdin: "{{ rollout_arm_token }}"
      no_log: true
"""
)
QUICK = (
    HEAD
    + """\
    - name: Report success of the step
      ansible.builtin.set_fact:
        rollout_report: {step: quick, machine: "{{ rollout_machine_id }}"}
"""
)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Until the condition holds; fails the test after the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for: {what}"
        pause.wait(0.02)


@dataclass
class Recorder:
    """The sink of a test: keeps what it is given."""

    events: list[HostEvent] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    end: RunEnd | None = None

    def host_events(self, events: Sequence[HostEvent]) -> None:
        self.events += events
        self.batches.append(len(events))

    def run_ended(self, end: RunEnd) -> None:
        assert self.end is None
        self.end = end
        self.ended.set()

    def wait(self) -> RunEnd:
        assert self.ended.wait(DEADLINE), "the run did not end"
        assert self.end is not None
        return self.end

    def of(self, machine: int) -> list[tuple[str, str]]:
        """Task and status of a machine's events, in order."""
        return [(e.task, e.status) for e in self.events if e.machine_id == machine]


class World:
    """Playbooks, group_vars and artifacts in one folder."""

    HEAD = HEAD
    wait_for = staticmethod(wait_for)

    def __init__(self, root: Path, keep_runs: int = 100) -> None:
        self.root = root
        self.settings = AnsibleSettings(
            playbooks=root / "playbooks",
            group_vars=root / "group_vars",
            artifacts=root / "runs",
            keep_runs=keep_runs,
        )
        self.settings.playbooks.mkdir(exist_ok=True)
        self.settings.group_vars.mkdir(exist_ok=True)
        (self.settings.group_vars / "all.yml").write_text(
            f"ansible_connection: local\nansible_python_interpreter: {sys.executable}\n"
        )
        self.playbook("long", LONG)
        self.playbook("quick", QUICK)

    def playbook(self, name: str, text: str) -> None:
        (self.settings.playbooks / f"{name}.yml").write_text(text)

    def host(self, machine: int, **values: object) -> HostOrder:
        return HostOrder(
            machine_id=machine,
            epoch=1,
            address=f"pc-{machine}",
            values={"rollout_machine_id": machine, **values},
            secrets={"rollout_arm_token": f"hush-{machine}-{'x' * 20}"},
        )

    def order(self, playbook: str, hosts: Sequence[HostOrder], limit: float = 120) -> RunOrder:
        ident = uuid.uuid4().hex
        return RunOrder(int(ident[:6], 16), ident, playbook, hosts, 5, limit)

    def long_order(self, limit: float = 120) -> RunOrder:
        return self.order("long", [self.host(1), self.host(2)], limit)

    def folder(self, ident: str) -> RunFolder:
        return RunFolder(self.settings, ident)

    def processes(self, ident: str) -> dict[int, str]:
        """The living processes of a run with their command lines."""
        lines = {}
        for pid in find([self.folder(ident).marker]):
            try:
                lines[pid] = (PROC / str(pid) / "cmdline").read_bytes().decode().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                continue
        return lines

    def pids(self, ident: str, word: str) -> list[int]:
        return [pid for pid, line in self.processes(ident).items() if word in line]

    def wait_until_at_work(self, ident: str) -> None:
        """Both machines of a long run are in their long task."""

        def at_work() -> bool:
            lines = self.processes(ident).values()
            return sum(line.startswith("sleep 600") for line in lines) == 2

        wait_for(at_work, "two machines in their long task")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def engine(world: World) -> Iterator[LocalEngine]:
    engine = LocalEngine(world.settings)
    yield engine
    engine.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> World:
    """For tests that look at one run from several sides."""
    return World(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def shared_recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recorder_factory() -> type[Recorder]:
    return Recorder
