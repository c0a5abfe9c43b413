"""Claims: the fence of a step."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from rollout.domain.machine import Step
from rollout.domain.run import ClaimOutcome
from rollout.store.columns import Instant, one_of


class Claim(SQLModel, table=True):
    """The right to do one attempt of one step on one machine.

    `id` is the epoch: it never decreases and is never given twice, so a machine that has seen a
    higher one refuses every older controller. For reimage the claim is also the life of the
    one-time token: armed (the playbook passed every guard), consumed (the machine was told to
    install), each at most once; `voided_at` ends it without effect. Tokens are kept as digests.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("machine_id", "step", "attempt"),
        one_of("step", Step, "claims"),
        one_of("outcome", ClaimOutcome, "claims"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ck_claims_ended"),
        CheckConstraint(
            "consumed_at IS NULL OR armed_at IS NOT NULL", name="ck_claims_armed_before_consumed"
        ),
        # One open claim per machine, whatever the step: two would act at once.
        Index(
            "ux_claims_open",
            "machine_id",
            unique=True,
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machines.id")
    step: str
    attempt: int
    run_id: int = Field(foreign_key="runs.id", index=True)
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    deadline_at: datetime = Field(sa_column=Column(Instant, nullable=False))

    arm_token_hash: str | None = Field(default=None, unique=True)
    boot_id_before: str | None = None
    armed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    consumed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    voided_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    check_in_token_hash: str | None = Field(default=None, unique=True)

    outcome: str | None = None
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    report: str | None = None
