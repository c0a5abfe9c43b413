"""Whatever dies and when: no process of a run is left, and nothing unproven counts as success."""

import os
import signal
import subprocess
import sys
import time

import pytest

from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.ansible.processes import PROC

SECONDS_TO_DIE = 15
DAEMON = """\
import sys
from pathlib import Path
from rollout.adapters.ansible.local import LocalEngine
from rollout.application.ports import HostOrder, RunOrder
from rollout.settings import AnsibleSettings

class Sink:
    def host_events(self, events): pass
    def run_ended(self, end): print(end, flush=True)

root = Path(sys.argv[1])
engine = LocalEngine(AnsibleSettings(
    playbooks=root / "playbooks", group_vars=root / "group_vars", artifacts=root / "runs"
))
hosts = [HostOrder(i, 1, f"pc-{i}", {}, {"rollout_arm_token": "hush-hush"}) for i in (1, 2)]
engine.start(RunOrder(1, sys.argv[2], "long", hosts, 5, 120), Sink())
sys.stdin.read()
"""


@pytest.fixture
def daemon(world):
    """Another process that holds an engine with a long run at work."""
    ident = "run-of-a-daemon"
    with subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(world.root), ident],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            world.wait_until_at_work(ident)
            yield process, ident
        finally:
            process.kill()
            LocalEngine(world.settings).sweep([ident])


def test_cancel_stops_a_long_task_and_leaves_nothing(world, engine, recorder):
    order = world.long_order()
    engine.start(order, recorder)
    world.wait_until_at_work(order.ident)
    assert not world.folder(order.ident).hosts.exists(), "the secrets outlive their use"
    world.wait_for(lambda: len(recorder.events) == 2, "results while the run goes on")
    assert not recorder.ended.is_set()
    processes = world.processes(order.ident)
    assert "hush" not in " ".join(processes.values())
    for pid in processes:
        assert b"hush" not in (PROC / str(pid) / "environ").read_bytes()
    assert engine.sweep([order.ident]) == 0, "a run of this engine was swept"
    assert not engine.cancel(order.run_id + 1)
    assert engine.cancel(order.run_id)
    assert recorder.wait().how == "cancelled"
    assert world.processes(order.ident) == {}
    assert engine.alive() == frozenset()
    assert recorder.of(1) == [("Say hello", "ok")]


def test_the_time_limit_stops_a_run(world, engine, recorder):
    order = world.long_order(limit=1.5)
    engine.start(order, recorder)
    end = recorder.wait()
    assert end.how == "timeout"
    assert "1.5" in end.message
    assert world.processes(order.ident) == {}


def test_close_cancels_what_runs_and_waits(world, engine, recorder):
    order = world.long_order()
    engine.start(order, recorder)
    world.wait_until_at_work(order.ident)
    engine.close()
    assert recorder.end.how == "cancelled"
    assert world.processes(order.ident) == {}


@pytest.mark.parametrize("victim", ["ansible-playbook", "rollout.adapters.ansible.child"])
def test_a_killed_part_makes_a_crash_and_leaves_nothing(world, engine, recorder, victim):
    order = world.long_order()
    engine.start(order, recorder)
    world.wait_until_at_work(order.ident)
    # The oldest of that name: its workers are forks with the same command line.
    os.kill(min(world.pids(order.ident, victim)), signal.SIGKILL)
    end = recorder.wait()
    assert end.how == "crashed"
    assert end.message
    assert world.processes(order.ident) == {}
    assert not world.folder(order.ident).hosts.exists()


def test_garbage_on_the_pipe_makes_a_crash(world, engine, recorder):
    order = world.long_order()
    engine.start(order, recorder)
    world.wait_until_at_work(order.ident)
    (child,) = world.pids(order.ident, "rollout.adapters.ansible.child")
    (pipe,) = [
        file
        for file in (PROC / str(child) / "fd").iterdir()
        if int(file.name) > 2 and str(file.readlink()).startswith("pipe:")
    ]
    pipe.write_bytes(b'["ok", 99, "I am not of this run", null, null, null]\n')
    end = recorder.wait()
    assert end.how == "crashed"
    assert "99" in end.message
    assert world.processes(order.ident) == {}


class Broken:
    """A sink whose database is gone."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.refusals = 1

    def host_events(self, events):
        raise RuntimeError("database is locked")

    def run_ended(self, end):
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("database is still locked")
        self.recorder.run_ended(end)


def test_a_sink_that_fails_stops_the_run_and_is_told(world, engine, recorder):
    order = world.long_order()
    engine.start(order, Broken(recorder))
    end = recorder.wait()
    assert end.how == "crashed"
    assert "database is locked" in end.message
    assert world.processes(order.ident) == {}
    world.wait_for(lambda: not engine.alive(), "the engine forgets the run")


def test_a_killed_daemon_takes_its_run_along(world, daemon):
    process, ident = daemon
    process.send_signal(signal.SIGKILL)
    process.wait()
    world.wait_for(lambda: not world.processes(ident), "all processes are gone", SECONDS_TO_DIE)
    folder = world.folder(ident)
    world.wait_for(lambda: not folder.control.exists(), "the guard has tidied up")
    assert not (folder.path / "inventory").exists()


def test_a_daemon_that_exits_without_closing_takes_its_run_along(world, daemon):
    process, ident = daemon
    process.stdin.close()
    assert process.wait(SECONDS_TO_DIE) == 0
    world.wait_for(lambda: not world.processes(ident), "all processes are gone", SECONDS_TO_DIE)


def test_sweep_finds_what_daemon_and_child_left(world, daemon, engine):
    process, ident = daemon
    (child,) = world.pids(ident, "rollout.adapters.ansible.child")
    # The child is stopped first, so that its guard has no moment to act.
    os.kill(child, signal.SIGSTOP)
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.kill(child, signal.SIGKILL)
    world.wait_for(lambda: not world.pids(ident, "ansible.child"), "the child is gone")
    left = world.pids(ident, "sleep 600")
    assert len(left) == 2
    assert engine.sweep(["another", ident]) >= 2
    assert world.processes(ident) == {}
    assert engine.sweep([ident]) == 0
    assert not (world.folder(ident).path / "inventory").exists()
    assert not world.folder(ident).control.exists()


def test_a_leashed_run_ends_by_itself_when_nobody_reassures_it(world, engine, recorder):
    engine.reassure(time.clock_gettime(time.CLOCK_BOOTTIME) + 3)
    order = world.long_order()
    engine.start(order, recorder)
    end = recorder.wait()
    assert end.how == "crashed"
    assert "no sign of life" in str(end.message)
    assert world.processes(order.ident) == {}


def test_a_leashed_run_goes_on_while_it_is_reassured(world, engine, recorder):
    def reassured() -> bool:
        engine.reassure(time.clock_gettime(time.CLOCK_BOOTTIME) + 5)
        return recorder.ended.is_set()

    reassured()
    engine.start(world.order("quick", [world.host(1)]), recorder)
    world.wait_for(reassured, "the end of the run")
    assert recorder.wait().how == "successful"
