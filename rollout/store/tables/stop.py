"""Stops: nothing begins in a part of the programme, whatever its waves say."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.domain.stop import StopScope
from rollout.store.columns import Instant, one_of


class Stop(SQLModel, table=True):
    """A stop of everything, of one generation or of one site; in force until `ended_at`.

    `target` is the generation or the site's name in the ledger, and empty for everything.
    """

    __tablename__ = "stops"
    __table_args__ = (
        one_of("scope", StopScope, "stops"),
        CheckConstraint("(scope = 'all') = (target = '')", name="ck_stops_target"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ck_stops_ended"),
        Index(
            "ux_stops_in_force",
            "scope",
            "target",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    scope: str
    target: str = ""
    reason: str
    actor: str
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    ended_by: str | None = None
