"""The lease: exactly one process acts on the programme."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Lease(SQLModel, table=True):
    """One row. `epoch` grows with every new holder; a holder that lost it stops acting.

    `heartbeat_at` and `expires_at` are real time, never the programme clock.
    """

    __tablename__ = "lease"
    __table_args__ = (CheckConstraint("id = 1", name="ck_lease_single"),)

    id: int = Field(default=1, primary_key=True)
    epoch: int = 0
    holder: str | None = None
    heartbeat_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    expires_at: datetime | None = Field(default=None, sa_column=Column(Instant))
