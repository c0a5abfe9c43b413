"""When a notice was last handed to the mail service, before its answer."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        table.add_column(sa.Column("tried_at", _INSTANT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        table.drop_column("tried_at")
