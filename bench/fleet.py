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
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from _torture.server import Server

from rollout.adapters.cluster import queue
from rollout.adapters.simulated.engine import SimulatedEngine
from rollout.adapters.simulated.programme import SimulatedProgramme
from rollout.adapters.simulated.staff import Staff
from rollout.application import arrival, dispatch, failures, gates, rechecks
from rollout.application.exports.status import Standing, standings
from rollout.application.programme import Programme
from rollout.application.results import Results
from rollout.application.starting import Starter
from rollout.application.takehome.preparing import Preparing
from rollout.application.takehome.watching import Watch
from rollout.settings import load
from rollout.store import history, measures, migrate
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
runs_at_once = {runs}
machines_per_wave = {wave}
gather_seconds = 0
site = {{ machines_per_day = {per_day}, at_once = {at_once}, few_visits = true }}
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
    ("claims of steps", dispatch, "claim_ready"),
    ("claims of measurements", rechecks, "claim_rechecks"),
    ("claims of preparations", Preparing, "claim"),
    ("starts of runs", Starter, "start"),
    ("results of runs", Results, "host_events"),
    ("ends of runs", Results, "run_ended"),
    ("arming", arrival, "arm_together"),
    ("boots", arrival, "boot_together"),
    ("check-ins", arrival, "check_in_together"),
    ("hand-over", dispatch, "set_aside"),
    ("gates", gates, "watch"),
    ("ends of waves", Programme, "_close_waves"),
    ("retries", failures, "hold_repeated"),
    ("retries", failures, "retry_by_itself"),
    ("take-outs", Watch, "look"),
    ("the staff's mornings", Staff, "morning"),
    ("ticks, whole", Programme, "tick"),
    ("the PCs, whole", SimulatedEngine, "play"),
)
"""What is timed, and where it is found."""

PROGRESS_SECONDS = 10


class Enough(Exception):
    """The time is over, or somebody ended the benchmark."""


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


@dataclass
class Course:
    """How far a programme has come; a tick of it that ends too late raises Enough."""

    database: Database
    programme: SimulatedProgramme
    limit: float
    began: float = field(default_factory=time.perf_counter)
    shown: float = 0.0
    ended: bool = False
    """Set by a signal."""

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self.began

    def follow(self) -> None:
        """Look after every tick."""
        tick = Programme.tick

        def followed(programme: Programme) -> Any:
            found = tick(programme)
            if self.seconds - self.shown > PROGRESS_SECONDS:
                self.shown = self.seconds
                done = standings(self.database)[Standing.DONE]
                print(f"  {self.programme.clock.now():%Y-%m-%d %H:%M} {done:,} done, "
                      f"{self.seconds:.0f} s, {time.process_time():.0f} s of a processor",
                      flush=True)  # fmt: skip
            if self.ended or self.seconds > self.limit:
                raise Enough
            return found

        Programme.tick = followed  # type: ignore[method-assign]


def play(
    folder: Path,
    url: str,
    machines: int,
    sites: int,
    limit: float,
    keep: Callable[[dict[str, Any]], None],
    cutover: date = CUTOVER,
) -> dict[str, Any]:
    """Work through one programme; what came of it. After `limit` seconds, or at a signal, it is
    left unfinished. What is known in the evening of each day goes to `keep`."""
    per_day = max(20, -(-machines // sites // WORKING_DAYS) * 2)
    (folder / "rollout.toml").write_text(
        _TEXT.format(
            url=url, machines=machines, sites=sites, starts=STARTS, cutover=cutover,
            per_day=per_day, at_once=2 * per_day, blast=2 * per_day * sites,
            wave=max(200, machines // 100), runs=10 * sites,
        ),
        encoding="utf-8",
    )  # fmt: skip
    os.environ["ROLLOUT_CONFIG"] = str(folder / "rollout.toml")
    settings = load()
    database = Database(settings.database_url, durable=False)
    with timed() as spent:
        migrate.upgrade(database)
        if database.engine.dialect.name == "postgresql":
            queue.prepare(database)
        programme = SimulatedProgramme(database, settings, seed=2022)
        course = Course(database, programme, limit)
        signal.signal(signal.SIGTERM, lambda *_: setattr(course, "ended", True))
        signal.signal(signal.SIGINT, lambda *_: setattr(course, "ended", True))
        places = [(f"庁舎{n:03d}", 1.0) for n in range(1, sites + 1)]
        summary = programme.prepare(folder / "ledger.csv", machines, places)
        spent["ledger and plan"] = course.seconds
        print(f"{machines:,}: planned in {course.seconds:.0f} s, {summary.waves} waves, "
              f"{summary.first_day} to {summary.last_day}", flush=True)  # fmt: skip
        course.follow()
        try:
            for _day in programme.days():
                keep(_said(course, machines, cutover, spent))
        except Enough:
            print("left unfinished", flush=True)
        else:
            programme.close()
    found = _said(course, machines, cutover, spent)
    began = time.perf_counter()
    with database.read() as session:
        verdict = history.verify(session)
    database.close()
    return {
        **found,
        "facts": verdict.rows,
        "chain_holds": verdict.holds,
        "verified_seconds": round(time.perf_counter() - began, 1),
    }


def _said(course: Course, machines: int, cutover: date, spent: Counter[str]) -> dict[str, Any]:
    """What can be said of a programme at this moment."""
    standing = standings(course.database)
    with course.database.read() as session:
        facts = measures.facts(session)
    through = standing[Standing.DONE]
    return {
        "machines": machines,
        "through": through,
        "standing": {word.value: number for word, number in standing.items()},
        "cutover": cutover.isoformat(),
        "day": course.programme.clock.now().date().isoformat(),
        "whole_programme": through == machines,
        "facts": facts,
        "seconds": round(course.seconds, 1),
        "processor_seconds": round(time.process_time(), 1),
        "facts_per_second": round(facts / course.seconds),
        "milliseconds_per_machine": round(course.seconds / max(1, through) * 1000, 2),
        "processor_milliseconds_per_machine": round(
            time.process_time() / max(1, through) * 1000, 2
        ),
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
    database = "postgresql" if given.postgresql else "sqlite"
    name = "fleet-quick.json" if given.quick else f"fleet-{database}-{machines}.json"

    def keep(found: dict[str, Any], **more: object) -> None:
        kept = {
            "bench": "fleet", **more, "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sites": given.sites, "database": database, **found,
            "host": platform.platform(), "python": platform.python_version(),
            "load_average": os.getloadavg(),
        }  # fmt: skip
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
        (RESULTS / name).write_text(text, encoding="utf-8")

    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL has a user of its own where we are root
        server = Server(folder / "postgresql") if given.postgresql else None
        url = server.url if server else f"sqlite:///{folder / 'rollout.db'}"
        try:
            found = play(folder, url, machines, given.sites, given.limit, keep, given.cutover)
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
    keep(found, aims=aims)
    print(json.dumps({"bench": "fleet", "aims": aims}))
    return 0 if all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
