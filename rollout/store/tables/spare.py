"""Spare machines in the hands of owners whose own PC failed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant

_OUT = text("returned_at IS NULL")


def _once(column: str) -> Index:
    """While it is out, no second loan of the same."""
    return Index(
        f"ux_spare_loans_{column.removesuffix('_id')}",
        column,
        unique=True,
        sqlite_where=_OUT,
        postgresql_where=_OUT,
    )


class SpareLoan(SQLModel, table=True):
    """`spare_id` stands in for `machine_id` with its owner, out until `returned_at`.

    `kept_back` says that the hand-out held the spare, so that giving it back releases it.
    """

    __tablename__ = "spare_loans"
    __table_args__ = (
        CheckConstraint("spare_id <> machine_id", name="ck_spare_loans_other"),
        CheckConstraint("reason <> ''", name="ck_spare_loans_reason"),
        CheckConstraint(
            "(returned_at IS NULL) = (returned_by IS NULL)", name="ck_spare_loans_returned"
        ),
        _once("spare_id"),
        _once("machine_id"),
        _once("person_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    spare_id: int = Field(foreign_key="machines.id")
    machine_id: int = Field(foreign_key="machines.id")
    person_id: int = Field(foreign_key="people.id")
    kept_back: bool = False
    reason: str
    lent_by: str
    lent_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    returned_by: str | None = None
    returned_at: datetime | None = Field(default=None, sa_column=Column(Instant))
