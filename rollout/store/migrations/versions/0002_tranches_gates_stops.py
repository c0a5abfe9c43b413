"""Parts of waves, overrides of gates, and stops."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_GATES = "succeeded failed failed_share silent silent_share unknown soak"
_SCOPES = "all generation site"


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def upgrade() -> None:
    op.create_table(
        "tranches",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.CheckConstraint("number >= 1", name="ck_tranches_number"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"]),
        sa.PrimaryKeyConstraint("wave_id", "number"),
    )
    op.create_table(
        "tranche_members",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"]),
        sa.PrimaryKeyConstraint("machine_id"),
    )
    op.create_index("ix_tranche_members_wave", "tranche_members", ["wave_id", "number"])

    op.create_table(
        "gate_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("tranche", sa.Integer(), nullable=False),
        sa.Column("gate", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint(f"gate IN ({_words(_GATES)})", name="ck_gate_overrides_gate"),
        sa.CheckConstraint("reason <> ''", name="ck_gate_overrides_reason"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_gate_overrides_wave", "gate_overrides", ["wave_id", "tranche"])

    op.create_table(
        "stops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(f"scope IN ({_words(_SCOPES)})", name="ck_stops_scope"),
        sa.CheckConstraint("(scope = 'all') = (target = '')", name="ck_stops_target"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ck_stops_ended"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_stops_in_force",
        "stops",
        ["scope", "target"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("stops", "gate_overrides", "tranche_members", "tranches"):
        op.drop_table(table)
