"""What the tables bear: claims, host results, states a second, and the first screen's queries.

At each size a database of so many machines is made on SQLite and on PostgreSQL (out of a wheel, on
this computer, with fsync as it comes). Then a batch is claimed, its machines report, they move, and
what the first screen asks is asked; beside it the raw driver does the same. On PostgreSQL
besides: how long after it was put into its queue a run is taken by a waiting worker's source.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _torture.server import Server
from sqlalchemy import insert, text

from rollout.adapters.cluster import queue
from rollout.adapters.cluster.engine import QueueEngine
from rollout.adapters.cluster.source import JobSource
from rollout.application.glance import by_place, glance
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.run import RunState
from rollout.settings import AnsibleSettings
from rollout.store import claims, migrate, runs, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Run, Site

RESULTS = Path(__file__).with_name("results")
NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
SITES, BATCH, MOVED = 300, 50, 5_000
ROUNDS = 20
PICK_UPS = 30
PICK_UP_AIM = 0.5
"""Seconds until a waiting worker has a run, the median."""
QUERY_AIM = 1.0
"""Seconds for what the first screen asks, the median at the largest size."""


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Callable[[int], Database]]]:
    """By product: what makes an empty database for a size."""
    server = Server(folder / "postgresql")
    opened: list[Database] = []

    def sqlite(size: int) -> Database:
        opened.append(Database(f"sqlite:///{folder}/{size}.db"))
        return opened[-1]

    def postgresql(size: int) -> Database:
        opened.append(Database(server.database(f"size{size}")))
        return opened[-1]

    try:
        yield {"sqlite": sqlite, "postgresql": postgresql}
    finally:
        for database in opened:
            database.close()
        server.stop()


def fill(database: Database, size: int) -> None:
    """Machines at 300 sites, all captured: one as the program makes it, the rest by SQL from it."""
    migrate.upgrade(database)
    with database.write() as session:
        connection = session.connection()
        connection.execute(insert(Site), [{"key": f"site {n}"} for n in range(SITES)])
        first = connection.execute(text("SELECT min(id) FROM sites")).scalar_one()
        pattern = Machine(
            asset_tag="DK20-0", serial="SN0", generation="DK20", site_id=first,
            state=MachineState.CAPTURED.value, state_since=NOW,
        )  # fmt: skip
        session.add(pattern)
        session.flush()
        own = {
            "asset_tag": "'DK20-' || n.i",
            "serial": "'SN' || n.i",
            "site_id": ":first + n.i % :sites",
        }
        names = [name for name in Machine.model_fields if name != "id"]
        values = ", ".join(own.get(name, f"m.{name}") for name in names)
        connection.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last)"  # noqa: S608
                f" INSERT INTO machines ({', '.join(names)}) SELECT {values}"
                " FROM n CROSS JOIN machines m WHERE m.id = :pattern"
            ),
            {"first": first, "sites": SITES, "last": size - 1, "pattern": pattern.id},
        )
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def claiming(database: Database) -> float:
    """Claims a second: runs of 50 machines, each in a transaction of its own as a small site's."""
    started, number = time.perf_counter(), 0
    for place in range(ROUNDS):
        with database.write() as session:
            run = Run(
                ident=f"r{place}", step="reimage", size=BATCH, lease_epoch=1, created_at=NOW,
                state_since=NOW, state=RunState.RUNNING.value,
            )  # fmt: skip
            session.add(run)
            session.flush()
            ids = range(place * BATCH + 1, place * BATCH + BATCH + 1)
            transitions.apply(session, Machine, ids, MachineVerb.BEGIN, actor="bench", at=NOW)
            rows = [
                {
                    "machine_id": id_, "step": "reimage", "attempt": 1, "run_id": run.id,
                    "created_at": NOW, "deadline_at": NOW, "arm_token_hash": f"t{id_}",
                }
                for id_ in ids
            ]  # fmt: skip
            number += len(claims.add(session, rows))
    return number / (time.perf_counter() - started)


def results(database: Database) -> float:
    """Task results a second, in batches of 500 as engines deliver them."""
    started, number = time.perf_counter(), 0
    for place in range(ROUNDS):
        with database.write() as session:
            rows = _result_rows(place)
            runs.add_results(session, rows)
            number += len(rows)
    return number / (time.perf_counter() - started)


