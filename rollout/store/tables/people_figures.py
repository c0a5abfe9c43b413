"""Figures of people that no history tells."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class PeopleFigures(SQLModel, table=True):
    """What was counted at one moment; a row never changes, so that reports of the past do not.

    `registered` for multi-factor sign-in is None while the directory was never read, `trained` is
    None while no course is demanded.
    """

    __tablename__ = "people_figures"
    __table_args__ = (
        CheckConstraint(
            "people >= 0 AND registered >= 0 AND trained >= 0 AND ready >= 0",
            name="ck_people_figures_counts",
        ),
    )

    counted_at: datetime = Field(sa_column=Column(Instant, primary_key=True))
    people: int
    registered: int | None = None
    trained: int | None = None
    ready: int
