"""What limits the days of one machine or of one person, beside the configuration."""

from datetime import date

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel


class Absence(SQLModel, table=True):
    """Days on which a person is away, both included."""

    __tablename__ = "absences"
    __table_args__ = (
        UniqueConstraint("person_id", "first"),
        CheckConstraint("last >= first", name="ck_absences_dates"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="people.id")
    first: date
    last: date
    note: str = ""


class MachineDates(SQLModel, table=True):
    """The dates that were agreed for one machine: its only day, or the days that suit it."""

    __tablename__ = "machine_dates"
    __table_args__ = (
        CheckConstraint(
            "(window_first IS NULL) = (window_last IS NULL)", name="ck_machine_dates_window"
        ),
        CheckConstraint("window_last >= window_first", name="ck_machine_dates_order"),
    )

    machine_id: int = Field(primary_key=True, foreign_key="machines.id")
    pinned: date | None = None
    window_first: date | None = None
    window_last: date | None = None
    note: str = ""


class PersonDates(SQLModel, table=True):
    """The dates that were agreed with one person; their machine is moved after the training."""

    __tablename__ = "person_dates"
    __table_args__ = (
        CheckConstraint(
            "(window_first IS NULL) = (window_last IS NULL)", name="ck_person_dates_window"
        ),
        CheckConstraint("window_last >= window_first", name="ck_person_dates_order"),
    )

    person_id: int = Field(primary_key=True, foreign_key="people.id")
    window_first: date | None = None
    window_last: date | None = None
    trained_on: date | None = None
    note: str = ""
