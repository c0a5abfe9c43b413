"""A machine knows whether its system was prepared for use outside: nobody walks through claims."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_WHERE = sa.text("state = 'migrated' AND enabled IS NOT TRUE AND may_leave IS NOT FALSE")
_ENABLED = """
UPDATE machines SET enabled = TRUE WHERE
    (SELECT max(id) FROM claims
     WHERE machine_id = machines.id AND step = 'enable' AND outcome = 'done')
    > coalesce((SELECT max(id) FROM claims
     WHERE machine_id = machines.id AND step = 'reimage' AND outcome = 'done'), 0)
"""


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    with op.batch_alter_table("machines", recreate=_recreate()) as table:
        table.add_column(
            sa.Column("enabled", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.execute(_ENABLED)
    op.create_index(
        "ix_machines_to_enable",
        "machines",
        ["generation", "state_since", "id"],
        sqlite_where=_WHERE,
        postgresql_where=_WHERE,
    )


def downgrade() -> None:
    op.drop_index("ix_machines_to_enable", table_name="machines")
    with op.batch_alter_table("machines", recreate=_recreate()) as table:
        table.drop_column("enabled")
