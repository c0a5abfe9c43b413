"""Machines are counted by state, generation and site from one index, without their rows."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_machines_state", "machines")
    op.create_index("ix_machines_state_place", "machines", ["state", "generation", "site_id"])


def downgrade() -> None:
    op.drop_index("ix_machines_state_place", "machines")
    op.create_index("ix_machines_state", "machines", ["state"])
