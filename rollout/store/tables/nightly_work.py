"""Nightly work: what was done last, and for which night."""

from datetime import date, datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class NightlyWork(SQLModel, table=True):
    """One piece of work by its name: the last try, and when it last went well.

    `day` is the day in the programme's zone on which the try was due; the moments are those of
    the programme's clock.
    """

    __tablename__ = "nightly_work"

    name: str = Field(primary_key=True)
    day: date
    tried_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    ok: bool
    note: str
    good_at: datetime | None = Field(default=None, sa_column=Column(Instant))
