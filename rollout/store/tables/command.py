"""Commands: what operators ask of the daemon."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant, Why

KINDS = ("cancel_run", "probe_machine", "begin_step")


class Command(SQLModel, table=True):
    """A request that only the holder of the lease can carry out, with its answer.

    `run_id` is the run that carries it out, once there is one.
    """

    __tablename__ = "commands"
    __table_args__ = (
        CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="ck_commands_kind"
        ),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="ck_commands_answered"),
        Index("ix_commands_open", "answered_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    target_id: int
    actor: str
    reason: str | None = Field(default=None, sa_column=Column(Why))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    run_id: int | None = None
    answered_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    answer: str | None = Field(default=None, sa_column=Column(Why))
    refused: bool = False
