"""Listings about people at the size of two prefectures: 10,000 people, each with a PC and a phone.

Each listing is read in this process as a screen reads it, and once as an operator does, by the
command in a process of its own. The other side is what nobody can beat: the same database's rows
of people and PCs, read by sqlite3 alone.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from rollout.application.byod.listing import devices
from rollout.application.notices.planning import fill_outbox
from rollout.application.notices.sending import outbox
from rollout.application.readiness.query import readiness
from rollout.application.takehome.listing import listing
from rollout.application.takehome.outlook import outlook
from rollout.application.training.status import status
from rollout.domain.account import CloudService
from rollout.domain.notice import NoticeState
from rollout.settings import Settings, load
from rollout.store import migrate
from rollout.store.database import Database
from rollout.store.tables import (
    Account,
    Department,
    Machine,
    Person,
    PersonalDevice,
    Takeout,
    TrainingRecord,
    Wave,
)

RESULTS = Path(__file__).with_name("results")
NOW = datetime(2022, 11, 16, 1, tzinfo=UTC)
TODAY = date(2022, 11, 16)
AIM = 1.0
DIVISIONS = 110
WAVES = 40
_CHUNK = 20_000
CONFIGURATION = """
database_url = "sqlite:///rollout.db"
[programme]
name = "bench"
start = 2022-11-01
cutover = 2023-05-01
[training]
courses = ["情報セキュリティ"]
[notices]
sender = "dx@pref.example.jp"
[generations.DK20]
take_home = true
[generations.DK19]
path = "refresh"
take_home = "after-refresh"
[roles]
operators = ["bench"]
"""


def _rows(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Tables with their rows, in the order in which they may be written."""
    chance = random.Random(count)
    since = {"state_since": NOW}
    yield (
        Department,
        [
            {"bureau": f"第{n % 15}部", "division": f"第{n}課", "valid_from": date(2022, 4, 1)}
            for n in range(DIVISIONS)
        ],
    )
    yield Wave, [
        {"number": n, "pilot": False, "state": "approved", "first_day": TODAY, "last_day": TODAY,
         "version": 1, **since}
        for n in range(1, WAVES + 1)
    ]  # fmt: skip
    people = range(1, count + 1)
    yield Person, [
        {"staff_number": f"{n:06d}", "name": f"職員{n}", "kana": "",
         "department_id": n % DIVISIONS + 1}
        for n in people
    ]  # fmt: skip
    yield (
        Machine,
        [
            {
                "asset_tag": f"{'DK19' if n % 3 == 0 else 'DK20'}-{n:06d}",
                "generation": "DK19" if n % 3 == 0 else "DK20",
                "serial": f"S{n}",
                "computer_name": f"PC{n}",
                "owner_id": n,
                "department_id": n % DIVISIONS + 1,
                "wave_id": n % WAVES + 1,
                "planned_day": TODAY + timedelta(days=n % 150 + 1),
                "state": "migrated" if n % 4 == 0 else "planned",
                **since,
            }
            for n in people
        ],
    )
    yield TrainingRecord, [
        {"person_id": n, "course": "情報セキュリティ", "course_key": "情報セキュリティ",
         "taken_on": TODAY}
        for n in people if chance.random() < 0.8
    ]  # fmt: skip
    yield Account, [
        {"key": f"{n:06d} {service}", "person_id": n, "service": service.value, "state": "ready",
         "version": 1, **since}
        for n in people if chance.random() < 0.6 for service in CloudService
    ]  # fmt: skip
    yield Takeout, [
        {"machine_id": n, "person_id": n, "period_from": TODAY, "period_to": TODAY,
         "place": "自宅", "purpose": "テレワーク", "applied_by": "a", "applied_at": NOW,
         "decided_by": "b", "decided_at": NOW, "state": "approved", "version": 1, **since}
        for n in people
    ]  # fmt: skip
    yield PersonalDevice, [
        {"person_id": n, "platform": "ios" if n % 2 else "android", "model": f"phone {n % 40}",
         "purpose": "メール", "applied_on": TODAY, "applied_by": "a", "applied_at": NOW,
         "decided_by": "b", "decided_at": NOW, "consent_version": "1", "consented_on": TODAY,
         "state": "compliant" if n % 5 else "invited", "device_tag": f"tag-{n}", "version": 1,
         **since}
        for n in people
    ]  # fmt: skip


def _fill(folder: Path, count: int) -> tuple[Database, Settings]:
    (folder / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    os.environ["ROLLOUT_CONFIG"] = str(folder / "rollout.toml")
    settings = load()
    database = Database(settings.database_url, durable=False)
    migrate.upgrade(database)
    with database.write() as session:
        for table, rows in _rows(count):
            for start in range(0, len(rows), _CHUNK):
                session.connection().execute(insert(table), rows[start : start + _CHUNK])
        session.connection().exec_driver_sql("ANALYZE")
    return database, settings


def _median(act: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return round(statistics.median(took), 3)


def _bare(folder: Path) -> None:
    """Every person and every PC, by sqlite3 alone."""
    with sqlite3.connect(folder / "rollout.db") as connection:
        for table in ("people", "machines"):
            connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608


LISTINGS = (
    "takehome list", "takehome list --pcs", "training status", "readiness", "byod list",
    "notice list",
)  # fmt: skip


def _commands(folder: Path, *more: str) -> dict[str, float]:
    """Seconds of each command in a process of its own, with its start: the best of three."""
    return {name: min(_command(folder, *name.split(), *more) for _ in "123") for name in LISTINGS}


def _command(folder: Path, *words: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "rollout.cli", "--now", NOW.isoformat(), *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "ROLLOUT_CONFIG": str(folder / "rollout.toml")},
    )
    return round(time.perf_counter() - begun, 3)


def measure(count: int, rounds: int) -> dict[str, Any]:
    """Seconds of each listing at `count` people."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        database, settings = _fill(folder, count)
        begun = time.perf_counter()
        filled = fill_outbox(database, settings, NOW)
        first_fill = round(time.perf_counter() - begun, 3)
        seconds = {
            "takehome list": _median(lambda: listing(database, settings, NOW), rounds),
            "takehome list --pcs": _median(lambda: outlook(database, settings, NOW), rounds),
            "training status": _median(lambda: status(database, settings, TODAY), rounds),
            "readiness": _median(lambda: readiness(database, settings, NOW), rounds),
            "byod list": _median(lambda: devices(database, settings, NOW), rounds),
            "notice plan": _median(
                lambda: (
                    fill_outbox(database, settings, NOW),
                    outbox(database, [NoticeState.PLANNED]),
                ),
                rounds,
            ),
        }
        result = {
            "people": count,
            "notices_planned": filled.new,
            "first_fill_seconds": first_fill,
            "seconds": seconds,
            "bare_seconds": _median(lambda: _bare(folder), rounds),
            "start_seconds": _command(folder, "--version"),
            "command_seconds": _commands(folder),
            "json_command_seconds": _commands(folder, "--json"),
        }
        database.close()
    return result


def main() -> None:
    """Measure, print, keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 people")
    quick = parser.parse_args().quick
    found = measure(2_000 if quick else 10_000, 3 if quick else 5)
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **found,
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))
    file = RESULTS / ("people-quick.json" if quick else "people.json")
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aims = [
        {"name": name, "value": value, "unit": "s", "aim": AIM, "holds": value < AIM}
        for name, value in {
            **found["seconds"],
            **{f"rollout {name}": value for name, value in found["command_seconds"].items()},
        }.items()
    ]
    print(json.dumps({"bench": "people", "aims": aims}))


if __name__ == "__main__":
    main()
