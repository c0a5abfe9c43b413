"""Proposed and committed plans."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Plan(SQLModel, table=True):
    """A dated plan. At most one is proposed at a time; committed ones stay as history.

    `unplaced` is JSON with what the slots do not say: `unplaced` (asset_tag, reason: a word of
    planning.problem.Obstacle), `relaxations`, `moves` (dates in force that end: asset_tag, from,
    to, why: a word of Why), `joined` (waves that were in force before) and `kept` (how many dates
    stay).
    """

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'committed', 'discarded')", name="ck_plans_state"),
        Index(
            "ux_plans_proposed",
            "state",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    state: str = "proposed"
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    created_by: str
    committed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    committed_by: str | None = None
    unplaced: str = "[]"


class PlanSlot(SQLModel, table=True):
    """The day and wave that a plan gives to a machine.

    `site_id` and `machine_version` are what the planner saw: a machine that is elsewhere or has
    moved on since is not what was planned.
    """

    __tablename__ = "plan_slots"
    __table_args__ = (UniqueConstraint("plan_id", "machine_id"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plans.id")
    machine_id: int = Field(foreign_key="machines.id")
    machine_version: int
    site_id: int = Field(foreign_key="sites.id")
    wave_number: int
    pilot: bool = False
    day: date
