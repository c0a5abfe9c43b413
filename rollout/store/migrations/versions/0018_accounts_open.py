"""Finding what is due of one service takes one index."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_accounts_due", "accounts")
    op.drop_index("ix_accounts_service_state", "accounts")
    op.create_index("ix_accounts_open", "accounts", ["service", "state", "due_at"])


def downgrade() -> None:
    op.drop_index("ix_accounts_open", "accounts")
    op.create_index("ix_accounts_due", "accounts", ["due_at"])
    op.create_index("ix_accounts_service_state", "accounts", ["service", "state"])
