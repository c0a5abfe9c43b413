"""Dispatch: how well places are used, how fast events come in, and what a tick costs.

1. 200 machines of random durations through their passage with 20 places at one site, by the real
   application in simulated time, beside the lower bound (the longest machine, or all work spread
   evenly over the places) and beside batch after batch, in which every step waits for the slowest.
2. Events from ansible-runner's own event files and output, through the engine's processes, into
   the database.
3. A tick over 100,000 machines while waves run and every place is taken.
"""

import argparse
import gc
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _large
import _slots
import _stream

from rollout.application.programme import Programme
from rollout.settings import load
from rollout.store import leases

RESULTS = Path(__file__).with_name("results")
BOUND_AIM, EVENTS_AIM, TICK_AIM = 1.05, 2000, 50.0


def ticks(folder: Path, size: int, rounds: int) -> list[float]:
    """Milliseconds of CPU of each tick in which nothing can start."""
    configuration = folder / "large.toml"
    configuration.write_text(
        f"""
        [programme]
        start = 2022-11-01
        cutover = 2023-05-01
        [limits]
        blast_radius = 1000
        runs_at_once = 1000
        site = {{ machines_per_day = 400, at_once = {2 * _large.AT_WORK} }}
        """,
        encoding="utf-8",
    )
    os.environ["ROLLOUT_CONFIG"] = str(configuration)
    settings = load()
    database, engine = _large.write(folder / "large.db", size)
    with database.write() as session:
        now = datetime.now(UTC)
        epoch = leases.acquire(session, "bench", now=now, lasts=timedelta(hours=1))
    clock = _large.StandingClock()
    programme = Programme(database, settings, engine, clock, lease_epoch=epoch)
    programme.tick()
    gc.collect()
    found = []
    for _round in range(rounds):
        # Of this thread's time alone: what else the computer does is not the tick's cost.
        started = time.thread_time()
        ticked = programme.tick()
        found.append((time.thread_time() - started) * 1000)
        assert ticked.started == 0
    database.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the size")
    quick = parser.parse_args().quick
    size, places, tasks, fleet = (80, 8, 50, 20_000) if quick else (200, 20, 200, 100_000)
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        spans = _slots.measure(folder, size, places, seed=1, owners_first=False)
        kind = _slots.measure(folder, size, places, seed=1, owners_first=True)
        intake = _stream.measure(folder, runs=2, tasks=tasks)
        milliseconds = ticks(folder, fleet, rounds=30)
    tick, slowest = statistics.median(milliseconds), max(milliseconds)
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, ansible-runner {version('ansible-runner')}"
    )
    print(f"{size} machines, {places} places, simulated minutes in {spans.runs} runs:")
    for label, minutes in (
        ("lower bound", spans.bound),
        ("all together", spans.rollout),
        ("owners first", kind.rollout),
        ("batch after batch", spans.batches),
    ):
        print(f"  {label:<18} {minutes:9.1f} min {minutes / spans.bound:7.3f} of the bound")
    print(
        f"  from a rewritten disk to a finished PC: {kind.waited:.0f} min with owners first, "
        f"{spans.waited:.0f} min all together"
    )
    print(
        f"{intake.events:,} events of {2 * _stream.AT_ONCE} machines in {intake.seconds:.2f} s: "
        f"{intake.per_second:,.0f}/s, {1e6 * intake.daemon_cpu / intake.events:.0f} µs of the "
        "daemon's CPU each"
    )
    print(
        f"{fleet:,} machines, {_large.AT_WORK + _large.WAITING} running waves: "
        f"a tick takes {tick:.1f} ms of CPU (median of {len(milliseconds)}, slowest {slowest:.1f})"
    )
    aims: list[dict[str, Any]] = [
        {
            "name": "time to finish, all together, beside the lower bound",
            "value": (ratio := round(spans.rollout / spans.bound, 3)),
            "unit": "times",
            "aim": f"<= {BOUND_AIM}",
            "holds": ratio <= BOUND_AIM,
        },
        {
            "name": "events from ansible-runner into the database",
            "value": (rate := round(intake.per_second)),
            "unit": "1/s",
            "aim": f">= {EVENTS_AIM}",
            "holds": rate >= EVENTS_AIM,
        },
        {
            "name": f"tick at {fleet:,} machines",
            "value": (cost := round(tick, 1)),
            "unit": "ms of CPU",
            "aim": f"< {TICK_AIM:g}",
            "holds": cost < TICK_AIM,
        },
    ]
    result = {"bench": "dispatch", "aims": aims}
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "makespan_minutes": {
            "lower bound": round(spans.bound, 1),
            "all together": round(spans.rollout, 1),
            "owners first": round(kind.rollout, 1),
            "batch after batch": round(spans.batches, 1),
        },
        "owner_waits_minutes": {
            "all together": round(spans.waited, 1),
            "owners first": round(kind.waited, 1),
        },
        "runs": spans.runs,
        "events": intake.events,
        "event_seconds": round(intake.seconds, 3),
        "daemon_cpu_seconds": round(intake.daemon_cpu, 3),
        "tick_milliseconds": [round(one, 1) for one in milliseconds],
        "host": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    RESULTS.mkdir(exist_ok=True)
    file = "dispatch-quick.json" if quick else "dispatch.json"
    (RESULTS / file).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
