"""Exchange's batches of mailbox moves as the last report had them; the history keeps the rest."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from rollout.domain.mailbox_batch import BatchStatus, Grade, MoveStatus
from rollout.store.columns import Instant, one_of


class MailboxBatch(SQLModel, table=True):
    """A batch of moves.

    `touched_at` is when an administrator last started or changed it, where a report said so;
    `first_seen_at` the moment of the first report that had it; `reported_at` that of the last.
    """

    __tablename__ = "mailbox_batches"
    __table_args__ = (
        one_of("status", BatchStatus, "mailbox_batches"),
        CheckConstraint("name <> ''", name="ck_mailbox_batches_name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    status: str
    touched_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    first_seen_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    reported_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class MailboxMove(SQLModel, table=True):
    """The move of one person's mailbox.

    `graded_by` is who brought the report in which the grade became this one: somebody else
    approves it. An approval goes when the grade changes.
    """

    __tablename__ = "mailbox_moves"
    __table_args__ = (
        one_of("status", MoveStatus, "mailbox_moves"),
        one_of("grade", Grade, "mailbox_moves"),
        CheckConstraint(
            "approved_by IS NULL OR (grade = 'investigate' AND approved_by <> graded_by)",
            name="ck_mailbox_moves_four_eyes",
        ),
        CheckConstraint("items_synced >= 0 AND items_skipped >= 0", name="ck_mailbox_moves_items"),
        Index("ix_mailbox_moves_batch", "batch_id"),
    )

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    batch_id: int = Field(foreign_key="mailbox_batches.id")
    status: str
    grade: str | None = None
    synced_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    items_synced: int | None = None
    items_skipped: int | None = None
    error: str = ""
    graded_by: str
    reported_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    approved_why: str = ""
