"""Evidence: what was measured of each control on each machine."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Evidence(SQLModel, table=True):
    """One measured control; later measurements are further rows."""

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("machine_id", "control", "epoch"),
        CheckConstraint("verdict IN ('pass', 'fail', 'pending')", name="ck_evidence_verdict"),
    )

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machines.id")
    control: str
    value: str
    verdict: str
    source: str
    epoch: int
    run_id: int = Field(foreign_key="runs.id")
    measured_at: datetime = Field(sa_column=Column(Instant, nullable=False))
