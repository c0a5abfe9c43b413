"""Dates of single machines and people; the forecast's pace; outcomes by time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OUTCOMES = "verb IN ('hand_over', 'supersede', 'fail', 'fall_silent', 'retry')"

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_PACE = {"required_per_day": sa.Float, "actual_per_day": sa.Float, "endangered_kind": sa.String}
_BEFORE = (
    "day, made_at, cutover, done, remaining, missing, p10, p50, p90, probability, endangered_by"
)


def _replace_forecasts(more: dict[str, type[sa.types.TypeEngine[object]]]) -> None:
    """A fresh table with the rows of the old one: SQLite cannot add or drop columns in place."""
    op.rename_table("forecasts", "forecasts_before")
    op.create_table(
        "forecasts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("cutover", sa.Date(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("missing", sa.String(), nullable=True),
        sa.Column("p10", sa.Date(), nullable=True),
        sa.Column("p50", sa.Date(), nullable=True),
        sa.Column("p90", sa.Date(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("endangered_by", sa.String(), nullable=True),
        *(sa.Column(name, kind(), nullable=True) for name, kind in more.items()),
        sa.PrimaryKeyConstraint("day"),
    )
    op.execute(f"INSERT INTO forecasts ({_BEFORE}) SELECT {_BEFORE} FROM forecasts_before")  # noqa: S608
    op.drop_table("forecasts_before")


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("last >= first", name="ck_absences_dates"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "first"),
    )
    for table, key, target in (
        ("machine_dates", "machine_id", "machines.id"),
        ("person_dates", "person_id", "people.id"),
    ):
        own = "pinned" if table == "machine_dates" else "trained_on"
        op.create_table(
            table,
            sa.Column(key, sa.Integer(), nullable=False),
            sa.Column(own, sa.Date(), nullable=True),
            sa.Column("window_first", sa.Date(), nullable=True),
            sa.Column("window_last", sa.Date(), nullable=True),
            sa.Column("note", sa.String(), nullable=False),
            sa.CheckConstraint(
                "(window_first IS NULL) = (window_last IS NULL)", name=f"ck_{table}_window"
            ),
            sa.CheckConstraint("window_last >= window_first", name=f"ck_{table}_order"),
            sa.ForeignKeyConstraint([key], [target]),
            sa.PrimaryKeyConstraint(key),
        )
    _replace_forecasts(_PACE)
    op.create_index(
        "ix_audit_outcomes",
        "audit",
        ["at"],
        sqlite_where=sa.text(_OUTCOMES),
        postgresql_where=sa.text(_OUTCOMES),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_outcomes", "audit")
    _replace_forecasts({})
    for table in ("person_dates", "machine_dates", "absences"):
        op.drop_table(table)
