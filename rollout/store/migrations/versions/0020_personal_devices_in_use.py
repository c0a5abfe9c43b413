"""Inviting, losing and releasing personal devices, and when the service was read last."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_COLUMNS = ("left_group_at", "due_at")


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    with op.batch_alter_table("personal_devices", recreate=_recreate()) as table:
        for name in _COLUMNS:
            table.add_column(sa.Column(name, _INSTANT, nullable=True))
    op.create_table(
        "device_readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("stray", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_device_readings_one"),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("device_readings")
    with op.batch_alter_table("personal_devices", recreate=_recreate()) as table:
        for name in _COLUMNS:
            table.drop_column(name)
