"""The forecast of each day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("cutover", sa.Date(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("missing", sa.String(), nullable=True),
        sa.Column("p10", sa.Date(), nullable=True),
        sa.Column("p50", sa.Date(), nullable=True),
        sa.Column("p90", sa.Date(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("endangered_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("day"),
    )


def downgrade() -> None:
    op.drop_table("forecasts")
