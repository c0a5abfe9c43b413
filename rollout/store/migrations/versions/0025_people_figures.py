"""Training, readiness and sign-ins are counted day by day: no history tells of them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "people_figures",
        sa.Column("counted_at", _INSTANT, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("registered", sa.Integer(), nullable=True),
        sa.Column("trained", sa.Integer(), nullable=True),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "people >= 0 AND registered >= 0 AND trained >= 0 AND ready >= 0",
            name="ck_people_figures_counts",
        ),
        sa.PrimaryKeyConstraint("counted_at"),
    )


def downgrade() -> None:
    op.drop_table("people_figures")
