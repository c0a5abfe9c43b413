"""Personal data can leave the history without breaking it, and nightly work is noted."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_KEPT = ("id", "at", "actor", "noun", "noun_id", "verb", "from_state", "to_state", "run_id",
         "version", "digest")  # fmt: skip
"""What a redaction leaves as it is: it may replace `key`, `reason` and `detail` alone."""
_REFUSAL = "the history is only ever added to"


def upgrade() -> None:
    _without_triggers()
    with op.batch_alter_table("audit", recreate=_recreate()) as audit:
        audit.add_column(sa.Column("salt", sa.String(32), nullable=True))
        audit.add_column(sa.Column("redacted_by", sa.Integer(), nullable=True))
    with op.batch_alter_table("people", recreate=_recreate()) as people:
        people.add_column(sa.Column("forgotten_at", _INSTANT, nullable=True))
    op.create_table(
        "nightly_work",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tried_at", _INSTANT, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("good_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    _allow_redaction_only()


def downgrade() -> None:
    op.drop_table("nightly_work")
    _without_triggers()
    with op.batch_alter_table("people", recreate=_recreate()) as people:
        people.drop_column("forgotten_at")
    with op.batch_alter_table("audit", recreate=_recreate()) as audit:
        audit.drop_column("redacted_by")
        audit.drop_column("salt")
    _forbid_every_change()


def _recreate() -> Literal["always", "never"]:
    # SQLite keeps an added column in a place of its own in the table's statement; a copied table
    # reads as if it had been made so.
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def _without_triggers() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TRIGGER tr_audit_change ON audit")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER IF EXISTS tr_audit_{verb}")


def _forbid_every_change() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_history_rewrite()")
        op.execute(
            "CREATE TRIGGER tr_audit_change BEFORE UPDATE OR DELETE ON audit"
            " FOR EACH ROW EXECUTE FUNCTION refuse_history_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_audit_{verb.lower()} BEFORE {verb} ON audit"
            f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _allow_redaction_only() -> None:
    if op.get_context().dialect.name == "postgresql":
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _KEPT)
        op.execute(
            f"""
            CREATE FUNCTION refuse_history_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR NEW.redacted_by IS NULL OR NEW.salt IS NOT NULL
                    OR {changed} THEN
                    RAISE EXCEPTION '{_REFUSAL}';
                END IF;
                RETURN NEW;
            END $$
            """
        )
        op.execute(
            "CREATE TRIGGER tr_audit_change BEFORE UPDATE OR DELETE ON audit"
            " FOR EACH ROW EXECUTE FUNCTION refuse_history_rewrite()"
        )
        return
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
    op.execute(
        "CREATE TRIGGER tr_audit_update BEFORE UPDATE ON audit"
        f" WHEN NEW.redacted_by IS NULL OR NEW.salt IS NOT NULL OR {changed}"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
    op.execute(
        "CREATE TRIGGER tr_audit_delete BEFORE DELETE ON audit"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
