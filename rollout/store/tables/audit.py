"""The history."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.store.columns import Instant, Why

OUTCOMES = text("verb IN ('hand_over', 'supersede', 'fail', 'fall_silent', 'retry')")
"""What the forecast reads; word for word the condition of an index, or it would not be used."""


class AuditRow(SQLModel, table=True):
    """One fact of the history; `digest` chains it to the row before (see domain.history).

    Rows are only ever added; triggers refuse deletions, and every update but a redaction: that
    empties `salt`, may replace `key`, `reason` and `detail`, and names in `redacted_by` the later
    fact that says so (see store.redaction). Rows of before salts were introduced have none.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_noun", "noun", "noun_id"),
        Index("ix_audit_outcomes", "at", sqlite_where=OUTCOMES, postgresql_where=OUTCOMES),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    actor: str
    noun: str
    noun_id: int
    key: str
    verb: str
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = Field(default=None, sa_column=Column(Why))
    run_id: int | None = None
    version: int | None = None
    detail: str | None = None
    digest: str = Field(min_length=64, max_length=64)
    salt: str | None = Field(default=None, max_length=32)
    redacted_by: int | None = None


class AuditHead(SQLModel, table=True):
    """The end of the chain: one row, locked by whoever appends."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="ck_audit_head_single"),)

    id: int = Field(default=1, primary_key=True)
    rows: int = 0
    digest: str = Field(min_length=64, max_length=64)
