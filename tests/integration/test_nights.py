"""The works of a night, as the daemon has them, on a real database and real folders."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import databases
import pytest

from rollout.application import backup, nightly
from rollout.bootstrap import Application
from rollout.settings import load
from rollout.store import leases
from rollout.store.database import Database

EVENING = datetime(2022, 11, 1, 12, tzinfo=UTC)


class HandClock:
    def __init__(self) -> None:
        self.moment = EVENING

    def now(self) -> datetime:
        return self.moment


def test_a_night_backs_up_makes_room_and_keeps_a_forecast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rollout.toml"
    file.write_text(
        "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n[ansible]\nkeep_days = 30\n"
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    settings = load()
    database = Database(settings.database_url)
    databases.set_up(database)
    for ident, days in (("old", 31), ("young", 29)):
        folder = settings.ansible.artifacts / ident
        folder.mkdir(parents=True)
        record = folder / "run.json"
        record.write_text("{}")
        moment = time.time() - days * 86400
        os.utime(record, (moment, moment))
    clock = HandClock()
    nights = Application(settings, database, clock).nights
    with database.write() as session:
        epoch = leases.acquire(session, "daemon", now=datetime.now(UTC), lasts=timedelta(hours=1))

    assert nights.look(epoch) == []
    clock.moment += timedelta(days=1)
    assert nights.look(epoch) == ["backup", "tidy", "forecast", "people"]

    assert [path.name for path in backup.kept(settings.backup.folder)] == [
        "rollout-20221102-210000.db"
    ]
    assert [path.name for path in settings.ansible.artifacts.iterdir()] == ["young"]
    assert {row.name: row.ok for row in nightly.standing(database)} == {
        "backup": True, "tidy": True, "forecast": True, "people": True,
    }  # fmt: skip
    database.close()
