"""Batches of mailbox moves with their alarms, and mailboxes with what keeps them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.application.choosing import today
from rollout.domain.mailbox_batch import (
    Alarm,
    BatchStatus,
    Grade,
    Hindrance,
    MoveStatus,
    StopDate,
    alarm,
    hindrance,
    stop_date,
)
from rollout.settings import Settings
from rollout.store import mailbox_moves
from rollout.store.database import Database
from rollout.store.tables import MailboxMove


@dataclass(frozen=True)
class BatchView:
    """A batch; `stop` is when Exchange stops it, None for one that it does not stop by itself."""

    name: str
    status: BatchStatus
    mailboxes: int
    unfinished: int
    failed: int
    touched_at: datetime | None
    reported_at: datetime
    stop: StopDate | None
    alarm: Alarm | None


@dataclass(frozen=True)
class MailboxView:
    """One mailbox's move."""

    staff_number: str
    name: str
    batch: str
    status: MoveStatus
    grade: Grade | None
    hindrance: Hindrance | None
    move: MailboxMove


def batches(database: Database, settings: Settings, at: datetime) -> list[BatchView]:
    """Every batch; those with an alarm first, the earliest stop date before the others."""
    day, asked = today(settings, at), settings.accounts
    found = []
    with database.read() as session:
        for row in mailbox_moves.with_sizes(session):
            status = BatchStatus(row.batch.status)
            stop = stop_date(
                status,
                _local(row.batch.touched_at, settings),
                row.batch.first_seen_at.astimezone(settings.programme.zone),
                asked.batch_stop_days,
            )
            shown = alarm(status, stop, day, asked.batch_warn_days, row.unfinished)
            found.append(
                BatchView(row.batch.name, status, row.mailboxes, row.unfinished, row.failed,
                          row.batch.touched_at, row.batch.reported_at, stop, shown)
            )  # fmt: skip
    return sorted(
        found,
        key=lambda one: (one.alarm is None, one.stop.day if one.stop else date.max, one.name),
    )


def alarms(database: Database, settings: Settings, at: datetime) -> list[BatchView]:
    """Batches that somebody has to do something about."""
    return [one for one in batches(database, settings, at) if one.alarm is not None]


def mailboxes(
    database: Database,
    *,
    staff_number: str | None = None,
    batch: str | None = None,
    hindered_only: bool = False,
) -> Sequence[MailboxView]:
    """Moves by staff number."""
    with database.read() as session:
        rows = mailbox_moves.listing(
            session, staff_number=staff_number, batch=batch, hindered_only=hindered_only
        )
    return [
        MailboxView(row.staff_number, row.name, row.batch, status, grade,
                    hindrance(status, grade, grade if row.move.approved_by else None), row.move)
        for row in rows
        for status in [MoveStatus(row.move.status)]
        for grade in [Grade(row.move.grade) if row.move.grade else None]
    ]  # fmt: skip


def _local(moment: datetime | None, settings: Settings) -> datetime | None:
    return moment.astimezone(settings.programme.zone) if moment is not None else None
