"""Erasing replaced PCs, and controls that are measured again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_STEPS = "preflight capture reimage connect restore verify enable"
_STATES = (
    "registered planned checking cleared capturing captured reimaging reimaged connecting "
    "connected restoring restored verifying verified enabling portable migrated failed silent "
    "unknown held excluded superseded retained erased returned"
)
_STATES_NOW = _STATES.replace("retained", "retained erasing")


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def _allow(steps: str, states: str, purposes: str) -> None:
    """Replace the lists of words that the tables take."""
    with op.batch_alter_table("machines") as table:
        for name, column, words in (
            ("ck_machines_state", "state", states),
            ("ck_machines_held_from_known", "held_from", states),
            ("ck_machines_step", "step", steps),
        ):
            table.drop_constraint(name, type_="check")
            table.create_check_constraint(name, f"{column} IN ({_words(words)})")
    with op.batch_alter_table("runs") as table:
        for name, column, words in (
            ("ck_runs_step", "step", steps),
            ("ck_runs_purpose", "purpose", purposes),
        ):
            table.drop_constraint(name, type_="check")
            table.create_check_constraint(name, f"{column} IN ({_words(words)})")
    # Numbers of claims are never given twice: the copy must keep counting.
    with op.batch_alter_table("claims", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("ck_claims_step", type_="check")
        table.create_check_constraint("ck_claims_step", f"step IN ({_words(steps)})")


def upgrade() -> None:
    _allow(f"{_STEPS} retire", _STATES_NOW, "step probe recheck")
    op.create_table(
        "retirements",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=False),
        sa.Column("retain_until", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("asked_at", _INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", _INSTANT, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("certificate", sa.String(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("returned_by", sa.String(), nullable=True),
        sa.CheckConstraint("machine_id <> successor_id", name="ck_retirements_successor"),
        sa.CheckConstraint(
            "approved_by IS NULL OR (asked_by IS NOT NULL AND approved_by <> asked_by)",
            name="ck_retirements_four_eyes",
        ),
        sa.CheckConstraint(
            "epoch IS NULL OR approved_by IS NOT NULL", name="ck_retirements_authorised"
        ),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["successor_id"], ["machines.id"]),
        sa.ForeignKeyConstraint(["epoch"], ["claims.id"]),
        sa.PrimaryKeyConstraint("machine_id"),
        sa.UniqueConstraint("successor_id"),
    )
    op.create_table(
        "pending_controls",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("controls", sa.String(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("checked_at", _INSTANT, nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.PrimaryKeyConstraint("machine_id"),
    )


def downgrade() -> None:
    op.drop_table("pending_controls")
    op.drop_table("retirements")
    _allow(_STEPS, _STATES, "step probe")
