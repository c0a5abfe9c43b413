"""Runs."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from rollout.domain.machine import Step
from rollout.domain.run import RUN, RunPurpose, RunState
from rollout.store.columns import Instant, Why, one_of


class Run(SQLModel, table=True):
    """One playbook execution over a batch of machines.

    `ident` marks every process of the run in its environment, so that stragglers are found;
    `lease_epoch` is that of the daemon which started it.
    """

    __tablename__ = "runs"
    __lifecycle__ = RUN
    __key__ = "id"
    __table_args__ = (
        one_of("state", RunState, "runs"),
        one_of("step", Step, "runs"),
        one_of("purpose", RunPurpose, "runs"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ident: str = Field(unique=True)
    purpose: str = RunPurpose.STEP.value
    step: str | None = None
    wave_id: int | None = Field(default=None, foreign_key="waves.id", index=True)
    site_id: int | None = Field(default=None, foreign_key="sites.id")
    size: int = 0
    lease_epoch: int
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))

    state: str = Field(default=RunState.CREATED.value, index=True)
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
