"""Controls that could not be judged when they were measured."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant, Why


class PendingControls(SQLModel, table=True):
    """One row per machine while some control of it is to be measured again, or needs a person.

    `controls` is JSON: the names that were pending last; `since` is when they first were;
    `checked_at` is the last look, whether the machine answered (`note`) or not. With a `cause`
    nothing is measured any more until a person asks for it. The measurements are `evidence`.
    """

    __tablename__ = "pending_controls"

    machine_id: int = Field(foreign_key="machines.id", primary_key=True)
    controls: str
    since: datetime = Field(sa_column=Column(Instant, nullable=False))
    checked_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    note: str | None = Field(default=None, sa_column=Column(Why))
    cause: str | None = Field(default=None, sa_column=Column(Why))
