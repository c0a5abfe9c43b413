"""A database with people and PCs, and an outbox to a mailbox."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import text

from rollout.adapters.notices.writer import TemplateWriter
from rollout.application.notices.planning import Filled, fill_outbox
from rollout.application.notices.sending import Outbox, Pace, outbox
from rollout.application.notices.work import NoticesWork
from rollout.domain.notice import NoticeState
from rollout.settings import Settings, load
from rollout.store import leases
from rollout.store.tables import Department, Machine, Person, Wave

DAY = date(2022, 12, 1)
NOW = datetime(2022, 11, 18, 1, tzinfo=UTC)
TAG = "DK20-000001"


class HandClock:
    moment = NOW

    def now(self) -> datetime:
        return self.moment


def settings_of(folder: Path, more: str = "", sender: str = "dx@pref.example.jp") -> Settings:
    file = folder / "rollout.toml"
    file.write_text(
        "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"
        f'[notices]\nsender = "{sender}"\n{more}',
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLOUT_CONFIG", str(file))
        return load()


class Bureau:
    """One person with one PC, whose day is `DAY`, and a second person."""

    def __init__(self, folder: Path, mailer: Any, sender: str, more: str = "") -> None:
        self.settings = settings_of(folder, more, sender)
        self.database = databases.migrated(folder / "r.db")
        self.clock, self.mailer = HandClock(), mailer
        with self.database.write() as session:
            office = Department(bureau="総務部", division="財政課", valid_from=date(2022, 4, 1))
            session.add(office)
            session.flush()
            for number, name in (("000001", "山田\r\nBcc: x@y.example"), ("000002", "髙橋")):
                session.add(Person(staff_number=number, name=name, department_id=office.id))
            wave = Wave(number=1, state="approved", state_since=NOW, first_day=DAY, last_day=DAY)
            session.add(wave)
            session.flush()
            session.add(
                Machine(
                    asset_tag=TAG,
                    generation="DK20",
                    owner_id=1,
                    state="planned",
                    state_since=NOW,
                    planned_day=DAY,
                    wave_id=wave.id,
                )
            )
            self.epoch = leases.acquire(
                session, "test", now=datetime.now(UTC), lasts=timedelta(hours=1)
            )
        self.writer = TemplateWriter(self.settings)
        self.out = Outbox(self.database, self.settings, mailer, self.writer, self.clock)
        self.work = NoticesWork(
            self.database,
            self.settings,
            mailer,
            self.writer,
            self.clock,
            lease_epoch=self.epoch,
        )

    def fill(self) -> Filled:
        return fill_outbox(self.database, self.settings, self.clock.now())

    def send(self) -> Any:
        return self.out.round([], 100, Pace(lambda _seconds: None))

    def cycle(self) -> Any:
        return self.work.cycle(Pace(lambda _seconds: None))

    def states(self) -> list[tuple[str, str]]:
        return [(one.kind, one.state) for one in outbox(self.database, list(NoticeState))]

    def change(self, assignments: str, **values: Any) -> None:
        with self.database.write() as session:
            session.execute(text(f"UPDATE machines SET {assignments}"), values)  # noqa: S608
