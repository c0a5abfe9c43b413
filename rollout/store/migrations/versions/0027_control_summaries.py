"""What the measurements of a machine come to is kept: nobody adds up ten rows for each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_LACKING = {
    # In the order of the rows, which are sorted below.
    "sqlite": "group_concat(CASE WHEN verdict != 'pass' THEN control END, ', ')",
    "postgresql": (
        "string_agg(control, ', ' ORDER BY control COLLATE \"C\") FILTER (WHERE verdict != 'pass')"
    ),
}
_SUMMED_UP = """
INSERT INTO control_summaries (machine_id, passed, failed, pending, lacking, measured_at)
SELECT machine_id,
       sum(CASE WHEN verdict = 'pass' THEN 1 ELSE 0 END),
       sum(CASE WHEN verdict = 'fail' THEN 1 ELSE 0 END),
       sum(CASE WHEN verdict = 'pending' THEN 1 ELSE 0 END),
       {lacking},
       max(measured_at)
FROM (
    SELECT e.machine_id, e.control, e.verdict, e.measured_at
    FROM evidence AS e
    JOIN (SELECT machine_id, control, max(epoch) AS epoch FROM evidence
          GROUP BY machine_id, control) AS last
      ON last.machine_id = e.machine_id AND last.control = e.control AND last.epoch = e.epoch
    LEFT JOIN (SELECT machine_id, max(id) AS epoch FROM claims WHERE step = 'reimage'
               GROUP BY machine_id) AS rewritten
      ON rewritten.machine_id = e.machine_id
    WHERE e.epoch > coalesce(rewritten.epoch, 0)
    ORDER BY e.machine_id, e.control
) AS last_verdicts
GROUP BY machine_id
"""


def upgrade() -> None:
    op.create_table(
        "control_summaries",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.String(), nullable=True),
        sa.Column("measured_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "passed >= 0 AND failed >= 0 AND pending >= 0", name="ck_control_summaries_counts"
        ),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"]),
        sa.PrimaryKeyConstraint("machine_id"),
    )
    op.execute(_SUMMED_UP.format(lacking=_LACKING[op.get_context().dialect.name]))


def downgrade() -> None:
    op.drop_table("control_summaries")
