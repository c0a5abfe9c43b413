"""Retirements: what becomes of a replaced machine until its lessor has it back."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Retirement(SQLModel, table=True):
    """One row per replaced machine, beside its state.

    `asked_by` to `approved_at` authorise one erasure; `epoch` is the claim that has used this up:
    another attempt needs another approval. `certificate` is JSON: what was ordered, by whom, for
    which disks, and who saw it done; `returned_on` is the day that the ledger has to show.
    """

    __tablename__ = "retirements"
    __table_args__ = (
        CheckConstraint("machine_id <> successor_id", name="ck_retirements_successor"),
        CheckConstraint(
            "approved_by IS NULL OR (asked_by IS NOT NULL AND approved_by <> asked_by)",
            name="ck_retirements_four_eyes",
        ),
        CheckConstraint(
            "epoch IS NULL OR approved_by IS NOT NULL", name="ck_retirements_authorised"
        ),
    )

    machine_id: int = Field(foreign_key="machines.id", primary_key=True)
    successor_id: int = Field(foreign_key="machines.id", unique=True)
    retain_until: date | None = None
    asked_by: str | None = None
    asked_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    reason: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    epoch: int | None = Field(default=None, foreign_key="claims.id")
    certificate: str | None = None
    returned_on: date | None = None
    returned_by: str | None = None
