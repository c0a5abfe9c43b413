"""Personal devices as rows of a list."""

from datetime import datetime
from typing import Any

from rollout.domain.personal_device import DeviceState, Platform
from rollout.settings import Settings
from rollout.store import personal_devices as store
from rollout.store.database import Database


def devices(
    database: Database,
    settings: Settings,
    *,
    state: DeviceState | None = None,
    platform: Platform | None = None,
    staff_number: str | None = None,
    department: str | None = None,
) -> list[dict[str, Any]]:
    """Every device that is asked for, ready to be shown or written as JSON."""
    with database.read() as session:
        rows = store.listed(
            session,
            state=state.value if state else None,
            platform=platform.value if platform else None,
            staff_number=staff_number,
            department=department,
        )
    return [_shown(row, settings) for row in rows]


def _shown(row: Any, settings: Settings) -> dict[str, Any]:
    return {
        "number": row.id,
        "staff_number": row.staff_number,
        "name": row.name,
        "department": " ".join(part for part in (row.bureau, row.division) if part),
        "platform": row.platform,
        "model": row.model,
        "purpose": row.purpose,
        "kind": row.kind,
        "state": row.state,
        "since": _moment(row.state_since, settings),
        "cause": row.cause,
        "applied_on": row.applied_on.isoformat(),
        "applied_by": row.applied_by,
        "consent": {"rules": row.consent_version, "day": row.consented_on.isoformat()},
        "head_of_office": row.head_of_office,
        "decided_by": row.decided_by,
        "decided_at": _moment(row.decided_at, settings),
    }


def _moment(moment: datetime | None, settings: Settings) -> str | None:
    return moment.astimezone(settings.programme.zone).isoformat() if moment else None
