"""What the programme promised besides machines, as far as somebody said how it stands."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.domain.programme_board import MILESTONE, MilestoneState
from rollout.store.columns import Instant, Why, one_of


class Milestone(SQLModel, table=True):
    """Where a milestone of the configuration stands; without a row nobody has begun it."""

    __tablename__ = "milestones"
    __lifecycle__ = MILESTONE
    __key__ = "key"
    __table_args__ = (one_of("state", MilestoneState, "milestones"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, min_length=1)
    state: str = MilestoneState.OPEN.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1


class IndicatorFigure(SQLModel, table=True):
    """The last figure that was said of an indicator in a fiscal year."""

    __tablename__ = "indicator_figures"
    __table_args__ = (CheckConstraint("actual >= 0", name="ck_indicator_figures_actual"),)

    key: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    actual: float
    actor: str
    said_at: datetime = Field(sa_column=Column(Instant, nullable=False))
