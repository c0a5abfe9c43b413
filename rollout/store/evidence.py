"""Queries on evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from rollout.store.tables import Evidence

VERDICTS = frozenset({"pass", "fail", "pending"})


def add(
    session: Session,
    measured: Mapping[int, tuple[int, Sequence[Mapping[str, Any]]]],
    *,
    run_id: int,
    at: datetime,
) -> None:
    """Keep what a playbook measured: by epoch the machine and its controls; a verdict that is no
    verdict counts as failed."""
    rows = [
        {
            "machine_id": machine_id,
            "control": str(item.get("control")),
            "value": str(item.get("value")),
            "verdict": verdict if (verdict := str(item.get("verdict"))) in VERDICTS else "fail",
            "source": str(item.get("source")),
            "epoch": epoch,
            "run_id": run_id,
            "measured_at": at,
        }
        for epoch, (machine_id, items) in measured.items()
        for item in items
    ]
    if rows:
        session.connection().execute(_INSERT, rows)


_INSERT = insert(Evidence)
