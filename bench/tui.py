"""First paint and key-to-paint of the terminal's screen at any fleet size, idle and under load.

Both sides run in a real pseudo-terminal of 160x45: our screen, whose machines are a window on the
database, and a plain table that is told every row. Under load another process's part is played by
a thread here that moves 200 machines a second through the transition table; the rate that it
reached is part of the result.
"""

import argparse
import json
import os
import platform
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import _fleet
import textual
from _terminal import Terminal
from _tui_child import IMPORTED

from rollout.domain.machine import MachineVerb
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Machine

RESULTS = Path(__file__).with_name("results")
NOW = _fleet.NOW
PER_SECOND = 200
KEYS = 240
FLUSHES = 10
"""Looks that have to paint something while keys are measured, or the figure says little."""
ARRIVING = 3
"""Seconds in which the overview asks for everything once; kept beside what it takes then."""
_IN_SIGHT = range(1, 40)
# With -P, or this file would be found in place of the package `tui`.
_CHILD = str(Path(__file__).with_name("_tui_child.py"))


def _fill(folder: Path, machines: int) -> Database:
    (folder / "rollout.toml").write_text(
        'database_url = "sqlite:///rollout.db"\n[programme]\nname = "bench"\n'
        "start = 2022-11-07\ncutover = 2023-05-01\n[roles]\noperators = ['bench']\n",
        encoding="utf-8",
    )
    return _fleet.write(folder / "rollout.db", machines)


