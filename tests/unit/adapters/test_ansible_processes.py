"""Processes of a run are found by what they were started with, whatever session they open."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollout.adapters.ansible.environment import environment
from rollout.adapters.ansible.processes import Marker, available, find, kill
from rollout.settings import AnsibleSettings

SLEEPER = [sys.executable, "-S", "-c", "import signal; print(flush=True); signal.pause()"]


@contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.fixture
def marker(tmp_path: Path) -> Marker:
    return Marker("run-1", tmp_path / "run-1")


def test_this_system_shows_processes():
    assert available()


def test_only_the_processes_of_the_run_are_killed(marker, tmp_path):
    other = Marker("run-1", tmp_path / "elsewhere" / "run-1")
    with (
        started(SLEEPER, marker.environment()) as mine,
        started(SLEEPER, other.environment()) as theirs,
    ):
        assert set(find([marker])) == {mine.pid}
        assert kill([marker]) == 1
        assert mine.wait(5) == -signal.SIGKILL
        assert find([marker]) == {}
        assert theirs.poll() is None
    assert kill([marker, other]) == 0
    assert kill([]) == 0


def test_a_descendant_that_cleared_its_environment_is_found(marker):
    shell = [
        "sh",
        "-c",
        f"env -i {sys.executable} -S -c 'import signal; print(flush=True); signal.pause()'; true",
    ]
    with started(shell, {**marker.environment(), "PATH": os.environ["PATH"]}) as process:
        assert len(find([marker])) == 2
        assert kill([marker]) == 2
        process.wait(5)


def test_an_ssh_master_is_found_by_its_control_socket(marker):
    title = f"import signal; print(flush=True); signal.pause() # {marker.control}/m1 [mux]"
    with started([sys.executable, "-S", "-c", title], {}) as process:
        assert set(find([marker])) == {process.pid}
        assert kill([marker]) == 1
        process.wait(5)


def test_a_run_that_forks_while_it_is_killed_is_killed_whole(marker):
    storm = (
        "import os, time\n"
        "for _ in range(2): os.fork()\n"
        "print(flush=True)\n"
        "end = time.monotonic() + 8\n"
        "while time.monotonic() < end:\n"
        "    time.sleep(0.005)\n"  # a faster one takes every process number of the computer
        "    if os.fork() == 0: os.setsid()\n"
        "    else: os._exit(0)\n"
    )
    with started([sys.executable, "-S", "-c", storm], marker.environment()):
        kill([marker], patience=5)
        assert find([marker]) == {}


def test_the_environment_of_a_run_holds_nothing_that_is_not_named(marker, tmp_path):
    outer = {"PATH": "/bin", "HOME": "/root", "GRAPH_CLIENT_SECRET": "hush", "TZ": "Asia/Tokyo"}
    settings = AnsibleSettings(collections=(Path("/lab/collections"),), artifacts=tmp_path)
    env = environment(settings, marker, forks=7, outer=outer)
    assert "hush" not in repr(env)
    assert env["TZ"] == "Asia/Tokyo"
    assert env["ROLLOUT_RUN_ID"] == "run-1"
    assert env["ANSIBLE_FORKS"] == "7"
    assert env["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert env["ANSIBLE_COLLECTIONS_PATH"].split(":")[0] == "/lab/collections"
