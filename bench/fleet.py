"""A fleet at 300 sites through a whole programme in simulated time, by the application itself.

The ledger is imported, the plan solved and put into force, waves are approved and begin on their
day, machines are claimed, armed, rewritten, fail, fall silent and are tried again until the last
one is through; then the history is verified. Only the PCs, the time and the people are simulated
(as in `rollout demo --fast`). The largest size that was given is run to its end; what is printed is
where the time went, by the part of the application that was at work.
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from _torture.server import Server

from rollout.adapters.cluster import queue
from rollout.adapters.simulated.engine import SimulatedEngine
from rollout.adapters.simulated.programme import SimulatedProgramme
from rollout.adapters.simulated.staff import Staff
from rollout.application import arrival, dispatch, failures, gates
from rollout.application.exports.status import Standing
from rollout.application.programme import Programme
from rollout.application.results import Results
from rollout.application.takehome.watching import Watch
from rollout.settings import load
from rollout.store import history, migrate
from rollout.store.database import Database

RESULTS = Path(__file__).with_name("results")
SITES = 300
STARTS, CUTOVER = date(2022, 8, 1), date(2023, 5, 1)
WORKING_DAYS = 120
"""The plan has so many days for everybody; the rest of the nine months is room.
Each site is visited on few, full days, as offices are: its runs are of many machines then."""

_TEXT = """\
database_url = "{url}"
[programme]
name = "{machines} machines at {sites} sites"
start = {starts}
cutover = {cutover}
[calendar]
closed = ["2022-12-29/2023-01-03"]
freeze = ["2023-03-20/2023-04-14"]
[limits]
blast_radius = {blast}
machines_per_run = 200
runs_at_once = 1000
machines_per_wave = {wave}
gather_seconds = 0
site = {{ machines_per_day = {per_day}, at_once = {per_day}, few_visits = true }}
[gates]
failed = 1000
silent = 1000
failed_share = 1
silent_share = 1
[windows]
hours = ["09:00-17:00"]
ahead = ["preflight", "capture"]
ahead_days = 3
[generations.DK21]
take_home = true
[generations.DK20]
take_home = true
[generations.DK19]
[generations.DK18]
[generations.DK17]
[steps.capture]
minutes = 240
[steps.reimage]
minutes = 120
[steps.restore]
minutes = 240
"""

PARTS: tuple[tuple[str, Any, str], ...] = (
    ("claims", dispatch, "claim_ready"),
    ("results of runs", Results, "host_events"),
    ("ends of runs", Results, "run_ended"),
    ("arming", arrival, "arm_together"),
    ("boots", arrival, "boot_together"),
    ("check-ins", arrival, "check_in_together"),
    ("gates", gates, "watch"),
    ("retries", failures, "hold_repeated"),
    ("retries", failures, "retry_by_itself"),
    ("take-outs", Watch, "look"),
    ("the staff's mornings", Staff, "morning"),
    ("ticks, whole", Programme, "tick"),
    ("the PCs, whole", SimulatedEngine, "play"),
)
"""What is timed, and where it is found."""


@contextmanager
def timed() -> Iterator[Counter[str]]:
    """Seconds by part, of everything that is called in the block."""
    spent: Counter[str] = Counter()
    kept = [(owner, name, getattr(owner, name)) for _part, owner, name in PARTS]

    def watched(part: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                spent[part] += time.perf_counter() - began

        return call

    for part, owner, name in PARTS:
        setattr(owner, name, watched(part, getattr(owner, name)))
    try:
        yield spent
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def play(
    folder: Path, url: str, machines: int, sites: int, limit: float, cutover: date = CUTOVER
) -> dict[str, Any]:
    """Work through one programme; what came of it. After `limit` seconds it is left unfinished."""
    per_day = max(20, -(-machines // sites // WORKING_DAYS) * 2)
    (folder / "rollout.toml").write_text(
        _TEXT.format(
            url=url, machines=machines, sites=sites, starts=STARTS, cutover=cutover,
            per_day=per_day, blast=per_day * sites, wave=max(200, machines // 100),
        ),
        encoding="utf-8",
    )  # fmt: skip
    os.environ["ROLLOUT_CONFIG"] = str(folder / "rollout.toml")
    settings = load()
    database = Database(settings.database_url, durable=False)
    began = time.perf_counter()
    with timed() as spent:
        migrate.upgrade(database)
        if database.engine.dialect.name == "postgresql":
            queue.prepare(database)
        programme = SimulatedProgramme(database, settings, seed=2022)
        places = [(f"庁舎{n:03d}", 1.0) for n in range(1, sites + 1)]
        summary = programme.prepare(folder / "ledger.csv", machines, places)
        spent["ledger and plan"] = time.perf_counter() - began
        print(f"{machines:,}: planned in {spent['ledger and plan']:.0f} s, {summary.waves} waves, "
              f"{summary.first_day} to {summary.last_day}", flush=True)  # fmt: skip
        shown, last = began, None
        for last in programme.days():
            now = time.perf_counter()
            if now - shown > 10:
                print(f"  {last.day} {last.done:,} done, {now - began:.0f} s", flush=True)
                shown = now
            if now - began > limit:
                break
        programme.close()
    assert last is not None
    worked = time.perf_counter() - began
    with database.read() as session:
        verdict = history.verify(session)
    verified = time.perf_counter() - began - worked
    database.close()
    return {
        "machines": machines,
        "through": last.done,
        "standing": {word.value: last.report.standing[word] for word in Standing},
        "cutover": cutover.isoformat(),
        "day": last.day.isoformat(),
        "whole_programme": last.done == machines,
        "facts": verdict.rows,
        "chain_holds": verdict.holds,
        "seconds": round(worked, 1),
        "verified_seconds": round(verified, 1),
        "facts_per_second": round(verdict.rows / worked),
        "milliseconds_per_machine": round(worked / max(1, last.done) * 1000, 2),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "seconds_by_part": {part: round(taken, 1) for part, taken in spent.most_common()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3,000 machines")
    parser.add_argument("--machines", type=int, default=20_000)
    parser.add_argument("--sites", type=int, default=SITES)
    parser.add_argument("--limit", type=float, default=600, help="give up after so many seconds")
    parser.add_argument("--cutover", type=date.fromisoformat, default=CUTOVER, metavar="DAY")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    given = parser.parse_args()
    machines = 3_000 if given.quick else given.machines
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL has a user of its own where we are root
        server = Server(folder / "postgresql") if given.postgresql else None
        url = server.url if server else f"sqlite:///{folder / 'rollout.db'}"
        try:
            found = play(folder, url, machines, given.sites, given.limit, given.cutover)
        finally:
            if server:
                server.stop()
    for part, seconds in found["seconds_by_part"].items():
        print(f"{seconds:8.1f} s  {part}")
    aims = [
        {"name": "machines through", "value": found["through"], "unit": "machines",
         "aim": str(machines), "holds": found["whole_programme"]},
        {"name": "the chain holds", "value": int(found["chain_holds"]), "unit": "", "aim": "1",
         "holds": found["chain_holds"]},
    ]  # fmt: skip
    result = {"bench": "fleet", "aims": aims}
    kept = {
        **result, "at": datetime.now(UTC).isoformat(timespec="seconds"), "sites": given.sites,
        "database": "postgresql" if given.postgresql else "sqlite", **found,
        "host": platform.platform(), "python": platform.python_version(),
        "load_average": os.getloadavg(),
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    name = "fleet-quick.json" if given.quick else f"fleet-{kept['database']}-{machines}.json"
    (RESULTS / name).write_text(
        json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(
        json.dumps({key: value for key, value in kept.items() if key != "aims"}, ensure_ascii=False)
    )
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
