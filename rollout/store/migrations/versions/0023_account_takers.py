"""Which process took an account's or a group's row, so that nobody waits for one that is dead."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TABLES = ("accounts", "cloud_groups")


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    for name in _TABLES:
        with op.batch_alter_table(name, recreate=_recreate()) as table:
            table.add_column(sa.Column("taken_by", sa.String(), nullable=True))


def downgrade() -> None:
    for name in _TABLES:
        with op.batch_alter_table(name, recreate=_recreate()) as table:
            table.drop_column("taken_by")
