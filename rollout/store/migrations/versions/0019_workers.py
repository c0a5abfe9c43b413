"""Workers on other computers, and the runs that they took."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("sites", sa.String(), nullable=True),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("heartbeat_at", _INSTANT, nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.Column("clock_ahead", sa.Float(), nullable=False),
        sa.Column("stopping", sa.Boolean(), nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_why", sa.String(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ck_workers_ended"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    alive = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_workers_alive", "workers", ["id"], sqlite_where=alive, postgresql_where=alive
    )
    op.create_table(
        "takings",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("stop_asked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"]),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_takings_worker_id", "takings", ["worker_id"])


def downgrade() -> None:
    op.drop_table("takings")
    op.drop_table("workers")
