"""Old output of runs goes, and never that of a run whose machines are awaited."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.adapters.ansible.archive import RunArchive
from rollout.adapters.ansible.folder import RECORD, RunFolder
from rollout.adapters.ansible.local import LocalEngine
from rollout.settings import AnsibleSettings

DAY = timedelta(days=1)
ENDLESS = 10**12


class Runs:
    """Folders of runs that began so many days ago, a thousand bytes each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.archive = RunArchive(AnsibleSettings(artifacts=root))

    def add(self, ident: str, days: float) -> None:
        folder = self.root / ident
        folder.mkdir(parents=True)
        (folder / "stdout").write_bytes(b"x" * 998)
        record = folder / RECORD
        record.write_text("{}")
        began = time.time() - days * 86400
        os.utime(record, (began, began))

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())

    def prune(
        self, days: float = 9999, largest: int = ENDLESS, needed: frozenset[str] = frozenset()
    ) -> tuple[int, int]:
        before = datetime.now(UTC) - timedelta(days=days)
        return self.archive.prune(before=before, largest=largest, needed=lambda: needed)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    made = Runs(tmp_path / "runs")
    for ident, days in (("oldest", 100), ("older", 50), ("newer", 5), ("newest", 1)):
        made.add(ident, days)
    return made


def test_the_size_is_that_of_every_run(runs: Runs) -> None:
    assert runs.archive.size() == (4, 4000)


def test_what_was_never_cleared_up_is_found_until_it_is(runs: Runs) -> None:
    settings = AnsibleSettings(artifacts=runs.root)
    assert runs.archive.untidy() == []
    (runs.root / "older" / "inventory").mkdir()
    RunFolder(settings, "newest").control.mkdir(mode=0o700)
    assert sorted(runs.archive.untidy()) == ["newest", "older"]
    LocalEngine(settings).sweep(["newest", "older"])
    assert runs.archive.untidy() == []


def test_what_is_too_old_goes(runs: Runs) -> None:
    assert runs.prune(days=40) == (2, 2000)
    assert runs.left == ["newer", "newest"]


def test_beyond_the_size_the_oldest_go(runs: Runs) -> None:
    assert runs.prune(largest=2999) == (2, 2000)
    assert runs.left == ["newer", "newest"]


def test_exactly_at_the_size_nothing_goes(runs: Runs) -> None:
    assert runs.prune(largest=4000) == (0, 0)


def test_what_is_needed_stays_and_the_next_goes_instead(runs: Runs) -> None:
    assert runs.prune(largest=2999, needed=frozenset({"oldest"})) == (2, 2000)
    assert runs.left == ["newest", "oldest"]
    assert runs.prune(days=0, largest=0, needed=frozenset({"oldest"})) == (1, 1000)
    assert runs.left == ["oldest"]


def test_what_is_no_folder_of_a_run_is_left_alone(runs: Runs) -> None:
    (runs.root / "notes").mkdir()
    (runs.root / "notes" / "keep.txt").write_text("by hand")
    (runs.root / "file").write_text("")
    runs.prune(days=0, largest=0)
    assert runs.left == ["file", "notes"]


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    empty = Runs(tmp_path / "absent")
    assert empty.archive.size() == (0, 0)
    assert empty.prune(days=0, largest=0) == (0, 0)


def test_the_engine_keeps_so_many_runs_and_those_that_are_needed(runs: Runs) -> None:
    settings = AnsibleSettings(artifacts=runs.root, keep_runs=1)
    LocalEngine(settings, needed=lambda: frozenset({"oldest"}))._rotate()
    assert runs.left == ["newest", "oldest"]