class Load:
    """Another process's part: machines are held and released, one in five of the rows in sight.

    Groups and the gaps between them are irregular, or the changes would fall into step with the
    looks of the screen: what is held and released between two looks was never seen.
    `reached` says at which rate.
    """

    def __init__(self, database: Database, machines: int) -> None:
        self._database, self._machines = database, machines
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")
        self._moved = 0
        self._begun = self._ended = 0.0

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._ended = time.monotonic()

    @property
    def reached(self) -> float:
        """Changes a second."""
        return self._moved / (self._ended - self._begun)

    def _run(self) -> None:
        rng = random.Random(8)
        # What is planned may be held; the newest machines are, in every fleet of ours.
        free = range(self._machines * 3 // 4, self._machines)
        held: set[int] = set()
        due = self._begun
        while not self._stop.is_set():
            size = rng.randint(1, 8)
            chosen = {rng.choice(_IN_SIGHT if rng.random() < 0.2 else free) for _ in range(size)}
            for verb, group in (
                (MachineVerb.RELEASE, chosen & held),
                (MachineVerb.HOLD, chosen - held),
            ):
                if group:
                    with self._database.write() as session:
                        transitions.apply(
                            session, Machine, sorted(group), verb,
                            actor="load", at=NOW, reason="load",
                        )  # fmt: skip
            held ^= chosen
            self._moved += len(chosen)
            due += rng.expovariate(PER_SECOND / len(chosen))
            self._stop.wait(max(0, due - time.monotonic()))


def _latencies(terminal: Terminal) -> tuple[list[float], int]:
    """From a key to the paint of the row on which the cursor then stands; and in how many looks
    meanwhile rows were painted that no key had asked for."""
    found: list[float] = []
    rng, flushes, last = random.Random(8), 0, 1
    for number in range(KEYS):
        down = (number // 30) % 2 == 0
        at = number % 30 + 2 if down else 30 - number % 30
        terminal.press(b"\x1b[B" if down else b"\x1b[A")
        took = terminal.until(f"DK20-{at:07}", 5)
        if took is not None:
            found.append(took)
        # Of any length: the keys of a person are in step with nothing.
        terminal.watch(rng.uniform(0.01, 0.06))
        # The first row is under the idle mouse, and painted with every move of the cursor.
        flushes += _rows_painted(terminal.painted) - {at, last, 1} != set()
        last = at
    return found, flushes


def _rows_painted(painted: bytes) -> set[int]:
    return {int(tag) for tag in re.findall(rb"DK20-(\d{7})", painted)}


def _quantiles(found: list[float]) -> dict[str, float | int]:
    cuts = statistics.quantiles(found, n=100)
    return {
        "keys": len(found),
        "p50_ms": round(1000 * cuts[49], 1),
        "p95_ms": round(1000 * cuts[94], 1),
        "worst_ms": round(1000 * max(found), 1),
    }


def _ours(folder: Path, database: Database, machines: int) -> dict[str, Any]:
    terminal = Terminal([sys.executable, "-P", _CHILD, "ours"])
    try:
        if terminal.until(IMPORTED, 60) is None:
            raise SystemExit("the screen did not start")
        first = terminal.until(f"{machines:,}", 60)
        terminal.press(b"3")
        room = terminal.until("DK20-0000001", 60)
        idle = _quantiles(_latencies(terminal)[0])
        idle_share = terminal.watch(3)
        with Load(database, machines) as load:
            terminal.watch(1)
            keys, flushes = _latencies(terminal)
            share = terminal.watch(5)
            terminal.press(b"1")
            arriving = terminal.watch(ARRIVING)
            overview = terminal.watch(8)
    finally:
        terminal.close()
    return {
        "first_data_s": round(first or 60, 3),
        "machines_room_s": round(room or 60, 3),
        "idle": {**idle, "core": round(idle_share, 3)},
        "load": {
            **_quantiles(keys),
            "flushes_that_painted": flushes,
            "core_machines": round(share, 3),
            "core_overview": round(overview, 3),
            "core_overview_arriving": round(arriving, 3),
            "changes_per_second": round(load.reached, 1),
        },
    }


def _plain() -> dict[str, Any]:
    terminal = Terminal([sys.executable, "-P", _CHILD, "plain"])
    try:
        if terminal.until(IMPORTED, 60) is None:
            raise SystemExit("the plain table did not start")
        first = terminal.until("DK20-0000001", 300)
        return {"first_data_s": round(first or 300, 3), **_quantiles(_latencies(terminal)[0])}
    finally:
        terminal.close()


def main() -> int:
    """Measure; 0 when every aim holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 machines only")
    quick = parser.parse_args().quick
    kept: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "textual": textual.__version__,
        "terminal": "160x45",
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "fleets": {},
    }
    for machines in (10_000,) if quick else (10_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            database = _fill(folder, machines)
            os.environ["ROLLOUT_CONFIG"] = str(folder / "rollout.toml")
            ours = _ours(folder, database, machines)
            # At 1,000,000 the plain table needs minutes and gigabytes: it grows with the rows.
            plain = _plain() if machines < 1_000_000 else None
            database.close()
        kept["fleets"][str(machines)] = {"ours": ours, "plain table": plain}
        print(f"{machines:>9,}  ours {ours}  plain table {plain}", flush=True)
    aims = _aims([fleet["ours"] for fleet in kept["fleets"].values()])
    kept["aims"] = aims
    RESULTS.mkdir(exist_ok=True)
    name = "tui-quick.json" if quick else "tui.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({"bench": "tui", "aims": aims}))
    return 0 if all(aim["holds"] for aim in aims) else 1


def _aims(fleets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each figure the worst of all fleets, of work that of the room that takes more."""
    loads = [fleet["load"] for fleet in fleets]
    first = max(fleet["first_data_s"] for fleet in fleets)
    p95 = max(load["p95_ms"] for load in loads)
    painted = min(load["flushes_that_painted"] for load in loads)
    core = max(max(load["core_machines"], load["core_overview"]) for load in loads)
    reached = min(load["changes_per_second"] for load in loads)
    keys = min(load["keys"] for load in loads)
    return [
        {"name": "first data after imports", "value": first, "unit": "s", "aim": "< 0.5",
         "holds": first < 0.5},
        {"name": "key to paint p95 under load", "value": p95, "unit": "ms",
         "aim": "< 30", "holds": p95 < 30 and keys == KEYS},
        {"name": "looks that painted rows meanwhile", "value": painted,
         "unit": "", "aim": f">= {FLUSHES}", "holds": painted >= FLUSHES},
        {"name": "work under load", "value": core, "unit": "cores", "aim": "< 0.2",
         "holds": core < 0.2},
        {"name": "changes under load", "value": reached, "unit": "1/s",
         "aim": f">= {0.95 * PER_SECOND:.0f}", "holds": reached >= 0.95 * PER_SECOND},
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
