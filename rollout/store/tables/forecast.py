"""Forecasts."""

from datetime import date, datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class DayForecast(SQLModel, table=True):
    """The last forecast made on a day; `missing` says why nothing could be computed.

    `missing` is a word of planning.observed.Lack; `endangered_by` is the `endangered_kind` (wave,
    site or department) that is late most often. A day P10, P50 or P90 is empty beside a
    probability when it lies beyond the horizon.
    """

    __tablename__ = "forecasts"

    day: date = Field(primary_key=True)
    made_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    cutover: date
    done: int
    remaining: int
    missing: str | None = None
    p10: date | None = None
    p50: date | None = None
    p90: date | None = None
    probability: float | None = None
    endangered_by: str | None = None
    required_per_day: float | None = None
    actual_per_day: float | None = None
    endangered_kind: str | None = None
