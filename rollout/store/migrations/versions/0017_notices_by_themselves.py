"""Notices that the daemon sends: retries, returned mails, cancelled days, mails to people."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_KINDS_BEFORE = "days_before day_before done new_date cutover_day missing_training"
_KINDS = (
    "days_before day_before done new_date cancelled not_done cutover_day missing_training "
    "byod_invitation"
)
_STATES_BEFORE = "planned sent failed"
_STATES = f"{_STATES_BEFORE} dropped"


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def _recreate() -> Literal["always", "never"]:
    """SQLite writes an added column behind the constraints, unlike a fresh schema."""
    return "always" if op.get_context().dialect.name == "sqlite" else "never"


def _allow(kinds: str, states: str) -> None:
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        for column, words in (("kind", kinds), ("state", states)):
            table.drop_constraint(f"ck_notices_{column}", type_="check")
            table.create_check_constraint(f"ck_notices_{column}", f"{column} IN ({_words(words)})")


def upgrade() -> None:
    _allow(_KINDS, _STATES)
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        table.add_column(sa.Column("edition", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("about", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("told_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("mail_key", sa.String(), nullable=True))
        table.add_column(sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("next_at", _INSTANT, nullable=True))
        table.create_foreign_key("fk_notices_told", "people", ["told_id"], ["id"])
        table.drop_constraint("ux_notices_machine", type_="unique")
        table.drop_constraint("ux_notices_person", type_="unique")
        table.create_unique_constraint(
            "ux_notices_machine", ["machine_id", "kind", "day", "edition"]
        )
        table.create_unique_constraint("ux_notices_person", ["person_id", "kind", "day", "about"])
        table.create_unique_constraint("ux_notices_mail_key", ["mail_key"])
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        for name in ("edition", "about", "refusals"):
            table.alter_column(name, server_default=None)
    # Mails that went before: the owner of today is the best that is known.
    op.execute(
        "UPDATE notices SET told_id = (SELECT owner_id FROM machines "
        "WHERE machines.id = notices.machine_id) WHERE state <> 'planned'"
    )


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE edition > 1 OR about <> '' OR state = 'dropped'")
    op.execute("DELETE FROM notices WHERE kind IN ('cancelled', 'not_done', 'byod_invitation')")
    with op.batch_alter_table("notices", recreate=_recreate()) as table:
        for kind in ("machine", "person", "mail_key"):
            table.drop_constraint(f"ux_notices_{kind}", type_="unique")
        table.drop_constraint("fk_notices_told", type_="foreignkey")
        for name in ("next_at", "refusals", "mail_key", "told_id", "about", "edition"):
            table.drop_column(name)
        for kind in ("machine", "person"):
            table.create_unique_constraint(f"ux_notices_{kind}", [f"{kind}_id", "kind", "day"])
    _allow(_KINDS_BEFORE, _STATES_BEFORE)
