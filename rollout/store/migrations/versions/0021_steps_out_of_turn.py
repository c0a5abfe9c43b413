"""Operators ask for a machine's next step before its turn."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _allow(kinds: str) -> None:
    with op.batch_alter_table("commands") as table:
        table.drop_constraint("ck_commands_kind", type_="check")
        words = ", ".join(f"'{kind}'" for kind in kinds.split())
        table.create_check_constraint("ck_commands_kind", f"kind IN ({words})")


def upgrade() -> None:
    _allow("cancel_run probe_machine begin_step")


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM commands WHERE kind = 'begin_step'"))
    _allow("cancel_run probe_machine")
