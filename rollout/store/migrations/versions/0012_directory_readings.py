"""What the directory told of sign-ins, both ids of a failed request, and the gate of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_GATES_BEFORE = (
    "succeeded failed failed_share silent silent_share unknown soak training licences notices"
)
_GATES = f"{_GATES_BEFORE} accounts"
_QUEUES = ("accounts", "cloud_groups")


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def upgrade() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("signed_in_at", _INSTANT, nullable=True),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("person_id"),
    )
    # Made anew where a new column would stand behind the constraints, unlike in a fresh schema.
    sqlite = op.get_context().dialect.name == "sqlite"
    for table in _QUEUES:
        with op.batch_alter_table(table, recreate="always" if sqlite else "never") as batch:
            batch.add_column(sa.Column("client_request_id", sa.String(), nullable=True))
    _allow_gates(_GATES)


def downgrade() -> None:
    overrides = sa.table("gate_overrides", sa.column("gate", sa.String()))
    op.execute(overrides.delete().where(overrides.c.gate.not_in(_GATES_BEFORE.split())))
    _allow_gates(_GATES_BEFORE)
    for table in _QUEUES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("client_request_id")
    op.drop_table("sign_ins")


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