def raw_results(database: Database) -> float:
    """The same by the driver alone."""
    statement = (
        "INSERT INTO host_results (run_id, machine_id, epoch, counter, task, status, at, seconds)"
        " VALUES ({})"
    )
    names = ("run_id", "machine_id", "epoch", "counter", "task", "status", "at", "seconds")
    mark = "?" if database.engine.dialect.name == "sqlite" else "%s"
    statement = statement.format(", ".join([mark] * len(names)))
    started, number = time.perf_counter(), 0
    with database.engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        for place in range(ROUNDS):
            rows = _result_rows(place + ROUNDS)
            moment: Any = NOW.isoformat() if mark == "?" else NOW
            if mark == "?":
                cursor.execute("SAVEPOINT own")
            cursor.executemany(
                statement, [tuple({**row, "at": moment}[name] for name in names) for row in rows]
            )
            connection.connection.commit()
            number += len(rows)
        connection.rollback()
    return number / (time.perf_counter() - started)


def _result_rows(place: int) -> list[dict[str, Any]]:
    return [
        {
            "run_id": 1, "machine_id": n % 1000 + 1, "epoch": 1, "counter": place * 500 + n,
            "task": "Check that this is the machine of the order", "status": "ok", "message": None,
            "at": NOW, "seconds": 0.4,
        }
        for n in range(500)
    ]  # fmt: skip


def moving(database: Database, size: int) -> float:
    """States a second, with their history, in one transaction of 5,000."""
    ids = range(size - MOVED + 1, size + 1)
    started = time.perf_counter()
    for verb in (MachineVerb.HOLD, MachineVerb.RELEASE):
        with database.write() as session:
            transitions.apply(
                session, Machine, ids, verb, actor="bench", at=NOW, reason="because it is measured"
            )
    return 2 * MOVED / (time.perf_counter() - started)


def median(ask: Callable[[], object], rounds: int = 7) -> float:
    """Seconds."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def raw_dashboard(database: Database) -> object:
    """What the screen needs, by the driver alone."""
    with database.engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        cursor.execute("SELECT generation, site_id, state, count(*) FROM machines GROUP BY 1, 2, 3")
        found = cursor.fetchall()
        connection.connection.rollback()
    return found


def pick_up(database: Database) -> float:
    """The median of the seconds from a job's start to its offer."""
    queue.prepare(database)
    offered = threading.Event()
    source = JobSource(
        database, None, lambda _run, _epoch: offered.set(), lambda: True, lambda error: print(error)
    )
    engine = QueueEngine(database, AnsibleSettings())
    source.start()
    taken = []
    for number in range(PICK_UPS):
        offered.clear()
        started = time.perf_counter()
        engine.put(number, 1, None)
        assert offered.wait(30), "nobody took the job"
        if number > 2:
            taken.append(time.perf_counter() - started)
    source.stop()
    engine.close()
    return statistics.median(taken)


def measure(database: Database, size: int) -> dict[str, float]:
    """Everything at one size on one product."""
    started = time.perf_counter()
    fill(database, size)
    return {
        "filled_seconds": time.perf_counter() - started,
        "claims_per_second": claiming(database),
        "results_per_second": results(database),
        "raw_results_per_second": raw_results(database),
        "states_per_second": moving(database, size),
        "dashboard_seconds": median(lambda: (glance(database), by_place(database))),
        "raw_dashboard_seconds": median(lambda: raw_dashboard(database)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 machines only")
    given = parser.parse_args()
    sizes = [10_000] if given.quick else [10_000, 100_000, 1_000_000]
    print(
        f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"SQLAlchemy {version('sqlalchemy')}, psycopg {version('psycopg')}"
    )
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        Path(name).chmod(0o755)  # PostgreSQL has a user of its own where we are root
        with databases(Path(name)) as make:
            for size in sizes:
                for product, opened in make.items():
                    database = opened(size)
                    seen = found[f"{product} {size}"] = measure(database, size)
                    print(f"{product:>10} {size:>9,}: " + ", ".join(
                        f"{key} {value:,.3f}" if value < 10 else f"{key} {value:,.0f}"
                        for key, value in seen.items()
                    ), flush=True)  # fmt: skip
            waited = pick_up(database)
    print(f"pick-up latency: {waited * 1000:.0f} ms (median of {PICK_UPS - 3})")
    slowest = max(found[f"{product} {sizes[-1]}"]["dashboard_seconds"] for product in make)
    aims = [
        {"name": "pick-up latency", "value": round(waited, 4), "unit": "s",
         "aim": f"<= {PICK_UP_AIM}", "holds": waited <= PICK_UP_AIM},
        {"name": f"first screen at {sizes[-1]}", "value": round(slowest, 4), "unit": "s",
         "aim": f"<= {QUERY_AIM}", "holds": slowest <= QUERY_AIM},
    ]  # fmt: skip
    result = {"bench": "scale", "aims": aims}
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "found": found,
        "host": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = "scale-quick.json" if given.quick else "scale.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
