"""Exporting every machine: seconds and peak memory, beside the same rows that lie in memory.

The other side is csv.writer, xlsxwriter with `constant_memory`, and the json module, given rows
that were read and made ready before the clock starts: what an export could take at best when
reading cost nothing. Workbooks of 1,000,000 machines take a quarter of an hour a side and are
measured with `--sheets` only.

Each side works in a process of its own, one after the other on the same database, whose file lies
in the system's cache, and the CSVs have to be the same byte for byte. Peak memory is the largest
resident size of ours, all of its processes together.
"""

import argparse
import csv
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SIZES, QUICK = (100_000, 1_000_000), (20_000,)
AIMS = {"csv": 1.5, "xlsx": 1.3}
"""JSON lines are measured beside the others, without an aim."""
SHEETS = 100_000
"""Up to so many machines workbooks are measured without being asked for."""
MEMORY = 300
RESULTS = Path(__file__).with_name("results")
NOW = datetime(2023, 2, 1, 9, tzinfo=UTC)
CONTROLS = (
    "edr_service", "edr_onboarding", "antivirus", "disk_encryption", "updates", "firewall",
    "winhttp_proxy", "user_proxy", "policy_proxy", "tpm",
)  # fmt: skip
CONFIGURATION = '[programme]\nname = "bench"\nstart = 2022-11-01\ncutover = 2023-05-01\n'


def fill(folder: Path, machines: int) -> None:
    """A programme of which three tenths are done, with accounts for as many people."""
    from rollout.store import control_summaries, migrate
    from rollout.store.database import Database

    database = Database(f"sqlite:///{folder / 'rollout.db'}", durable=False)
    migrate.upgrade(database)
    done = machines * 3 // 10
    with database.write() as session:
        insert = _inserter(session.connection().connection.driver_connection)
        insert("sites", ("id", "key"), ((n, f"庁舎{n}") for n in range(1, 16)))
        insert("departments", ("id", "bureau", "division", "valid_from"),
               ((n, f"部局{n % 15}", f"課{n}", "2022-04-01") for n in range(1, 301)))  # fmt: skip
        insert("waves", ("id", "number", "pilot", "first_day", "last_day", "state", "state_since",
                         "version"),
               ((n, n, 0, "2022-11-01", "2022-11-01", "running", _at(n), 1)
                for n in range(1, 101)))  # fmt: skip
        insert("people", ("id", "staff_number", "name", "kana", "department_id", "upn"),
               ((n, f"{n:07d}", f"職員 花子{n}", "ショクイン", n % 300 + 1,
                 f"u{n:07d}@pref.example.jp") for n in range(1, machines + 1)))  # fmt: skip
        insert("machines", _MACHINE, _machines(machines, done))
        insert("runs", ("id", "ident", "purpose", "size", "lease_epoch", "created_at", "state",
                        "state_since", "version"),
               ((1, "r", "step", 1, 1, _at(0), "finished", _at(0), 1),))  # fmt: skip
        insert("evidence", ("machine_id", "control", "value", "verdict", "source", "epoch",
                            "run_id", "measured_at"),
               ((n, control, "on", "pass" if (n + k) % 97 else "pending", "s", n, 1, _at(n))
                for n in range(1, done + 1) for k, control in enumerate(CONTROLS)))  # fmt: skip
        insert("accounts", ("key", "person_id", "service", "state", "state_since", "version",
                            "aim", "attempts", "in_doubt"),
               ((f"{n}/{service}", n, service, "ready" if n % 50 else "blocked", _at(n), 1, "ready",
                 0, 0)
                for n in range(1, done + 1) for service in ("identity", "mailbox")))  # fmt: skip
        for first in range(1, done + 1, 5_000):
            control_summaries.renew(session, range(first, min(first + 5_000, done + 1)))
    database.close()
    (folder / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")


_MACHINE = (
    "id", "asset_tag", "serial", "mac", "computer_name", "generation", "model", "site_id", "floor",
    "department_id", "owner_id", "purpose", "lease_from", "lease_to", "may_leave", "remark",
    "in_ledger", "state", "step", "attempt", "state_since", "cause", "version", "wave_id",
    "planned_day", "image_id", "last_seen_at",
)  # fmt: skip


def _machines(machines: int, done: int) -> Iterator[tuple[Any, ...]]:
    for n in range(1, machines + 1):
        state = "migrated" if n <= done else "failed" if n % 40 == 0 else "planned"
        failed = state == "failed"
        yield (
            n, f"DK20-{n:07d}", f"SN{n:09d}", f"02:00:{n >> 24:02x}:{n >> 16 & 255:02x}:"
            f"{n >> 8 & 255:02x}:{n & 255:02x}", f"PC-{n:07d}", f"DK{17 + n % 5}",
            f"ノート型 {n % 12}", n % 15 + 1, f"{n % 9 + 1}階", n % 300 + 1, n, "personal",
            "2020-04-01", "2025-03-31", n % 3 == 0, "" if n % 20 else "貸出中, 要確認", 1, state,
            "preflight" if failed else None, 1, _at(n),
            "preflight: no power" if failed else None, 2, n % 100 + 1,
            f"2023-{n % 3 + 1:02d}-{n % 28 + 1:02d}",
            "win11-23h2-r1" if n <= done else None, _at(n + 7) if n <= done else None,
        )  # fmt: skip


def _at(n: int) -> str:
    return f"2022-{11 + n % 2}-{n % 28 + 1:02d}T{n % 24:02d}:{n % 60:02d}:{n * 7 % 60:02d}.000000Z"


def _inserter(connection: Any) -> Any:
    def insert(table: str, columns: tuple[str, ...], rows: Any) -> None:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
        connection.executemany(statement, rows)

    return insert


def _opened(folder: Path) -> Any:
    from rollout import settings
    from rollout.application.exports.machines import open_machines
    from rollout.store.database import Database

    known = settings.load()
    database = Database(known.database_url)
    return open_machines(database, known, now=NOW)


def ours(folder: Path, form: str) -> dict[str, float]:
    """One export as `rollout export machines` makes it."""
    from rollout.adapters.reports.exporting import Form, write

    with _opened(folder) as extract:
        # Programs are loaded; nothing but counts was read yet.
        begun, worked = time.perf_counter(), time.process_time()
        write(folder / f"ours.{form}", extract, Form(form))
        return {"seconds": time.perf_counter() - begun, "processor": time.process_time() - worked,
                "megabytes": _peak()}  # fmt: skip


def _peak() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + others) / 1024


