"""The first tables, and the triggers that keep the history from being rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration is a record: it names its own types, whatever the program's classes become.
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_WAVE_STATES = (
    "draft planned awaiting_approval approved running soaking done paused halted cancelled"
)
_STEPS = "preflight capture reimage connect restore verify enable"
_MACHINE_STATES = (
    "registered planned checking cleared capturing captured reimaging reimaged connecting "
    "connected restoring restored verifying verified enabling portable migrated failed silent "
    "unknown held excluded superseded retained erased returned"
)


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("noun", sa.String(), nullable=False),
        sa.Column("noun_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_noun", "audit", ["noun", "noun_id"])

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_head_single"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('cancel_run', 'probe_machine')", name="ck_commands_kind"),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="ck_commands_answered"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_commands_open", "commands", ["answered_at"])

    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name="ck_departments_dates"
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"],
            ["departments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("bureau", "division", "valid_from"),
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("heartbeat_at", _INSTANT, nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.CheckConstraint("id = 1", name="ck_lease_single"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("committed_at", _INSTANT, nullable=True),
        sa.Column("committed_by", sa.String(), nullable=True),
        sa.Column("unplaced", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'committed', 'discarded')", name="ck_plans_state"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_plans_proposed",
        "plans",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    )

    op.create_table(
        "sites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pilot", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", _INSTANT, nullable=True),
        sa.Column("list_digest", sa.String(), nullable=True),
        sa.CheckConstraint(
            f"state IN ({_words(_WAVE_STATES)})",
            name="ck_waves_state",
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (submitted_by IS NOT NULL AND approved_by <> submitted_by)",
            name="ck_waves_four_eyes",
        ),
        sa.CheckConstraint("last_day >= first_day", name="ck_waves_days"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kana", sa.String(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_number"),
    )
    op.create_index("ix_people_department_id", "people", ["department_id"])

    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ident", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("wave_id", sa.Integer(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("purpose IN ('step', 'probe')", name="ck_runs_purpose"),
        sa.CheckConstraint(
            "state IN ('created', 'running', 'finished', 'crashed', 'cancelled', 'lost')",
            name="ck_runs_state",
        ),
        sa.CheckConstraint(
            f"step IN ({_words(_STEPS)})",
            name="ck_runs_step",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["sites.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"],
            ["waves.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ident"),
    )
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_index("ix_runs_wave_id", "runs", ["wave_id"])

    op.create_table(
        "machines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset_tag", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("mac", sa.String(), nullable=True),
        sa.Column("computer_name", sa.String(), nullable=True),
        sa.Column("generation", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("floor", sa.String(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("lease_from", sa.Date(), nullable=True),
        sa.Column("lease_to", sa.Date(), nullable=True),
        sa.Column("may_leave", sa.Boolean(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("in_ledger", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("held_from", sa.String(), nullable=True),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=True),
        sa.Column("planned_day", sa.Date(), nullable=True),
        sa.Column("hold_until", sa.Date(), nullable=True),
        sa.Column("image_id", sa.String(), nullable=True),
        sa.Column("boot_id", sa.String(), nullable=True),
        sa.Column("host_key", sa.String(), nullable=True),
        sa.Column("last_seen_at", _INSTANT, nullable=True),
        sa.CheckConstraint(
            f"held_from IN ({_words(_MACHINE_STATES)})",
            name="ck_machines_held_from_known",
        ),
        sa.CheckConstraint(
            "(state = 'held') = (held_from IS NOT NULL)", name="ck_machines_held_from"
        ),
        sa.CheckConstraint(
            f"state IN ({_words(_MACHINE_STATES)})",
            name="ck_machines_state",
        ),
        sa.CheckConstraint(
            "state NOT IN ('failed', 'silent', 'unknown') OR step IS NOT NULL",
            name="ck_machines_step_known",
        ),
        sa.CheckConstraint(
            f"step IN ({_words(_STEPS)})",
            name="ck_machines_step",
        ),
        sa.CheckConstraint("attempt >= 1", name="ck_machines_attempt"),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["people.id"],
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["sites.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"],
            ["waves.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("asset_tag"),
        sa.UniqueConstraint("computer_name"),
        sa.UniqueConstraint("mac"),
        sa.UniqueConstraint("serial"),
    )
    op.create_index("ix_machines_department_id", "machines", ["department_id"])
    op.create_index("ix_machines_generation", "machines", ["generation"])
    op.create_index("ix_machines_owner_id", "machines", ["owner_id"])
    op.create_index("ix_machines_site_id", "machines", ["site_id"])
    op.create_index("ix_machines_state", "machines", ["state"])
    op.create_index("ix_machines_wave_state", "machines", ["wave_id", "state"])

    op.create_table(
        "claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("deadline_at", _INSTANT, nullable=False),
        sa.Column("arm_token_hash", sa.String(), nullable=True),
        sa.Column("boot_id_before", sa.String(), nullable=True),
        sa.Column("armed_at", _INSTANT, nullable=True),
        sa.Column("consumed_at", _INSTANT, nullable=True),
        sa.Column("voided_at", _INSTANT, nullable=True),
        sa.Column("check_in_token_hash", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("report", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'silent', 'not_started')", name="ck_claims_outcome"
        ),
        sa.CheckConstraint(
            f"step IN ({_words(_STEPS)})",
            name="ck_claims_step",
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ck_claims_ended"),
        sa.CheckConstraint(
            "consumed_at IS NULL OR armed_at IS NOT NULL", name="ck_claims_armed_before_consumed"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"],
            ["machines.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("arm_token_hash"),
        sa.UniqueConstraint("check_in_token_hash"),
        sa.UniqueConstraint("machine_id", "step", "attempt"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_claims_run_id", "claims", ["run_id"])
    op.create_index(
        "ux_claims_open",
        "claims",
        ["machine_id"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )

    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("control", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("measured_at", _INSTANT, nullable=False),
        sa.CheckConstraint("verdict IN ('pass', 'fail', 'pending')", name="ck_evidence_verdict"),
        sa.ForeignKeyConstraint(
            ["machine_id"],
            ["machines.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("machine_id", "control", "epoch"),
    )
    op.create_table(
        "host_results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "status IN ('ok', 'changed', 'failed', 'unreachable', 'skipped', 'ignored')",
            name="ck_host_results_status",
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"],
            ["machines.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "counter"),
    )
    op.create_index("ix_host_results_machine_id", "host_results", ["machine_id"])

    op.create_table(
        "plan_slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("machine_version", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("wave_number", sa.Integer(), nullable=False),
        sa.Column("pilot", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["machine_id"],
            ["machines.id"],
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["sites.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "machine_id"),
    )
    _forbid_rewriting_history()


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TRIGGER tr_audit_truncate ON audit")
        op.execute("DROP TRIGGER tr_audit_change ON audit")
        op.execute("DROP FUNCTION refuse_history_change()")
    # Indexes and, in SQLite, triggers go with their tables.
    for table in (
        "plan_slots",
        "host_results",
        "evidence",
        "claims",
        "machines",
        "runs",
        "people",
        "waves",
        "sites",
        "plans",
        "lease",
        "departments",
        "commands",
        "audit_head",
        "audit",
    ):
        op.drop_table(table)


def _forbid_rewriting_history() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the history is only ever added to';
            END $$
            """
        )
        op.execute(
            "CREATE TRIGGER tr_audit_change BEFORE UPDATE OR DELETE ON audit"
            " FOR EACH ROW EXECUTE FUNCTION refuse_history_change()"
        )
        op.execute(
            "CREATE TRIGGER tr_audit_truncate BEFORE TRUNCATE ON audit"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_audit_{verb.lower()} BEFORE {verb} ON audit"
            " BEGIN SELECT RAISE(ABORT, 'the history is only ever added to'); END"
        )
