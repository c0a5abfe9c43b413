"""What Ansible said of each machine, task by task."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant

STATUSES = ("ok", "changed", "failed", "unreachable", "skipped", "ignored")


class HostResult(SQLModel, table=True):
    """The result of one task on one machine; `epoch` is that of the claim it belongs to."""

    __tablename__ = "host_results"
    __table_args__ = (
        UniqueConstraint("run_id", "counter"),
        CheckConstraint(
            f"status IN ({', '.join(repr(s) for s in STATUSES)})", name="ck_host_results_status"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="runs.id")
    machine_id: int = Field(foreign_key="machines.id", index=True)
    epoch: int | None = None
    counter: int
    task: str
    status: str
    message: str | None = None
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    seconds: float | None = None
