"""When a notice was last handed to the mail service, before its answer."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.add_column("notices", sa.Column("tried_at", _INSTANT, nullable=True))


def downgrade() -> None:
    op.drop_column("notices", "tried_at")
