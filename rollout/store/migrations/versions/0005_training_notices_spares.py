"""Training, notices, the stock of licences, loans of spares, and the gates that measure them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_GATES_BEFORE = "succeeded failed failed_share silent silent_share unknown soak"
_GATES = f"{_GATES_BEFORE} training licences notices"
_KINDS = "days_before day_before done new_date cutover_day missing_training"
_STATES = "planned sent failed"


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def upgrade() -> None:
    op.create_table(
        "training_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("course_key", sa.String(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("course_key <> ''", name="ck_training_records_course"),
        sa.CheckConstraint("score >= 0", name="ck_training_records_score"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "course_key", "taken_on", name="ux_training_records"),
    )
    op.create_index("ix_training_records_course", "training_records", ["course_key", "person_id"])

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_at", _INSTANT, nullable=True),
        sa.CheckConstraint(f"kind IN ({_words(_KINDS)})", name="ck_notices_kind"),
        sa.CheckConstraint(f"state IN ({_words(_STATES)})", name="ck_notices_state"),
        sa.CheckConstraint(
            "(machine_id IS NULL) <> (person_id IS NULL)", name="ck_notices_addressee"
        ),
        sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="ck_notices_sent"),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("machine_id", "kind", "day", name="ux_notices_machine"),
        sa.UniqueConstraint("person_id", "kind", "day", name="ux_notices_person"),
    )
    op.create_index("ix_notices_state", "notices", ["state"])

    op.create_table(
        "licence_stock",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("enabled", sa.Integer(), nullable=False),
        sa.Column("consumed", sa.Integer(), nullable=False),
        sa.Column("suspended", sa.Integer(), nullable=False),
        sa.CheckConstraint("sku <> ''", name="ck_licence_stock_sku"),
        sa.CheckConstraint(
            "enabled >= 0 AND consumed >= 0 AND suspended >= 0", name="ck_licence_stock_seats"
        ),
        sa.PrimaryKeyConstraint("sku", "taken_at"),
    )

    op.create_table(
        "spare_loans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spare_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kept_back", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("lent_by", sa.String(), nullable=False),
        sa.Column("lent_at", _INSTANT, nullable=False),
        sa.Column("returned_by", sa.String(), nullable=True),
        sa.Column("returned_at", _INSTANT, nullable=True),
        sa.CheckConstraint("spare_id <> machine_id", name="ck_spare_loans_other"),
        sa.CheckConstraint("reason <> ''", name="ck_spare_loans_reason"),
        sa.CheckConstraint(
            "(returned_at IS NULL) = (returned_by IS NULL)", name="ck_spare_loans_returned"
        ),
        sa.ForeignKeyConstraint(["spare_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for name in ("spare", "machine", "person"):
        op.create_index(
            f"ux_spare_loans_{name}",
            "spare_loans",
            [f"{name}_id"],
            unique=True,
            sqlite_where=sa.text("returned_at IS NULL"),
            postgresql_where=sa.text("returned_at IS NULL"),
        )
    op.create_index(
        "ix_machines_spares",
        "machines",
        ["site_id"],
        sqlite_where=sa.text("purpose = 'spare'"),
        postgresql_where=sa.text("purpose = 'spare'"),
    )
    _allow_gates(_GATES)


def downgrade() -> None:
    overrides = sa.table("gate_overrides", sa.column("gate", sa.String()))
    op.execute(overrides.delete().where(overrides.c.gate.not_in(_GATES_BEFORE.split())))
    _allow_gates(_GATES_BEFORE)
    op.drop_index("ix_machines_spares", "machines")
    for table in ("spare_loans", "licence_stock", "notices", "training_records"):
        op.drop_table(table)


def _allow_gates(gates: str) -> None:
    """Other gates can be overridden."""
    check = f"gate IN ({_words(gates)})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint("ck_gate_overrides_gate", "gate_overrides", type_="check")
        op.create_check_constraint("ck_gate_overrides_gate", "gate_overrides", check)
        return
    # SQLite cannot change a check: the table is made anew. The new one is made under its own name,
    # because a renamed one would keep the quotes of the renaming in its statement.
    op.drop_index("ix_gate_overrides_wave", "gate_overrides")
    op.rename_table("gate_overrides", "gate_overrides_before")
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
        sa.CheckConstraint(check, name="ck_gate_overrides_gate"),
        sa.CheckConstraint("reason <> ''", name="ck_gate_overrides_reason"),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        "INSERT INTO gate_overrides SELECT id, wave_id, tranche, gate, value, actor, reason, "
        "created_at FROM gate_overrides_before"
    )
    op.drop_table("gate_overrides_before")
    op.create_index("ix_gate_overrides_wave", "gate_overrides", ["wave_id", "tranche"])
