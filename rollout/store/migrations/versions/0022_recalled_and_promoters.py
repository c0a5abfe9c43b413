"""Take-outs are recalled when their users leave; people are promoters of their departments."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BEFORE = "applied approved out returned rejected expired withdrawn"
_DECIDED = "approved out returned rejected"


def _words(words: str) -> str:
    return ", ".join(f"'{word}'" for word in words.split())


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def _allow(states: str, decided: str) -> None:
    with op.batch_alter_table("takeouts") as table:
        table.drop_constraint("ck_takeouts_state", type_="check")
        table.create_check_constraint("ck_takeouts_state", f"state IN ({_words(states)})")
        table.drop_constraint("ck_takeouts_decided", type_="check")
        table.create_check_constraint(
            "ck_takeouts_decided",
            f"state NOT IN ({_words(decided)}) OR decided_by IS NOT NULL",
        )


def upgrade() -> None:
    _allow(
        "applied approved out recalled returned rejected expired withdrawn",
        "approved out recalled returned rejected",
    )
    with op.batch_alter_table("people", recreate=_recreate()) as table:
        table.add_column(
            sa.Column("promoter", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("people", recreate=_recreate()) as table:
        table.drop_column("promoter")
    # A PC that was recalled may be outside: as one that is out it stays on the list.
    op.execute(sa.text("UPDATE takeouts SET state = 'out' WHERE state = 'recalled'"))
    _allow(_BEFORE, _DECIDED)
