"""The certificate of an erasure: what was ordered, by whom, for which disks, and who saw it done.

`confirmed` is true only when the machine itself has reported that its disk is empty, after it
started from the network; what a person has seen is told as that.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rollout.domain.history import canonical
from rollout.store.columns import instant_text
from rollout.store.tables import Claim, Machine, Retirement


def confirmed(
    machine: Machine, row: Retirement, claim: Claim, report: Mapping[str, Any], at: datetime
) -> str:
    """The machine has reported its erasure."""
    return canonical(
        _common(machine, row, claim)
        | {
            "confirmed": True,
            "confirmed_by": "the machine's own report after its start from the network",
            "completed_at": instant_text(at),
            "result": dict(report),
        }
    )


def seen(
    machine: Machine, row: Retirement, claim: Claim | None, who: str, at: datetime, what: str
) -> str:
    """A person has seen that the machine is empty, and answers for it."""
    return canonical(
        _common(machine, row, claim)
        | {
            "confirmed": False,
            "seen_by": who,
            "seen": what,
            "completed_at": instant_text(at),
        }
    )


def _common(machine: Machine, row: Retirement, claim: Claim | None) -> dict[str, Any]:
    ordered = json.loads(claim.report) if claim is not None and claim.report else {}
    return {
        "asset_tag": machine.asset_tag,
        "serial": machine.serial,
        "model": machine.model,
        "retained_until": row.retain_until.isoformat() if row.retain_until else None,
        "lease_ends": machine.lease_to.isoformat() if machine.lease_to else None,
        "asked_by": row.asked_by,
        "reason": row.reason,
        "approved_by": row.approved_by,
        "epoch": claim.id if claim is not None else None,
        "ordered_at": instant_text(claim.armed_at) if claim and claim.armed_at else None,
        "order": ordered.get("erasure"),
    }
