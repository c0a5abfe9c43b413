"""Tranches: which machines of a wave go first, and when each part was let begin."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Tranche(SQLModel, table=True):
    """A part of a wave whose machines may begin since `opened_at`."""

    __tablename__ = "tranches"
    __table_args__ = (CheckConstraint("number >= 1", name="ck_tranches_number"),)

    wave_id: int = Field(foreign_key="waves.id", primary_key=True)
    number: int = Field(primary_key=True)
    opened_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class TrancheMember(SQLModel, table=True):
    """The part of its wave that a machine belongs to, whatever happens to it there.

    It says something only while `wave_id` is the machine's own wave.
    """

    __tablename__ = "tranche_members"
    __table_args__ = (Index("ix_tranche_members_wave", "wave_id", "number"),)

    machine_id: int = Field(foreign_key="machines.id", primary_key=True)
    wave_id: int = Field(foreign_key="waves.id")
    number: int
