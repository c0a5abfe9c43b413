"""Applications to take a PC out, blanket approvals in an emergency, and PINs of disks."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.domain.takeout import DISK_PIN, TAKEOUT, PinState, TakeoutState
from rollout.store.columns import Instant, Why, one_of

_OUT = text("state = 'out'")


class TakeoutEmergency(SQLModel, table=True):
    """A blanket approval: every PC of a department may leave, without an application of each.

    `department` is 部局, or 部局 and 所属 with a space between, as it was called then.
    """

    __tablename__ = "takeout_emergencies"
    __table_args__ = (
        CheckConstraint("period_to >= period_from", name="ck_takeout_emergencies_period"),
        CheckConstraint("reason <> ''", name="ck_takeout_emergencies_reason"),
    )

    id: int | None = Field(default=None, primary_key=True)
    department: str
    reason: str
    period_from: date
    period_to: date
    approved_by: str
    approved_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))


class Takeout(SQLModel, table=True):
    """One application (持出し許可申請) of a person for one PC and a period, both days included.

    `applied_by` is the operator who entered it, `decided_by` who decided; with `emergency_id` it
    was made by a blanket approval. `allowed_at` is when the PC became fit to leave under it, from
    which moment on it may be outside; `out_on` and `returned_on` are the days that were reported.
    """

    __tablename__ = "takeouts"
    __lifecycle__ = TAKEOUT
    __key__ = "id"
    __table_args__ = (
        one_of("state", TakeoutState, "takeouts"),
        CheckConstraint("period_to >= period_from", name="ck_takeouts_period"),
        CheckConstraint("place <> '' AND purpose <> ''", name="ck_takeouts_said"),
        CheckConstraint(
            "state NOT IN ('approved', 'out', 'recalled', 'returned', 'rejected') "
            "OR decided_by IS NOT NULL",
            name="ck_takeouts_decided",
        ),
        CheckConstraint(
            "emergency_id IS NOT NULL OR decided_by IS NULL OR decided_by <> applied_by",
            name="ck_takeouts_four_eyes",
        ),
        CheckConstraint("returned_on >= out_on", name="ck_takeouts_days"),
        Index("ix_takeouts_machine_state", "machine_id", "state"),
        Index("ix_takeouts_person_state", "person_id", "state"),
        Index("ix_takeouts_state_period", "state", "period_to"),
        Index(
            "ux_takeouts_out",
            "machine_id",
            unique=True,
            sqlite_where=_OUT,
            postgresql_where=_OUT,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machines.id")
    person_id: int = Field(foreign_key="people.id")
    period_from: date
    period_to: date
    place: str
    purpose: str
    applied_by: str
    applied_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    emergency_id: int | None = Field(default=None, foreign_key="takeout_emergencies.id")
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    allowed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    out_on: date | None = None
    returned_on: date | None = None
    state: str = TakeoutState.APPLIED.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1


class DiskPin(SQLModel, table=True):
    """The PIN of a PC that was prepared for take-home use; `key` is its asset tag."""

    __tablename__ = "disk_pins"
    __lifecycle__ = DISK_PIN
    __key__ = "key"
    __table_args__ = (one_of("state", PinState, "disk_pins"),)

    id: int | None = Field(default=None, primary_key=True)
    machine_id: int = Field(foreign_key="machines.id", unique=True)
    key: str
    state: str = PinState.AWAITED.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
