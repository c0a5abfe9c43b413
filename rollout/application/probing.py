"""Asking machines in doubt what happened to them: read-only runs."""

from datetime import datetime
from uuid import uuid4

from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.domain.run import RunPurpose
from rollout.settings import Settings
from rollout.store import commands, leases, runs
from rollout.store.database import Database
from rollout.store.tables import Run

LIMIT_SECONDS = 300
PROBES_AT_ONCE = 2
"""Thousands of machines may be in doubt at once; asking them all must not take the computer."""


def claim_probe(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> RunOrder | None:
    """A read-only run for every machine whose probe was asked for; None when none was."""
    with database.write() as session:
        leases.require(session, lease_epoch)
        asking = sum(run.purpose == RunPurpose.PROBE for run in runs.alive(session))
        if asking >= PROBES_AT_ONCE:
            return None
        asked = commands.not_taken(session, "probe_machine", limit=settings.limits.machines_per_run)
        if not asked:
            return None
        ids = sorted({command.target_id for command in asked})
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
        commands.give_to(session, [command.id or 0 for command in asked], run.id or 0)
        return RunOrder(
            run_id=run.id or 0,
            ident=run.ident,
            playbook="probe.yml",
            hosts=host_orders(session, settings, ids, {}, {}),
            forks=settings.ansible.forks,
            limit_seconds=LIMIT_SECONDS,
        )
