"""Where people are posted between two dates, and PCs that moved because of that."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from rollout.domain.departments import DepartmentChangeKind
from rollout.domain.postings import PcFollows
from rollout.store.columns import Instant, Why, one_of


class Posting(SQLModel, table=True):
    """Department, site and post (職) of a person from one day to another, both included.

    No two of a person share a day: triggers (SQLite) and an exclusion constraint (PostgreSQL)
    refuse it. `people.department_id` is that of the posting in force when somebody last looked.
    """

    __tablename__ = "postings"
    __table_args__ = (
        UniqueConstraint("person_id", "valid_from", name="ux_postings_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_postings_dates"),
        one_of("pc", PcFollows, "postings"),
        Index(
            "ux_postings_open",
            "person_id",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="people.id")
    department_id: int | None = Field(default=None, foreign_key="departments.id", index=True)
    site_id: int | None = Field(default=None, foreign_key="sites.id")
    post: str = ""
    valid_from: date = Field(index=True)
    valid_to: date | None = None
    pc: str | None = None


class DepartmentChange(SQLModel, table=True):
    """One department that followed another on a day; a split has several rows.

    `main` is the part that takes what no list places elsewhere.
    """

    __tablename__ = "department_changes"
    __table_args__ = (
        one_of("kind", DepartmentChangeKind, "department_changes"),
        UniqueConstraint("from_id", "to_id", "day", name="ux_department_changes"),
        CheckConstraint("from_id <> to_id", name="ck_department_changes_other"),
        CheckConstraint("(kind = 'closed') = (to_id IS NULL)", name="ck_department_changes_closed"),
    )

    id: int | None = Field(default=None, primary_key=True)
    from_id: int = Field(foreign_key="departments.id")
    to_id: int | None = Field(default=None, foreign_key="departments.id", index=True)
    day: date
    kind: str
    main: bool = True


class MachineMove(SQLModel, table=True):
    """A PC that changed department, site or user on a day because somebody was transferred.

    Without `done_at` it is still to be done: the PC is in the middle of its passage.
    """

    __tablename__ = "machine_moves"
    __table_args__ = (
        Index("ix_machine_moves_day", "machine_id", "day"),
        Index(
            "ux_machine_moves_open",
            "machine_id",
            unique=True,
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machines.id")
    day: date
    from_department_id: int | None = Field(default=None, foreign_key="departments.id")
    to_department_id: int | None = Field(default=None, foreign_key="departments.id")
    from_site_id: int | None = Field(default=None, foreign_key="sites.id")
    to_site_id: int | None = Field(default=None, foreign_key="sites.id")
    from_owner_id: int | None = Field(default=None, foreign_key="people.id")
    to_owner_id: int | None = Field(default=None, foreign_key="people.id")
    why: str = Field(sa_column=Column(Why, nullable=False))
    done_at: datetime | None = Field(default=None, sa_column=Column(Instant))
