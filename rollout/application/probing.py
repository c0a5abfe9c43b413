"""Asking machines in doubt what happened to them: read-only runs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from rollout.application.choosing import places_of_workers
from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.domain.run import RunPurpose
from rollout.settings import Settings
from rollout.store import commands, leases, machines, runs
from rollout.store.database import Database
from rollout.store.tables import Command, Run
from rollout.store.workers import Places

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
        site_id = None
        crew = places_of_workers(session, settings)
        if crew is not None:
            site_id, asked = _at_one_site(session, crew, asked)
        if not asked:
            return None
        ids = sorted({command.target_id for command in asked})
        run = Run(
            ident=uuid4().hex,
            purpose=RunPurpose.PROBE.value,
            site_id=site_id,
            size=len(ids),
            lease_epoch=lease_epoch,
            created_at=at,
            state_since=at,
        )
        session.add(run)
        session.flush()
        commands.give_to(session, [command.id or 0 for command in asked], run.id or 0)
        return order_of(session, settings, run, ids)


def _at_one_site(
    session: Session, crew: Places, asked: Sequence[Command]
) -> tuple[int | None, list[Command]]:
    """What is asked of the machines of the first site that has a free worker."""
    known = machines.by_ids(session, sorted({command.target_id for command in asked}))
    sites = {machine.id: machine.site_id for machine in known}
    for first in asked:
        site_id = sites[first.target_id]
        if crew.serves(site_id):
            return site_id, [one for one in asked if sites[one.target_id] == site_id]
    return None, []


def order_of(session: Session, settings: Settings, run: Run, ids: Sequence[int]) -> RunOrder:
    """What an engine gets for a probe of these machines."""
    return RunOrder(
        run_id=run.id or 0,
        ident=run.ident,
        playbook="probe.yml",
        hosts=host_orders(session, settings, ids, {}, {}),
        forks=settings.ansible.forks,
        limit_seconds=LIMIT_SECONDS,
    )
