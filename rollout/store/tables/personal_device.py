"""Personal devices with their applications, and devices that nobody applied for."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from rollout.domain.personal_device import (
    PERSONAL_DEVICE,
    ApplicationKind,
    DeviceState,
    HeadDecision,
    Ownership,
    Platform,
    StrayReason,
)
from rollout.store.columns import Instant, Why, one_of

_LIVE = text("state NOT IN ('released', 'rejected', 'withdrawn', 'expired')")


class PersonalDevice(SQLModel, table=True):
    """One application for a personal device, and the device itself once it is registered.

    `ownership` is fixed at consent; `seen_as` is what the service takes it to be, with the moment
    since when. `device_id` is the directory's object, `azure_device_id` the device's own id in it,
    `managed_device_id` the device management's, `device_tag` that of the protected apps.
    `asked_at` is when the operator ordered the invitation, `joined_at` when the group had the
    owner, `left_group_at` when it had the owner no more; `invited_at` is when the mail service took
    the invitation, which is a notice. `sessions_ended_at` and `wipe_ordered_at` are when the
    service took the order, which is recorded before (as the state) and repeated until then, not
    before `due_at`. `trouble` is the service's last refusal, with its request id for the vendor's
    support.
    """

    __tablename__ = "personal_devices"
    __lifecycle__ = PERSONAL_DEVICE
    __key__ = "id"
    __table_args__ = (
        one_of("platform", Platform, "personal_devices"),
        one_of("kind", ApplicationKind, "personal_devices"),
        one_of("head_decision", HeadDecision, "personal_devices"),
        one_of("seen_as", Ownership, "personal_devices"),
        one_of("state", DeviceState, "personal_devices"),
        CheckConstraint("ownership = 'personal'", name="ck_personal_devices_ownership"),
        CheckConstraint("consent_version <> ''", name="ck_personal_devices_consent"),
        CheckConstraint(
            "decided_by IS NULL OR decided_by <> applied_by", name="ck_personal_devices_four_eyes"
        ),
        CheckConstraint(
            "state IN ('applied', 'withdrawn', 'expired') OR decided_by IS NOT NULL",
            name="ck_personal_devices_decided",
        ),
        CheckConstraint("replaces_id <> id", name="ck_personal_devices_replaces"),
        Index("ix_personal_devices_person", "person_id"),
        Index("ix_personal_devices_state", "state"),
        Index(
            "ux_personal_devices_device",
            "device_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index(
            "ux_personal_devices_managed",
            "managed_device_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="people.id")
    platform: str
    model: str
    purpose: str
    kind: str = ApplicationKind.NEW.value
    replaces_id: int | None = Field(default=None, foreign_key="personal_devices.id")
    applied_on: date
    applied_by: str
    applied_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    consent_version: str
    consented_on: date
    ownership: str = Ownership.PERSONAL.value
    head_of_office: str | None = None
    head_decision: str | None = None
    head_decided_on: date | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    decision_reason: str | None = None
    state: str = DeviceState.APPLIED.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
    asked_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    joined_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    invited_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    device_id: str | None = None
    azure_device_id: str | None = None
    managed_device_id: str | None = None
    device_tag: str | None = None
    last_seen: datetime | None = Field(default=None, sa_column=Column(Instant))
    seen_as: str | None = None
    seen_as_since: datetime | None = Field(default=None, sa_column=Column(Instant))
    lost_on: date | None = None
    leaving_since: datetime | None = Field(default=None, sa_column=Column(Instant))
    sessions_ended_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    wipe_ordered_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    left_group_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    trouble: str | None = Field(default=None, sa_column=Column(Why))
    request_id: str | None = None


class StrayDevice(SQLModel, table=True):
    """A device or protected app that is registered and belongs to no application in use.

    `key` is the service's kind and id; the row goes when the service shows it no more.
    """

    __tablename__ = "stray_devices"
    __table_args__ = (
        one_of("reason", StrayReason, "stray_devices"),
        one_of("seen_as", Ownership, "stray_devices"),
        Index("ix_stray_devices_person", "person_id"),
    )

    key: str = Field(primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="people.id")
    reason: str
    user_id: str
    platform: str
    model: str = ""
    device_name: str = ""
    seen_as: str | None = None
    first_seen: datetime = Field(sa_column=Column(Instant, nullable=False))
    last_seen: datetime | None = Field(default=None, sa_column=Column(Instant))


class DeviceReading(SQLModel, table=True):
    """When the service was last read as a whole, and what it showed; one row."""

    __tablename__ = "device_readings"
    __table_args__ = (CheckConstraint("id = 1", name="ck_device_readings_one"),)

    id: int = Field(default=1, primary_key=True)
    read_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    devices: int
    matched: int
    stray: int
