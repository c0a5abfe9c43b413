"""Overrides of gates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from rollout.domain.gates import Gate
from rollout.store.columns import Instant, one_of


class GateOverride(SQLModel, table=True):
    """An approver let a wave pass one gate once: in one tranche, at the value it had then."""

    __tablename__ = "gate_overrides"
    __table_args__ = (
        one_of("gate", Gate, "gate_overrides"),
        CheckConstraint("reason <> ''", name="ck_gate_overrides_reason"),
        Index("ix_gate_overrides_wave", "wave_id", "tranche"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wave_id: int = Field(foreign_key="waves.id")
    tranche: int
    gate: str
    value: float | None = None
    actor: str
    reason: str
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
