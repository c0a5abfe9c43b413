"""Whatever ends `plan solve` and `plan commit` in the middle leaves the database as it was.

The real command in a process of its own, on a terminal of its own, with 100,000 machines.
"""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path

import databases
import pytest
from sqlalchemy import insert, text

from rollout.domain.machine import MACHINE
from rollout.store.columns import instant
from rollout.store.database import Database
from rollout.store.tables import Department, Machine, Site

MACHINES = 100_000
SITES = 40
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[limits]
machines_per_wave = 1000
blast_radius = 10000
site = { machines_per_day = 60, at_once = 60 }
"""
_progress = re.compile(rf"([0-9]+)/{MACHINES}").findall
_writing = re.compile(rf"writing[^/]*?([0-9]+)/{MACHINES}").findall
_elapsed_and_remaining = re.compile("[0-9]:[0-9]{2}:[0-9]{2} [0-9]:[0-9]{2}:[0-9]{2}").search
_colours = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]").sub


@pytest.fixture(scope="module")
def prefecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the configuration and a database of registered machines."""
    folder = tmp_path_factory.mktemp("prefecture")
    (folder / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    database = Database(f"sqlite:///{folder / 'state' / 'rollout.db'}")
    databases.set_up(database)
    born = {"state": MACHINE.initial.value, "attempt": 1, "version": 1, "in_ledger": True,
            "state_since": instant("2022-10-01T00:00:00.000000Z"), "generation": "DK20",
            "model": "", "floor": "", "purpose": "", "remark": ""}  # fmt: skip
    with database.write() as session:
        session.add_all(Site(id=n, key=f"庁舎{n}") for n in range(1, SITES + 1))
        session.add_all(
            Department(id=n, bureau=f"部{n}", valid_from=date(2022, 4, 1))
            for n in range(1, SITES * 5 + 1)
        )
        session.flush()
        session.connection().execute(
            insert(Machine),
            [
                {**born, "asset_tag": f"DK20-{n:06d}", "serial": f"S{n}", "computer_name": f"P{n}",
                 "site_id": n % SITES + 1, "department_id": n % (SITES * 5) + 1}
                for n in range(1, MACHINES + 1)
            ],
        )  # fmt: skip
    database.close()
    return folder


@pytest.fixture(scope="module")
def proposed(prefecture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a proposal for every machine."""
    folder = tmp_path_factory.mktemp("proposed") / "p"
    shutil.copytree(prefecture, folder)
    with _command(folder, "plan", "solve") as (process, screen):
        seen = _read(screen, _to_the_end)
        assert process.wait() == 0, seen
    # It says how far it is, since when, and for how long still.
    assert int(_progress(seen)[-1]) == MACHINES
    assert _elapsed_and_remaining(seen)
    return folder


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the folder that the test names."""
    return shutil.copytree(request.getfixturevalue(request.param), tmp_path / "copy")


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A shell that puts tests into the background has them, and their children, ignore SIGINT."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _command(folder: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`rollout` at work, and the terminal that shows its progress."""
    screen, terminal = pty.openpty()
    environment = {
        **os.environ,
        "ROLLOUT_CONFIG": str(folder / "rollout.toml"),
        "ROLLOUT_NOW": "2022-10-20T09:00+09:00",
        "TERM": "xterm",
        "COLUMNS": "120",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "rollout.cli", *arguments],
        env=environment, stdin=terminal, stdout=subprocess.DEVNULL, stderr=terminal,
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        yield process, screen
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(screen)


def _read(screen: int, enough: Callable[[str], bool]) -> str:
    """What the terminal shows until `enough` of it was seen, or the command ended."""
    seen = ""
    while True:
        try:
            part = os.read(screen, 65536)
        except OSError:  # the other end is closed: the command is over
            return seen
        if not part:
            return seen
        seen += _colours("", part.decode("utf-8", "replace"))
        if enough(seen):
            return seen


def _to_the_end(_seen: str) -> bool:
    return False


def _under_way(seen: str) -> bool:
    return any(0 < int(done) < MACHINES for done in _writing(seen))


def _contents(folder: Path) -> str:
    """A digest of everything that a plan could change."""
    database = Database(f"sqlite:///{folder / 'state' / 'rollout.db'}")
    digest = sha256()
    with database.read() as session:
        for table in ("machines", "waves", "plans", "plan_slots", "audit", "audit_head"):
            for row in session.connection().execute(text(f"SELECT * FROM {table} ORDER BY id")):  # noqa: S608
                digest.update(repr(tuple(row)).encode())
    database.close()
    return digest.hexdigest()


@pytest.mark.parametrize(
    ("folder", "command", "number"),
    [
        ("prefecture", "solve", signal.SIGINT),
        ("proposed", "commit", signal.SIGINT),
        ("proposed", "commit", signal.SIGKILL),
    ],
    indirect=["folder"],
)
def test_a_command_that_is_ended_in_the_middle_leaves_everything_as_it_was(
    folder: Path, command: str, number: signal.Signals
) -> None:
    before = _contents(folder)
    with _command(folder, "plan", command) as (process, screen):
        seen = _read(screen, _under_way)
        assert _under_way(seen), seen
        process.send_signal(number)
        seen += _read(screen, _to_the_end)
        code = process.wait()
    if number == signal.SIGINT:
        assert code == 130
        assert "interrupted; nothing is half-applied" in seen
        assert "Traceback" not in seen
    else:
        assert code == -signal.SIGKILL
    assert _contents(folder) == before


@pytest.mark.parametrize("folder", ["proposed"], indirect=True)
def test_a_commit_shows_how_far_it_is_and_puts_every_machine_into_force(folder: Path) -> None:
    with _command(folder, "plan", "commit") as (process, screen):
        seen = _read(screen, _to_the_end)
        assert process.wait() == 0, seen
    done = [int(number) for number in _writing(seen)]
    assert done == sorted(done)
    assert len(set(done)) > 3
    assert done[-1] == MACHINES
    database = Database(f"sqlite:///{folder / 'state' / 'rollout.db'}")
    with database.read() as session:
        states = session.connection().execute(
            text(
                "SELECT state, count(*) FROM machines WHERE planned_day IS NOT NULL GROUP BY state"
            )
        )
        assert [tuple(row) for row in states] == [("planned", MACHINES)]
    database.close()
