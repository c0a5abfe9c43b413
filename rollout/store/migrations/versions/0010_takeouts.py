"""Taking PCs out, PINs of disks, and PCs that are prepared for leaving but may not leave yet."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_STATES = (
    "registered planned checking cleared capturing captured reimaging reimaged connecting "
    "connected restoring restored verifying verified enabling portable migrated failed silent "
    "unknown held excluded superseded retained erasing erased returned"
)
_STATES_NOW = _STATES.replace("enabling", "enabling prepared")
_TAKEOUTS = "applied approved out returned rejected expired withdrawn"
_PINS = "awaited chosen missing"


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def _allow(states: str) -> None:
    with op.batch_alter_table("machines") as table:
        for name, column in (
            ("ck_machines_state", "state"),
            ("ck_machines_held_from_known", "held_from"),
        ):
            table.drop_constraint(name, type_="check")
            table.create_check_constraint(name, f"{column} IN ({_words(states)})")


def upgrade() -> None:
    _allow(_STATES_NOW)
    # So far it meant: protected, and about to be handed over.
    op.execute("UPDATE machines SET state = 'prepared' WHERE state = 'portable'")
    op.execute("UPDATE machines SET held_from = 'prepared' WHERE held_from = 'portable'")
    op.create_table(
        "takeout_emergencies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", _INSTANT, nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.CheckConstraint("period_to >= period_from", name="ck_takeout_emergencies_period"),
        sa.CheckConstraint("reason <> ''", name="ck_takeout_emergencies_reason"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "takeouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("applied_by", sa.String(), nullable=False),
        sa.Column("applied_at", _INSTANT, nullable=False),
        sa.Column("emergency_id", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", _INSTANT, nullable=True),
        sa.Column("allowed_at", _INSTANT, nullable=True),
        sa.Column("out_on", sa.Date(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"state IN ({_words(_TAKEOUTS)})", name="ck_takeouts_state"),
        sa.CheckConstraint("period_to >= period_from", name="ck_takeouts_period"),
        sa.CheckConstraint("place <> '' AND purpose <> ''", name="ck_takeouts_said"),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'out', 'returned', 'rejected') OR decided_by IS NOT NULL",
            name="ck_takeouts_decided",
        ),
        sa.CheckConstraint(
            "emergency_id IS NOT NULL OR decided_by IS NULL OR decided_by <> applied_by",
            name="ck_takeouts_four_eyes",
        ),
        sa.CheckConstraint("returned_on >= out_on", name="ck_takeouts_days"),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["emergency_id"], ["takeout_emergencies.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, columns in (
        ("ix_takeouts_machine_state", ["machine_id", "state"]),
        ("ix_takeouts_person_state", ["person_id", "state"]),
        ("ix_takeouts_state_period", ["state", "period_to"]),
    ):
        op.create_index(name, "takeouts", columns)
    op.create_index(
        "ux_takeouts_out",
        "takeouts",
        ["machine_id"],
        unique=True,
        sqlite_where=sa.text("state = 'out'"),
        postgresql_where=sa.text("state = 'out'"),
    )
    op.create_table(
        "disk_pins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"state IN ({_words(_PINS)})", name="ck_disk_pins_state"),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("machine_id"),
    )


def downgrade() -> None:
    op.drop_table("disk_pins")
    op.drop_table("takeouts")
    op.drop_table("takeout_emergencies")
    op.execute("UPDATE machines SET state = 'migrated' WHERE state = 'portable'")
    op.execute("UPDATE machines SET state = 'portable' WHERE state = 'prepared'")
    op.execute("UPDATE machines SET held_from = 'portable' WHERE held_from = 'prepared'")
    _allow(_STATES)
