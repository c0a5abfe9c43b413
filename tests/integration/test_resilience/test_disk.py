"""The real daemon on a disk that takes nothing more; what a database says that cannot write."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rollout.application.daemon_status import daemon_status

Programme = Any
MACHINES = 3
READ_ONLY = """
from sqlalchemy import Engine, event
event.listen(Engine, "connect", lambda opened, _: opened.execute("PRAGMA query_only=ON").close())
from rollout.cli import main
main()
"""
"""`rollout` with a database that SQLite itself refuses to write."""


class Serve:
    """`rollout serve` as a process; `said` is what it wrote to standard error."""

    def __init__(self, local: Any) -> None:
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rollout.cli", "serve"],
            env=local.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    @contextmanager
    def without_room(self) -> Iterator[None]:
        """No file may grow, as with a quota that is used up."""
        pid, kind = self.process.pid, resource.RLIMIT_FSIZE
        soft, hard = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (0, hard))
        try:
            yield
        finally:
            resource.prlimit(pid, kind, (soft, hard))

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        code = self.process.wait(60)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture
def serve(programme: Programme, local: Any) -> Iterator[Serve]:
    """The daemon over machines of a paused wave."""
    local.playbook("verify", local.REPORTS)
    programme.populate(MACHINES)
    made = Serve(local)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.end()


def test_the_daemon_waits_for_room_and_goes_on(programme: Programme, serve: Serve) -> None:
    programme.wait_for(lambda: daemon_status(programme.database).alive, "the daemon")
    with serve.without_room():
        programme.resume()
        programme.wait_for(lambda: "nothing begins and nothing is recorded" in serve.said, "words")
        assert "look at its room, its quota and its health" in serve.said
        assert serve.process.poll() is None
        assert set(programme.states()) == {"restored"}
    programme.wait_for(programme.through, "the wave's end")
    programme.wait_for(lambda: "the database answers again" in serve.said, "its end in words")
    assert serve.end() == 0
    assert "Traceback" not in serve.said
    assert programme.chain_holds()


@pytest.mark.parametrize(
    "command", [["serve"], ["wave", "resume", "1"], ["machine", "release", "DK20-000001"]]
)
def test_a_read_only_database_is_named_with_the_remedy(
    command: list[str], programme: Programme, local: Any
) -> None:
    programme.populate(1)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, *command],
        env=local.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "let this user write the file and its folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_database_is_named_with_the_remedy(programme: Programme, local: Any) -> None:
    programme.database.close()
    whole = programme.path.read_bytes()
    programme.path.write_bytes(os.urandom(4096) + whole[4096:])
    for side in ("-wal", "-shm"):
        Path(f"{programme.path}{side}").unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "rollout.cli", "wave", "list"],
        env=local.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "restore the last good copy" in done.stderr
