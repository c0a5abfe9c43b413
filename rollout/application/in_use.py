"""Runs over PCs that are at their owners', outside every wave: whose turn it is, and the run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from rollout.application.choosing import places_of_workers
from rollout.domain.machine import WORKING, Step
from rollout.domain.run import RunPurpose
from rollout.settings import Settings
from rollout.store import claims, machines, stops
from rollout.store.tables import Claim, Machine, Run


def at_one_site(
    session: Session,
    settings: Settings,
    due: Sequence[Machine],
    at: datetime,
    *,
    exempt: bool,
    most: int,
) -> Sequence[Machine]:
    """The machines of the site that has waited longest, as many as it has room for.

    Somebody works on them: they are begun in the hours of the site's window only, unless `exempt`.
    """
    if not due:
        return ()
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    local = at.astimezone(settings.programme.zone)
    at_work = machines.working_by_site(session, WORKING)
    crew = places_of_workers(session, settings)
    by_site: dict[int | None, list[Machine]] = {}
    for machine in due:
        site = sites.get(machine.site_id or 0)
        opens = exempt or settings.windows.at(site).opens(local)
        if opens and not stopped.reaches(machine.generation, site):
            by_site.setdefault(machine.site_id, []).append(machine)
    for site_id, waiting in by_site.items():
        room = settings.site(sites.get(site_id or 0, "")).at_once - at_work.get(site_id, 0)
        if room > 0 and (crew is None or crew.serves(site_id)):
            return waiting[: min(room, settings.limits.machines_per_run, most)]
    return ()


def open_run(
    session: Session,
    settings: Settings,
    chosen: Sequence[Machine],
    step: Step,
    purpose: RunPurpose,
    *,
    lease_epoch: int,
    at: datetime,
) -> tuple[Run, Mapping[int, Claim]]:
    """A run of no wave over these machines, with a claim of each by machine."""
    ids = [machine.id or 0 for machine in chosen]
    run = Run(
        ident=uuid4().hex,
        purpose=purpose.value,
        step=step.value,
        site_id=chosen[0].site_id,
        size=len(ids),
        lease_epoch=lease_epoch,
        created_at=at,
        state_since=at,
    )
    session.add(run)
    session.flush()
    attempts = claims.last_attempts(session, step, ids)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": step.value,
                "attempt": attempts.get(machine_id, 0) + 1,
                "run_id": run.id or 0,
                "created_at": at,
                "deadline_at": at + settings.deadline(step),
            }
            for machine_id in ids
        ],
    )
    return run, made
