"""Sites, departments with effective dates, and people."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant


class Site(SQLModel, table=True):
    """A building (庁舎). `key` is its name in the ledger and in the configuration."""

    __tablename__ = "sites"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, min_length=1)


class Department(SQLModel, table=True):
    """A department (部局) with its division (所属), as it stands between two dates.

    Departments are renamed, merged and split on 1 April: a changed one ends (`valid_to` is its
    last day) and its follower begins; nothing is renamed in place.
    """

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("bureau", "division", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_departments_dates"),
    )

    id: int | None = Field(default=None, primary_key=True)
    bureau: str
    division: str = ""
    valid_from: date
    valid_to: date | None = None
    successor_id: int | None = Field(default=None, foreign_key="departments.id")


class Person(SQLModel, table=True):
    """A member of staff; the staff number is the identity.

    `upn` is the name to sign in with, where a list gave one; else a rule of the configuration
    makes it. `promoter` is set for a digital-use promoter (デジタル活用推進員) of the department.
    Of somebody who was forgotten (`application.personal_data`) a pseudonym is left.
    """

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("upn", name="ux_people_upn"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_number: str = Field(unique=True, min_length=1)
    name: str
    kana: str = ""
    department_id: int | None = Field(default=None, foreign_key="departments.id", index=True)
    left_on: date | None = None
    upn: str | None = None
    promoter: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    forgotten_at: datetime | None = Field(default=None, sa_column=Column(Instant))
