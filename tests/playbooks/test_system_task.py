"""Role system_task: one work of a name at a time (see test_lost_connection for its life)."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

OTHER = 357
#: Work as SYSTEM that somebody else ordered; it ends when the file `go` appears.
_WORK = """
import sys, time
from pathlib import Path
from rollout.lab.windows import background
from rollout.lab.windows.state import PcFolder

pc = PcFolder(Path(sys.argv[1]))

def work():
    while not (pc.path / "go").exists():
        time.sleep(0.01)
    return {"failed": False, "changed": False, "value": {}}

background.follow(pc, "user-state", "somebody else's", 9, work, 60)
"""


@pytest.fixture
def busy(bench: Any, until: Callable[[Callable[[], bool]], None]) -> Iterator[Path]:
    """Work of the same name on the PC; the file that lets it end."""
    pc = bench.folder_of(OTHER)
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", _WORK, str(pc.path)], cwd=root) as session:
        until(lambda: (pc.tasks / "user-state.json").exists())
        yield pc.path / "go"
        (pc.path / "go").touch()
        assert session.wait(60) == 0


def test_other_work_of_the_name_is_refused_until_it_has_ended(
    bench: Any, busy: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    refused = bench.play("capture", bench.hosts(OTHER))
    assert "other work 'user-state' still runs on this machine" in refused.failure(f"m{OTHER}")
    busy.touch()
    until(lambda: not (bench.folder_of(OTHER).tasks / "user-state.json").exists())
    assert bench.play("capture", bench.hosts(OTHER)).report(f"m{OTHER}")["files"] > 5
