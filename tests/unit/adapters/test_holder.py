"""A holder of the lease is told from a process that merely has its number."""

import os
import socket
import subprocess
import sys

from rollout.adapters.holder import is_gone, own_name


def test_a_living_process_is_not_gone() -> None:
    assert own_name().startswith(f"{socket.gethostname()}:{os.getpid()}:")
    assert not is_gone(own_name())


def test_a_dead_process_is_gone() -> None:
    program = "from rollout.adapters.holder import own_name; print(own_name())"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert is_gone(run.stdout.strip())


def test_a_dead_process_that_nobody_buried_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert is_gone(f"{socket.gethostname()}:{process.pid}:1")
    finally:
        process.wait()


def test_another_process_with_the_same_number_is_not_the_holder() -> None:
    host, pid, start = own_name().rsplit(":", 2)
    assert is_gone(f"{host}:{pid}:{int(start) - 1}")


def test_what_cannot_be_known_is_not_called_gone() -> None:
    pid = os.getpid()
    assert not is_gone(f"another-computer:{pid}:1")
    assert not is_gone(f"{socket.gethostname()}:{pid}:?")
    assert not is_gone(f"{socket.gethostname()}:many:1")
    assert not is_gone("nonsense")
    assert not is_gone("")