def theirs(folder: Path, forms: list[str]) -> dict[str, dict[str, float]]:
    """The same rows out of memory."""
    from rollout.adapters.reports.cells import harmless
    from rollout.adapters.reports.sheet_cells import day_number, moment_number

    holds: list[str] = []
    rows: list[tuple[Any, ...]] = []
    with _opened(folder) as extract:
        holds = [column.holds for column in extract.columns]
        headings = [column.heading for column in extract.columns]
        for page in extract.shown():
            fitted = [[harmless(x) if isinstance(x, str) else x for x in values] for values in page]
            rows += zip(*fitted, strict=True)
    found = {}
    for form in forms:
        target = folder / f"theirs.{form}"
        if form == "jsonl":
            begun, worked = time.perf_counter(), time.process_time()
            with target.open("w", encoding="utf-8") as file:
                encode = json.JSONEncoder(ensure_ascii=False).encode
                file.writelines(
                    encode(dict(zip(headings, row, strict=True))) + "\n" for row in rows
                )
                _on_disk(file)
        elif form == "csv":
            begun, worked = time.perf_counter(), time.process_time()
            with target.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file, lineterminator="\r\n")
                writer.writerow(headings)
                writer.writerows(rows)
                _on_disk(file)
        else:
            serial = {"day": day_number, "moment": moment_number}
            makers = [serial.get(kind) for kind in holds]
            made = [
                tuple(
                    cell if make is None or cell is None else make(cell)
                    for make, cell in zip(makers, row, strict=True)
                )
                for row in rows
            ]
            rows.clear()
            begun, worked = time.perf_counter(), time.process_time()
            _sheet(target, headings, made, holds)
        found[form] = {"seconds": time.perf_counter() - begun,
                       "processor": time.process_time() - worked}  # fmt: skip
    return found


def _on_disk(file: Any) -> None:
    """As an export does before it takes its place."""
    file.flush()
    os.fsync(file.fileno())


