"""Asking machines in doubt what happened to them: read-only runs."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.domain.run import RunPurpose
from rollout.settings import Settings
from rollout.store import commands, leases, runs
from rollout.store.database import Database
from rollout.store.tables import Command, Run

LIMIT_SECONDS = 300


def claim_probe(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> RunOrder | None:
    """A read-only run for every machine whose probe was asked for; None when none was."""
    with database.write() as session:
        leases.require(session, lease_epoch)
        asked = [
            command
            for command in commands.open_ones(session, "probe_machine")
            if not _under_way(session, command)
        ]
        if not asked:
            return None
        ids = sorted({command.target_id for command in asked})[: settings.limits.machines_per_run]
        run = Run(
            ident=uuid4().hex,
            purpose=RunPurpose.PROBE.value,
            size=len(ids),
            lease_epoch=lease_epoch,
            created_at=at,
            state_since=at,
        )
        session.add(run)
        session.flush()
        taken = [command.id or 0 for command in asked if command.target_id in ids]
        commands.give_to(session, taken, run.id or 0)
        return RunOrder(
            run_id=run.id or 0,
            ident=run.ident,
            playbook="probe.yml",
            hosts=host_orders(session, settings, ids, {}, {}),
            forks=settings.ansible.forks,
            limit_seconds=LIMIT_SECONDS,
        )


def _under_way(session: Session, command: Command) -> bool:
    return command.run_id is not None and any(
        run.id == command.run_id for run in runs.alive(session)
    )
