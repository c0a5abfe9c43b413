"""Personal devices with their applications, and registered devices without one."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_LIVE = sa.text("state NOT IN ('released', 'rejected', 'withdrawn', 'expired')")
_STATES = (
    "applied approved invited enrolled compliant noncompliant lost wipe_pending released "
    "rejected withdrawn expired"
)


def _words(text: str) -> str:
    return ", ".join(f"'{word}'" for word in text.split())


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, _INSTANT, nullable=nullable)


def _text(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _checks() -> list[sa.CheckConstraint]:
    words = {
        "platform": "ios android windows macos",
        "kind": "new additional replacement",
        "head_decision": "agreed refused",
        "seen_as": "personal company",
        "state": _STATES,
    }
    return [
        *(
            sa.CheckConstraint(f"{name} IN ({_words(known)})", name=f"ck_personal_devices_{name}")
            for name, known in words.items()
        ),
        sa.CheckConstraint("ownership = 'personal'", name="ck_personal_devices_ownership"),
        sa.CheckConstraint("consent_version <> ''", name="ck_personal_devices_consent"),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> applied_by", name="ck_personal_devices_four_eyes"
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'withdrawn', 'expired') OR decided_by IS NOT NULL",
            name="ck_personal_devices_decided",
        ),
        sa.CheckConstraint("replaces_id <> id", name="ck_personal_devices_replaces"),
    ]


def _personal_devices() -> None:
    op.create_table(
        "personal_devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        _text("platform", nullable=False),
        _text("model", nullable=False),
        _text("purpose", nullable=False),
        _text("kind", nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("applied_on", sa.Date(), nullable=False),
        _text("applied_by", nullable=False),
        _moment("applied_at", nullable=False),
        _text("consent_version", nullable=False),
        sa.Column("consented_on", sa.Date(), nullable=False),
        _text("ownership", nullable=False),
        _text("head_of_office"),
        _text("head_decision"),
        sa.Column("head_decided_on", sa.Date(), nullable=True),
        _text("decided_by"),
        _moment("decided_at"),
        _text("decision_reason"),
        _text("state", nullable=False),
        _moment("state_since", nullable=False),
        _text("cause"),
        sa.Column("version", sa.Integer(), nullable=False),
        *(_moment(name) for name in ("asked_at", "joined_at", "invited_at")),
        *(_text(f"{name}_id") for name in ("device", "azure_device", "managed_device")),
        _text("device_tag"),
        _moment("last_seen"),
        _text("seen_as"),
        _moment("seen_as_since"),
        sa.Column("lost_on", sa.Date(), nullable=True),
        *(_moment(name) for name in ("leaving_since", "sessions_ended_at", "wipe_ordered_at")),
        _text("trouble"),
        _text("request_id"),
        *_checks(),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["replaces_id"], ["personal_devices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_personal_devices_person", "personal_devices", ["person_id"])
    op.create_index("ix_personal_devices_state", "personal_devices", ["state"])
    for name, column in (("device", "device_id"), ("managed", "managed_device_id")):
        op.create_index(
            f"ux_personal_devices_{name}",
            "personal_devices",
            [column],
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        )


def _stray_devices() -> None:
    op.create_table(
        "stray_devices",
        _text("key", nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        _text("reason", nullable=False),
        _text("user_id", nullable=False),
        _text("platform", nullable=False),
        _text("model", nullable=False),
        _text("device_name", nullable=False),
        _text("seen_as"),
        _moment("first_seen", nullable=False),
        _moment("last_seen"),
        sa.CheckConstraint(
            f"reason IN ({_words('unapplied uninvited ended unknown_owner')})",
            name="ck_stray_devices_reason",
        ),
        sa.CheckConstraint(
            f"seen_as IN ({_words('personal company')})", name="ck_stray_devices_seen_as"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_stray_devices_person", "stray_devices", ["person_id"])


def upgrade() -> None:
    _personal_devices()
    _stray_devices()


def downgrade() -> None:
    op.drop_table("stray_devices")
    op.drop_table("personal_devices")
