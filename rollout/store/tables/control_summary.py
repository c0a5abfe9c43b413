"""What the last measurements of a machine come to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class ControlSummary(SQLModel, table=True):
    """One row per machine that was measured since its disk was last rewritten.

    It counts the last verdict on each control; `lacking` names those that did not pass, and
    `measured_at` is when the last of them was measured. It says nothing that `evidence` and
    `claims` do not say: it is written with them, for whoever reads all machines at once.
    """

    __tablename__ = "control_summaries"
    __table_args__ = (
        CheckConstraint(
            "passed >= 0 AND failed >= 0 AND pending >= 0", name="ck_control_summaries_counts"
        ),
    )

    machine_id: int = Field(foreign_key="machines.id", primary_key=True)
    passed: int
    failed: int
    pending: int
    lacking: str | None = None
    measured_at: datetime = Field(sa_column=Column(Instant, nullable=False))
