"""Transitions per second in bulk, beside raw sqlite3 that does the same work.

Both sides move every machine once with compare-and-set, append one history row each with the
same digest chain, and commit once, on their own file with the same settings and the same rows.
They take turns, because a shared machine is never equally busy: each round is one pair, run back to
back, and the median of the pairs' ratios is the result.
"""

import argparse
import gc
import hashlib
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
from sqlalchemy import insert

from rollout.domain.history import GENESIS
from rollout.domain.machine import MachineVerb
from rollout.store import history, migrate, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import AuditHead, AuditRow, Machine

AIM = 0.7
NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
RESULTS = Path(__file__).with_name("results")
_CHUNK = 20_000


def _fill(path: Path, machines: int) -> Database:
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.write() as session:
        session.connection().execute(
            insert(Machine),
            [
                {"asset_tag": f"DK20-{n:06d}", "generation": "DK20", "state_since": NOW}
                for n in range(1, machines + 1)
            ],
        )
    return database


def through_apply(database: Database, verb: MachineVerb) -> float:
    """Seconds for every machine through `transitions.apply`."""
    started = time.perf_counter()
    with database.write() as session:
        ids = session.connection().exec_driver_sql("SELECT id FROM machines").scalars().all()
        transitions.apply(session, Machine, ids, verb, actor="bench", at=NOW)
    return time.perf_counter() - started


def through_sqlite3(path: Path, from_state: str, verb: str, to_state: str) -> float:
    """Seconds for the same in plain sqlite3, written as one would for speed."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    at = instant_text(NOW)
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    head = connection.execute("SELECT rows, digest FROM audit_head").fetchone() or (0, GENESIS)
    rows, last = head
    ids = [id_ for (id_,) in connection.execute("SELECT id FROM machines")]
    audit = []
    for begin in range(0, len(ids), _CHUNK):
        chunk = ids[begin : begin + _CHUNK]
        marks = ",".join("?" * len(chunk))
        found = connection.execute(
            "SELECT id, asset_tag, version FROM machines"  # noqa: S608  (marks are only "?")
            f" WHERE state = ? AND id IN ({marks})",
            (from_state, *chunk),
        ).fetchall()
        version = found[0][2]
        change = (
            "UPDATE machines SET state = ?, state_since = ?, cause = NULL, version = ?"  # noqa: S608
            f" WHERE state = ? AND version = ? AND id IN ({marks})"
        )
        moved = connection.execute(
            change,
            (to_state, at, version + 1, from_state, version, *chunk),
        )
        assert moved.rowcount == len(chunk)
        for id_, key, _ in found:
            fact = (at, "bench", "machine", id_, key, verb, from_state, to_state, None, None,
                    version + 1, None)  # fmt: skip
            last = hashlib.sha256(
                encode([last, *fact]).encode("utf-8", "surrogatepass")
            ).hexdigest()
            audit.append((*fact, last))
    connection.executemany(
        "INSERT INTO audit (at, actor, noun, noun_id, key, verb, from_state, to_state, reason,"
        " run_id, version, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        audit,
    )
    connection.execute(
        "INSERT INTO audit_head (id, rows, digest) VALUES (1, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, digest = excluded.digest",
        (rows + len(audit), last),
    )
    connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _same_history(ours: Database, theirs: Database) -> bool:
    verdicts = []
    for database in (ours, theirs):
        with database.read() as session:
            verdicts.append(history.verify(session))
    return verdicts[0] == verdicts[1] and verdicts[0].holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 machines instead of 100,000")
    machines = 20_000 if (quick := parser.parse_args().quick) else 100_000
    rounds = 8
    ours: list[float] = []
    theirs: list[float] = []
    moves = [
        (MachineVerb.PLAN, "registered", "planned"),
        (MachineVerb.UNPLAN, "planned", "registered"),
    ]
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as folder:
        mine, raw = Path(folder, "ours.db"), Path(folder, "raw.db")
        database, other = _fill(mine, machines), _fill(raw, machines)
        other.close()
        for number in range(rounds):
            verb, before, after = moves[number % 2]
            sides = [
                lambda verb=verb: ours.append(through_apply(database, verb)),
                lambda verb=verb, before=before, after=after: theirs.append(
                    through_sqlite3(raw, before, str(verb), after)
                ),
            ]
            for side in sides if number % 4 < 2 else reversed(sides):
                gc.collect()
                side()
        same = _same_history(database, other)
        database.close()
        other.close()
    speed = machines / statistics.median(ours)
    raw_speed = machines / statistics.median(theirs)
    value = round(statistics.median(r / o for r, o in zip(theirs, ours, strict=True)), 3)
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
          f"SQLite {sqlite3.sqlite_version}, SQLAlchemy {sqlalchemy.__version__}")  # fmt: skip
    print(f"{machines:,} machines, {rounds} rounds each, medians; tables {AuditRow.__tablename__}, "
          f"{AuditHead.__tablename__}, {Machine.__tablename__}")  # fmt: skip
    print(f"transitions.apply {speed:>10,.0f} transitions/s")
    print(f"raw sqlite3       {raw_speed:>10,.0f} transitions/s")
    print(f"the same history on both sides: {'yes' if same else 'NO'}")
    result = {
        "bench": "store",
        "aims": [
            {"name": "bulk transitions beside raw sqlite3", "value": value, "unit": "times",
             "aim": f">= {AIM}", "holds": same and value >= AIM}
        ],
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machines": machines,
        "ours_seconds": [round(x, 3) for x in ours],
        "raw_seconds": [round(x, 3) for x in theirs],
        "transitions_per_second": {"ours": round(speed), "raw": round(raw_speed)},
        "host": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    name = "store-quick.json" if quick else "store.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if result["aims"][0]["holds"] else 1  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
