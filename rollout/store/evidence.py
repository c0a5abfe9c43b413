"""Queries on evidence."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlmodel import Session

from rollout.store import control_summaries
from rollout.store.tables import Evidence

VERDICTS = frozenset({"pass", "fail", "pending"})


class Measured(NamedTuple):
    """The controls of a machine as a run measured them under a claim."""

    machine_id: int
    epoch: int
    run_id: int
    controls: Sequence[Mapping[str, Any]]


def add(
    session: Session,
    measured: Iterable[Measured],
    at: datetime,
) -> None:
    """Keep what playbooks measured; a verdict that is no verdict counts as failed."""
    rows: list[dict[str, Any]] = [
        {
            "machine_id": one.machine_id,
            "control": str(item.get("control")),
            "value": str(item.get("value")),
            "verdict": verdict if (verdict := str(item.get("verdict"))) in VERDICTS else "fail",
            "source": str(item.get("source")),
            "epoch": one.epoch,
            "run_id": one.run_id,
            "measured_at": at,
        }
        for one in measured
        for item in one.controls
    ]
    if rows:
        session.connection().execute(_INSERT, rows)
        control_summaries.renew(session, {row["machine_id"] for row in rows})


_INSERT = insert(Evidence)
