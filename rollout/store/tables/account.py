"""Cloud services of people, the groups of departments, and the plans that say what to do."""

from datetime import datetime

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from rollout.domain.account import (
    ACCOUNT,
    CLOUD_GROUP,
    AccountState,
    Aim,
    CloudService,
    GroupKind,
    PlannedAction,
)
from rollout.store.columns import Instant, Why, one_of


class Account(SQLModel, table=True):
    """One service of one person; the open ones are the queue of work.

    `key` is staff number and service. `aim` is what the open request leads to. `due_at` is the
    earliest moment of the next look while one is needed. `in_doubt`: an order is under way, or its
    answer was lost, so the service is asked what there is before anything is made. `external_id`
    is the service's own id.
    `taken_by` is the process whose order is under way, as `adapters.holder` names it.
    `request_id` and `client_request_id` are those of the last answer that was no success, for the
    vendor's support.
    """

    __tablename__ = "accounts"
    __lifecycle__ = ACCOUNT
    __key__ = "key"
    __table_args__ = (
        one_of("service", CloudService, "accounts"),
        one_of("state", AccountState, "accounts"),
        one_of("aim", Aim, "accounts"),
        UniqueConstraint("person_id", "service", name="ux_accounts_service"),
        Index("ix_accounts_open", "service", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    person_id: int = Field(foreign_key="people.id")
    service: str
    state: str = AccountState.ABSENT.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
    aim: str = Aim.READY.value
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    attempts: int = 0
    in_doubt: bool = False
    external_id: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    taken_by: str | None = None


class CloudGroup(SQLModel, table=True):
    """The group, or the team, of a department; its columns are those of `Account`."""

    __tablename__ = "cloud_groups"
    __lifecycle__ = CLOUD_GROUP
    __key__ = "key"
    __table_args__ = (
        one_of("kind", GroupKind, "cloud_groups"),
        one_of("state", AccountState, "cloud_groups"),
        UniqueConstraint("department_id", "kind", name="ux_cloud_groups_kind"),
        Index("ix_cloud_groups_due", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    department_id: int = Field(foreign_key="departments.id")
    kind: str
    state: str = AccountState.ABSENT.value
    state_since: datetime = Field(sa_column=Column(Instant, nullable=False))
    cause: str | None = Field(default=None, sa_column=Column(Why))
    version: int = 1
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    attempts: int = 0
    in_doubt: bool = False
    external_id: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    taken_by: str | None = None


class AccountPlan(SQLModel, table=True):
    """What was to be done when somebody looked; `scope` is what he looked at, as JSON."""

    __tablename__ = "account_plans"

    id: int | None = Field(default=None, primary_key=True)
    actor: str
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    scope: str
    applied_at: datetime | None = Field(default=None, sa_column=Column(Instant))


class AccountPlanItem(SQLModel, table=True):
    """One service of one person in a plan; `keep` is not written down."""

    __tablename__ = "account_plan_items"
    __table_args__ = (
        one_of("service", CloudService, "account_plan_items"),
        one_of("action", PlannedAction, "account_plan_items"),
    )

    plan_id: int = Field(foreign_key="account_plans.id", primary_key=True)
    person_id: int = Field(foreign_key="people.id", primary_key=True)
    service: str = Field(primary_key=True)
    action: str
    cause: str | None = Field(default=None, sa_column=Column(Why))
