"""Machines: what the ledger says, where each stands, and what it said of itself."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, false, text
from sqlmodel import Field, SQLModel

from rollout.domain.machine import MACHINE, MachineState, Step
from rollout.store.columns import Instant, Why, one_of

TO_ENABLE = "state = 'migrated' AND enabled IS NOT TRUE AND may_leave IS NOT FALSE"
"""In use, may leave as far as the ledger says, and never prepared for it: a part of few machines
that is asked for every minute. A statement has to say it in the same words to be read from it."""


class Machine(SQLModel, table=True):
    """An organisation PC.

    Ledger columns come from the import; `state`, `step`, `attempt`, `held_from`, `state_since`,
    `cause`, `version` and `enabled` are written by `transitions.apply` only; `image_id`, `boot_id`,
    `host_key` and `last_seen_at` are the machine's own report.
    """

    __tablename__ = "machines"
    __lifecycle__ = MACHINE
    __key__ = "asset_tag"
    __table_args__ = (
        one_of("state", MachineState, "machines"),
        one_of("step", Step, "machines"),
        CheckConstraint("attempt >= 1", name="ck_machines_attempt"),
        one_of("held_from", MachineState, "machines", name="ck_machines_held_from_known"),
        CheckConstraint("(state = 'held') = (held_from IS NOT NULL)", name="ck_machines_held_from"),
        CheckConstraint(
            "state NOT IN ('failed', 'silent', 'unknown') OR step IS NOT NULL",
            name="ck_machines_step_known",
        ),
        Index("ix_machines_wave_state", "wave_id", "state"),
        # Counts by place are read from it alone: the rows of a large fleet are not touched.
        Index("ix_machines_state_place", "state", "generation", "site_id"),
        Index(
            "ix_machines_spares",
            "site_id",
            sqlite_where=text("purpose = 'spare'"),
            postgresql_where=text("purpose = 'spare'"),
        ),
        Index(
            "ix_machines_to_enable",
            "generation",
            "state_since",
            "id",
            sqlite_where=text(TO_ENABLE),
            postgresql_where=text(TO_ENABLE),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    asset_tag: str = Field(unique=True, min_length=1)
    serial: str | None = Field(default=None, unique=True)
    mac: str | None = Field(default=None, unique=True)
    computer_name: str | None = Field(default=None, unique=True)
    generation: str = Field(index=True)
    model: str = ""
    site_id: int | None = Field(default=None, foreign_key="sites.id", index=True)
    floor: str = ""
    department_id: int | None = Field(default=None, foreign_key="departments.id", index=True)
    owner_id: int | None = Field(default=None, foreign_key="people.id", index=True)
    purpose: str = ""
    lease_from: date | None = None
    lease_to: date | None = None
    may_leave: bool | None = None
    remark: str = ""
    in_ledger: bool = True

    state: str = MachineState.REGISTERED.value
    step: str | None = None
    attempt: int = 1
    held_from: str | None = None
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1

    wave_id: int | None = Field(default=None, foreign_key="waves.id")
    planned_day: date | None = None
    hold_until: date | None = None

    image_id: str | None = None
    boot_id: str | None = None
    host_key: str | None = None
    last_seen_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    enabled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
