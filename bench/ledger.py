"""Seconds and memory of a 100,000-row ledger import, beside csv.reader with plain sqlite3.

Each side runs in a process of its own, because peak memory belongs to a process. The baseline
reads the same file and inserts its cells as they are into one table without constraints: it
checks, mends, joins and remembers nothing. Every form of ours is measured: first import, second
import without a change, and the same ledger as a workbook.
"""

import argparse
import csv
import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
SECONDS_AIM, MEGABYTES_AIM = 20.0, 300.0
NOW = datetime(2022, 8, 1, tzinfo=UTC)


def ours(ledger: Path, database: Path) -> dict[str, Any]:
    """Import `ledger` into `database`, which is made when it is not there."""
    from rollout.adapters.ledger import open_ledger
    from rollout.application.ledger.importing import import_ledger
    from rollout.application.operators import Operator
    from rollout.settings import OperatorRole
    from rollout.store.database import Database

    opened = Database(f"sqlite:///{database}")
    report = import_ledger(
        opened,
        open_ledger(ledger),
        operator=Operator("bench", OperatorRole.OPERATOR),
        now=NOW,
        today=NOW.date(),
    )
    opened.close()
    return {
        "created": report.machines.created,
        "unchanged": report.machines.unchanged,
        "bad": report.bad,
        "faults": sorted({(fault.row, fault.field) for fault in report.faults}),
    }


def plain(ledger: Path, database: Path) -> dict[str, Any]:
    """The cells of `ledger` as they are, in one table."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    with ledger.open(encoding="cp932", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 16]
    columns = ", ".join(f"c{number}" for number in range(16))
    connection.execute(f"CREATE TABLE machines ({columns})")
    with connection:
        marks = ", ".join("?" * 16)
        connection.executemany(f"INSERT INTO machines VALUES ({marks})", rows)  # noqa: S608
    connection.close()
    return {"created": len(rows)}


SIDES = {"ours": ours, "plain": plain}


def measure(side: str, ledger: Path, database: Path) -> dict[str, Any]:
    """Run one side in a process of its own; start-up and imports count."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, str(ledger), str(database)],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["seconds"] = round(time.perf_counter() - started, 2)
    return result


def _one_side(side: str, ledger: str, database: str) -> int:
    result = SIDES[side](Path(ledger), Path(database))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result["megabytes"] = round(usage.ru_maxrss / 1024, 1)
    result["cpu_seconds"] = round(usage.ru_utime + usage.ru_stime, 2)
    print(json.dumps(result))
    return 0


def _truth(path: Path) -> list[list[Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:-1]]
    return sorted([row["row"], row["bad"]["field"]] for row in rows if row["bad"])


def main() -> int:
    """Measure, print, keep; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 rows instead of 100,000")
    parser.add_argument("--side", nargs=3, metavar=("SIDE", "LEDGER", "DATABASE"))
    given = parser.parse_args()
    if given.side:
        return _one_side(*given.side)
    from rollout.lab.ledger_generator import LedgerSpec, generate
    from rollout.store import migrate
    from rollout.store.database import Database

    machines = 10_000 if given.quick else 100_000
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        spec = LedgerSpec(machines)
        generate(spec, folder / "ledger.csv", folder / "truth.jsonl")
        generate(spec, folder / "ledger.xlsx", folder / "truth-xlsx.jsonl")
        for database in ("csv.db", "xlsx.db"):
            opened = Database(f"sqlite:///{folder / database}")
            migrate.upgrade(opened)
            opened.close()
        runs = {
            "plain": measure("plain", folder / "ledger.csv", folder / "plain.db"),
            "first": measure("ours", folder / "ledger.csv", folder / "csv.db"),
            "second": measure("ours", folder / "ledger.csv", folder / "csv.db"),
            "xlsx": measure("ours", folder / "ledger.xlsx", folder / "xlsx.db"),
        }
        true = (
            runs["first"]["faults"] == _truth(folder / "truth.jsonl")
            and runs["xlsx"]["faults"] == _truth(folder / "truth-xlsx.jsonl")
            and runs["second"]["unchanged"] == runs["first"]["created"]
        )
    for run in runs.values():
        run.pop("faults", None)
    load = os.getloadavg()[0]
    print(f"{platform.platform()}, {os.cpu_count()} CPUs (load {load:.1f}), "
          f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")  # fmt: skip
    print(f"{machines:,} machines, {spec.bad_rows} truly bad rows; wall, CPU, peak memory")
    for name, run in runs.items():
        print(f"{name:7} {run['seconds']:>7.1f} s {run['cpu_seconds']:>7.1f} s "
              f"{run['megabytes']:>7.0f} MB")  # fmt: skip
    print(f"reports equal the truth: {'yes' if true else 'NO'}")
    aims = [
        _aim(f"{name} import of {machines:,} rows, {what}", runs[name][key], unit, aim, true)
        for name in ("first", "second", "xlsx")
        for what, key, unit, aim in (
            ("wall", "seconds", "s", SECONDS_AIM),
            ("peak memory", "megabytes", "MB", MEGABYTES_AIM),
        )
    ]
    result = {"bench": "ledger", "aims": aims}
    RESULTS.mkdir(exist_ok=True)
    kept = {
        **result,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": given.quick,
        "machines": machines,
        "runs": runs,
        "load": round(load, 1),
        "host": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    name = "ledger-quick.json" if given.quick else "ledger.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in aims) else 1


def _aim(name: str, value: float, unit: str, aim: float, true: bool) -> dict[str, Any]:
    holds = true and value < aim
    return {"name": name, "value": value, "unit": unit, "aim": f"< {aim:g}", "holds": holds}


if __name__ == "__main__":
    sys.exit(main())