def _sheet(path: Path, headings: list[str], rows: list[tuple[Any, ...]], holds: list[str]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        looks = [dated if kind in ("day", "moment") else None for kind in holds]
        sheet = book.add_worksheet()
        for at, row in enumerate([tuple(headings), *rows[:1_048_575]]):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(at, place, cell)
                elif cell is not None:
                    sheet.write_number(at, place, cell, looks[place])


def _child(folder: Path, side: str, forms: str) -> Any:
    environment = {
        **os.environ,
        "ROLLOUT_CONFIG": str(folder / "rollout.toml"),
        "ROLLOUT_DATABASE_URL": f"sqlite:///{folder / 'rollout.db'}",
        "ROLLOUT_LANG": "ja",
    }
    command = [sys.executable, __file__, "--child", side, "--forms", forms, "--folder", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _in_cache(file: Path) -> None:
    """What the system let go of while others took their turn is no part of an export's price."""
    with file.open("rb") as opened:
        while opened.read(1 << 24):
            continue


def _rounds(form: str, machines: int) -> int:
    """How often each side takes its turn: what is over within a second is told by several."""
    if machines > SHEETS or (machines == SHEETS and form != "csv"):
        return 1
    return 5 if form == "csv" else 3


def measure(machines: int, forms: list[str]) -> dict[str, Any]:
    """Both sides at one size, one after the other; medians of the rounds."""
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as name:
        folder = Path(name)
        fill(folder, machines)
        bytes_ = (folder / "rollout.db").stat().st_size
        found: dict[str, Any] = {"machines": machines, "database_megabytes": round(bytes_ / 1e6)}
        mine: dict[str, list[Any]] = {form: [] for form in forms}
        others: dict[str, list[Any]] = {form: [] for form in forms}
        for turn in range(max(_rounds(form, machines) for form in forms)):
            # Rows of workbooks are let go of when they are made ready: last.
            due = sorted((one for one in forms if turn < _rounds(one, machines)), key="xlsx".__eq__)
            for form in due:
                _in_cache(folder / "rollout.db")
                mine[form].append(_child(folder, "ours", form))
            told = _child(folder, "theirs", ",".join(due))
            for form in due:
                others[form].append(told[form])
        if "csv" in forms:
            digests = {
                hashlib.file_digest((folder / f"{side}.csv").open("rb"), "sha256").hexdigest()
                for side in ("ours", "theirs")
            }
            found["same_bytes"] = len(digests) == 1
        for form in forms:
            own = statistics.median(one["seconds"] for one in mine[form])
            other = statistics.median(one["seconds"] for one in others[form])
            found[form] = {
                "ours_seconds": round(own, 2),
                "memory_rows_seconds": round(other, 2),
                "times": round(own / other, 2),
                # Beside other work these say more than the clock; ours may use both processors.
                "ours_processor": _median(mine[form], "processor"),
                "memory_rows_processor": _median(others[form], "processor"),
                "peak_megabytes": round(max(one["megabytes"] for one in mine[form])),
            }
        return found


def _median(measured: list[dict[str, float]], what: str) -> float:
    return round(statistics.median(one[what] for one in measured), 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 machines only")
    parser.add_argument("--forms", default="csv,jsonl,xlsx")
    parser.add_argument("--machines", type=int, help="one size, with a result of its own")
    parser.add_argument("--sheets", action="store_true", help="workbooks of every size")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    forms = given.forms.split(",")
    if given.child:
        side = (
            ours(given.folder, forms[0]) if given.child == "ours" else theirs(given.folder, forms)
        )
        print(json.dumps(side))
        return 0
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    sizes = (given.machines,) if given.machines else QUICK if given.quick else SIZES
    busy = os.getloadavg()[0]
    found = []
    for machines in sizes:
        these = [
            form
            for form in forms
            if form != "xlsx" or given.sheets or machines <= SHEETS or given.machines
        ]
        at = measure(machines, these)
        found.append(at)
        for form in these:
            one = at[form]
            print(f"{machines:>9,} machines {form:<4} ours {one['ours_seconds']:>7.2f} s,"
                  f" rows in memory {one['memory_rows_seconds']:>7.2f} s: {one['times']:.2f} times,"
                  f" peak {one['peak_megabytes']} MB")  # fmt: skip
        if "same_bytes" in at:
            print(f"          the same bytes on both sides: {'yes' if at['same_bytes'] else 'NO'}")
    aims = [
        {"name": f"{form} beside rows in memory, {at['machines']:,} machines",
         "value": at[form]["times"], "unit": "times", "aim": f"<= {AIMS[form]}",
         "holds": at[form]["times"] <= AIMS[form]}
        for at in found for form in AIMS if form in at
    ]  # fmt: skip
    aims += [
        {"name": f"peak memory of {form}, {at['machines']:,} machines",
         "value": at[form]["peak_megabytes"], "unit": "MB", "aim": f"<= {MEMORY}",
         "holds": at[form]["peak_megabytes"] <= MEMORY}
        for at in found for form in forms if form in at
    ]  # fmt: skip
    result = {"bench": "export", "aims": aims}
    RESULTS.mkdir(exist_ok=True)
    kept = {**result, "at": datetime.now(UTC).isoformat(timespec="seconds"), "sizes": found,
            "quick": given.quick, "others_at_work": {"before": busy, "after": os.getloadavg()[0]},
            "host": platform.platform(),
            "python": platform.python_version()}  # fmt: skip
    name = "export-quick.json" if given.quick else "export.json"
    if given.machines:
        name = f"export-{given.machines}-{'-'.join(forms)}.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    same = all(at.get("same_bytes", True) for at in found)
    return 0 if same and all(aim["holds"] for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
