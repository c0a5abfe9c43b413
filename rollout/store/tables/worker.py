"""Workers: processes that run Ansible for the daemon, and the runs that they took."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Worker(SQLModel, table=True):
    """One worker process, from its start to its end.

    `beats` grows with every sign of life: whoever watches goes by its own clock and not by
    `heartbeat_at`, which is the database server's. `sites` are the ids of sites, as JSON, and the
    names of those that the ledger does not have yet; null: all of them. `clock_ahead`: how many
    seconds its clock is ahead of the server's.
    """

    __tablename__ = "workers"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ck_workers_ended"),
        Index(
            "ix_workers_alive",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        # A number that is never given twice: what a dead one took stays its own.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    host: str
    sites: str | None = None
    concurrency: int
    version: str
    started_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    heartbeat_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    beats: int = 0
    clock_ahead: float = 0
    stopping: bool = False
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    ended_why: str | None = None


class Taking(SQLModel, table=True):
    """A worker has taken a run: at most one ever does.

    `stop_asked_at`: since when it is to stop the run.
    """

    __tablename__ = "takings"

    run_id: int = Field(foreign_key="runs.id", primary_key=True)
    worker_id: int = Field(foreign_key="workers.id", index=True)
    taken_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    stop_asked_at: datetime | None = Field(default=None, sa_column=Column(Instant))
