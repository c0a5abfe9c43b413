"""Waves."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.domain.wave import WAVE, WaveState
from rollout.store.columns import Instant, Why, one_of


class Wave(SQLModel, table=True):
    """Machines with a date window and an approval; its machines point to it.

    `list_digest` is the digest of the machine list that was approved: a wave whose machines
    changed since may not start.
    """

    __tablename__ = "waves"
    __lifecycle__ = WAVE
    __key__ = "number"
    __table_args__ = (
        one_of("state", WaveState, "waves"),
        CheckConstraint("last_day >= first_day", name="ck_waves_days"),
        # A comparison with NULL is no refusal: an approval without a submission needs its own word.
        CheckConstraint(
            "approved_by IS NULL OR (submitted_by IS NOT NULL AND approved_by <> submitted_by)",
            name="ck_waves_four_eyes",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(unique=True)
    pilot: bool = False
    first_day: date
    last_day: date

    state: str = Field(default=WaveState.DRAFT.value)
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1

    submitted_by: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    list_digest: str | None = None
