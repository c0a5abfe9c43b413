"""Runs over PCs that are at their owners', outside every wave: whose turn it is, and the run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlmodel import Session

from rollout.application.choosing import places_of_workers
from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.domain.machine import WORKING, Step
from rollout.domain.run import RunPurpose
from rollout.settings import Settings
from rollout.store import claims, machines, runs, stops
from rollout.store.claims import Added
from rollout.store.tables import Claim, Machine


class AtSite(NamedTuple):
    """Machines of one site, by id, that begin something together."""

    site_id: int | None
    machine_ids: list[int]


class Opened(NamedTuple):
    """A run over PCs in use."""

    run_id: int
    ident: str
    machine_ids: list[int]


def at_sites(
    session: Session,
    settings: Settings,
    due: Sequence[Machine],
    at: datetime,
    *,
    exempt: bool,
    most: int,
    at_most: int,
) -> list[AtSite]:
    """The machines of each run that may begin: at every site as many as it has room for, at most
    `most`; of the sites the first `at_most`, in the order in which their machines wait.

    Somebody works on them: they are begun in the hours of the site's window only, unless `exempt`.
    """
    if not due or at_most <= 0:
        return []
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
    found: list[AtSite] = []
    for site_id, waiting in by_site.items():
        room = settings.site(sites.get(site_id or 0, "")).at_once - at_work.get(site_id, 0)
        if room <= 0 or not (crew is None or crew.serves(site_id)):
            continue
        if crew is not None:
            crew.take(site_id)
        some = waiting[: min(room, settings.limits.machines_per_run, most)]
        found.append(AtSite(site_id, [machine.id or 0 for machine in some]))
        if len(found) == at_most:
            break
    return found


def open_runs(
    session: Session,
    settings: Settings,
    chosen: Sequence[AtSite],
    step: Step,
    purpose: RunPurpose,
    *,
    lease_epoch: int,
    at: datetime,
) -> tuple[list[Opened], dict[int, Added]]:
    """A run of no wave at each of these sites, and a claim of each machine, by machine."""
    idents = [uuid4().hex for _site in chosen]
    numbers = runs.add(
        session,
        [
            {
                "ident": ident,
                "purpose": purpose.value,
                "step": step.value,
                "site_id": site.site_id,
                "size": len(site.machine_ids),
                "lease_epoch": lease_epoch,
                "created_at": at,
                "state_since": at,
            }
            for site, ident in zip(chosen, idents, strict=True)
        ],
    )
    opened = [
        Opened(number, ident, site.machine_ids)
        for number, ident, site in zip(numbers, idents, chosen, strict=True)
    ]
    run_of = {id_: one.run_id for one in opened for id_ in one.machine_ids}
    if not run_of:
        return [], {}
    attempts = claims.last_attempts(session, step, run_of)
    deadline = at + settings.deadline(step)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": step.value,
                "attempt": attempts.get(machine_id, 0) + 1,
                "run_id": run_id,
                "created_at": at,
                "deadline_at": deadline,
            }
            for machine_id, run_id in run_of.items()
        ],
    )
    return opened, made


def orders(
    session: Session,
    settings: Settings,
    opened: Sequence[Opened],
    made: Mapping[int, Claim | Added],
    step: Step,
    *,
    playbook: str,
) -> list[RunOrder]:
    """What the engine is told of each run; `made` are the claims by machine."""
    asked = [id_ for one in opened for id_ in one.machine_ids]
    hosts = {host.machine_id: host for host in host_orders(session, settings, asked, made, {})}
    return [
        RunOrder(
            run_id=one.run_id,
            ident=one.ident,
            playbook=playbook,
            hosts=[hosts[id_] for id_ in one.machine_ids],
            forks=settings.ansible.forks,
            limit_seconds=settings.deadline(step).total_seconds(),
        )
        for one in opened
    ]
