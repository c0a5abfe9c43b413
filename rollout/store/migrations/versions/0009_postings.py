"""Postings with effective dates, what followed which department, and PCs that moved."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "postings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("pc", sa.String(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_postings_dates"),
        sa.CheckConstraint("pc IN ('stays', 'goes')", name="ck_postings_pc"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"]),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "valid_from", name="ux_postings_from"),
    )
    op.create_index("ix_postings_department_id", "postings", ["department_id"])
    op.create_index("ix_postings_valid_from", "postings", ["valid_from"])
    _only_one_open("ux_postings_open", "postings", "person_id", "valid_to IS NULL")
    _refuse_overlaps()
    op.create_table(
        "department_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('renamed', 'merged', 'split', 'closed')", name="ck_department_changes_kind"
        ),
        sa.CheckConstraint("from_id <> to_id", name="ck_department_changes_other"),
        sa.CheckConstraint(
            "(kind = 'closed') = (to_id IS NULL)", name="ck_department_changes_closed"
        ),
        sa.ForeignKeyConstraint(["from_id"], ["departments.id"]),
        sa.ForeignKeyConstraint(["to_id"], ["departments.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("from_id", "to_id", "day", name="ux_department_changes"),
    )
    op.create_index("ix_department_changes_to_id", "department_changes", ["to_id"])
    op.create_table(
        "machine_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(
            sa.Column(f"{side}_{what}_id", sa.Integer(), nullable=True)
            for what in ("department", "site", "owner")
            for side in ("from", "to")
        ),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        *(
            sa.ForeignKeyConstraint([f"{side}_{what}_id"], [f"{table}.id"])
            for what, table in (
                ("department", "departments"), ("site", "sites"), ("owner", "people")
            )
            for side in ("from", "to")
        ),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("ix_machine_moves_day", "machine_moves", ["machine_id", "day"])
    _only_one_open("ux_machine_moves_open", "machine_moves", "machine_id", "done_at IS NULL")


def downgrade() -> None:
    # Indexes, constraints and, in SQLite, triggers go with their tables.
    for table in ("machine_moves", "department_changes", "postings"):
        op.drop_table(table)


def _only_one_open(name: str, table: str, column: str, condition: str) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def _refuse_overlaps() -> None:
    """No two postings of a person share a day."""
    if op.get_context().dialect.name == "postgresql":
        # Ranges of both columns: a plain number in such a constraint would need an extension.
        op.execute(
            "ALTER TABLE postings ADD CONSTRAINT ex_postings_days EXCLUDE USING gist ("
            "int4range(person_id, person_id, '[]') WITH &&,"
            " daterange(valid_from, valid_to, '[]') WITH &&)"
        )
        return
    for verb in ("INSERT", "UPDATE"):
        op.execute(f"CREATE TRIGGER tr_postings_{verb.lower()} BEFORE {verb} ON postings{_SHARED}")


_SHARED = (
    " WHEN EXISTS (SELECT 1 FROM postings WHERE person_id = NEW.person_id"
    " AND id IS NOT NEW.id"
    " AND (valid_to IS NULL OR valid_to >= NEW.valid_from)"
    " AND (NEW.valid_to IS NULL OR NEW.valid_to >= valid_from))"
    " BEGIN SELECT RAISE(ABORT, 'two postings of a person share a day'); END"
)
