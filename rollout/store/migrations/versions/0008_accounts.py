"""Cloud services of people, groups of departments, and plans of both."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_SERVICES = "'identity', 'licence', 'mailbox', 'groupware', 'chat'"
_STATES = "'absent', 'requested', 'pending', 'ready', 'blocked', 'revoked'"


def _work() -> list[sa.Column[object]]:
    """The columns that `accounts` and `cloud_groups` share."""
    return [
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("aim", sa.String(), nullable=False),
        *_work(),
        sa.CheckConstraint(f"service IN ({_SERVICES})", name="ck_accounts_service"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="ck_accounts_state"),
        sa.CheckConstraint("aim IN ('ready', 'revoked')", name="ck_accounts_aim"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("person_id", "service", name="ux_accounts_service"),
    )
    op.create_index("ix_accounts_due", "accounts", ["due_at"])
    op.create_index("ix_accounts_service_state", "accounts", ["service", "state"])
    op.create_table(
        "cloud_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        *_work(),
        sa.CheckConstraint("kind IN ('group', 'team')", name="ck_cloud_groups_kind"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="ck_cloud_groups_state"),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("department_id", "kind", name="ux_cloud_groups_kind"),
    )
    op.create_index("ix_cloud_groups_due", "cloud_groups", ["due_at"])
    op.create_table(
        "account_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("applied_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "account_plan_items",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.CheckConstraint(f"service IN ({_SERVICES})", name="ck_account_plan_items_service"),
        sa.CheckConstraint(
            "action IN ('create', 'change', 'keep', 'blocked', 'revoke')",
            name="ck_account_plan_items_action",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["account_plans.id"]),
        sa.PrimaryKeyConstraint("plan_id", "person_id", "service"),
    )
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("upn", sa.String(), nullable=True))
        table.create_unique_constraint("ux_people_upn", ["upn"])


def downgrade() -> None:
    with op.batch_alter_table("people") as table:
        table.drop_constraint("ux_people_upn", type_="unique")
        table.drop_column("upn")
    for name in ("account_plan_items", "account_plans", "cloud_groups", "accounts"):
        op.drop_table(name)
