"""Exchange's batches of mailbox moves, with grades and their approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_BATCHES = (
    "created syncing synced synced_with_errors stopped completing completed "
    "completed_with_errors failed removing"
)
_MOVES = "requested syncing synced finalizing finalized stopped failed"
_GRADES = "perfect good investigate poor"


def _one_of(column: str, words: str, table: str) -> sa.CheckConstraint:
    known = ", ".join(f"'{word}'" for word in words.split())
    return sa.CheckConstraint(f"{column} IN ({known})", name=f"ck_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "mailbox_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("touched_at", _INSTANT, nullable=True),
        sa.Column("first_seen_at", _INSTANT, nullable=False),
        sa.Column("reported_at", _INSTANT, nullable=False),
        _one_of("status", _BATCHES, "mailbox_batches"),
        sa.CheckConstraint("name <> ''", name="ck_mailbox_batches_name"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "mailbox_moves",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("synced_at", _INSTANT, nullable=True),
        sa.Column("items_synced", sa.Integer(), nullable=True),
        sa.Column("items_skipped", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("graded_by", sa.String(), nullable=False),
        sa.Column("reported_at", _INSTANT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", _INSTANT, nullable=True),
        sa.Column("approved_why", sa.String(), nullable=False),
        _one_of("status", _MOVES, "mailbox_moves"),
        _one_of("grade", _GRADES, "mailbox_moves"),
        sa.CheckConstraint(
            "approved_by IS NULL OR (grade = 'investigate' AND approved_by <> graded_by)",
            name="ck_mailbox_moves_four_eyes",
        ),
        sa.CheckConstraint(
            "items_synced >= 0 AND items_skipped >= 0", name="ck_mailbox_moves_items"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["mailbox_batches.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("ix_mailbox_moves_batch", "mailbox_moves", ["batch_id"])


def downgrade() -> None:
    op.drop_table("mailbox_moves")
    op.drop_table("mailbox_batches")
