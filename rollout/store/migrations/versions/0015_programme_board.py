"""What the programme promised besides machines: milestones and indicators."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "milestones",
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.CheckConstraint(
            "state IN ('open', 'under_way', 'done', 'dropped')", name="ck_milestones_state"
        ),
    )
    op.create_table(
        "indicator_figures",
        sa.Column("said_at", _INSTANT, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("actual", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "year"),
        sa.CheckConstraint("actual >= 0", name="ck_indicator_figures_actual"),
    )


def downgrade() -> None:
    op.drop_table("indicator_figures")
    op.drop_table("milestones")
