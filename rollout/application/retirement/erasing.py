"""Replaced PCs in the daemon's hands: their retention begins, and approved ones are erased.

An erasure is a step with a claim like every other: claimed before anything is ordered, at most once
per approval, with the serial checked on the machine. Ordered is not done: the claim ends when the
machine reports itself empty, when an approver has seen it, or at its deadline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlmodel import Session

from rollout.application.arrival_words import new_token, token_digest
from rollout.application.choosing import places_of_workers, today
from rollout.application.orders import host_orders
from rollout.application.ports import HostOrder, RunOrder
from rollout.application.retirement.use import in_use
from rollout.application.settle import DAEMON
from rollout.domain.machine import WORKING, MachineVerb, Step
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import claims, leases, machines, retirements, runs, stops, transitions
from rollout.store.claims import Added
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Retirement, Run

ORDER_SECONDS = 3600
"""An order is given in seconds; what takes days is that somebody looks at the PC."""


def begin_retention(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> int:
    """Keep replaced machines whose successor is in use, from today on; how many."""
    with database.read() as session:
        if not _to_be_kept(session):
            return 0
    last_day = today(settings, at) + timedelta(days=settings.retirement.retention_days)
    with database.write() as session:
        leases.require(session, lease_epoch)
        begun = _to_be_kept(session)
        ids = [row.machine_id for row in begun]
        for row in begun:
            row.retain_until = last_day
            retirements.keep(session, row)
        transitions.apply(
            session,
            Machine,
            ids,
            MachineVerb.RETAIN,
            actor=DAEMON,
            at=at,
            reason=told(msgid("kept until {day}"), day=last_day.isoformat()),
        )
        return len(ids)


def _to_be_kept(session: Session) -> list[Retirement]:
    return [row for row in retirements.to_be_kept(session) if in_use(session, row.successor_id)]


def claim_erasure(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> RunOrder | None:
    """A run that erases the approved machines of one site; None when none is approved or may be
    erased now."""
    # Most ticks find nothing: they take no lock.
    with database.read() as session:
        if not _at_one_site(session, settings, at):
            return None
    with database.write() as session:
        leases.require(session, lease_epoch)
        if len(runs.alive(session)) >= settings.limits.runs_at_once:
            return None
        chosen = _at_one_site(session, settings, at)
        return _claim(session, settings, chosen, lease_epoch, at) if chosen else None


def _at_one_site(
    session: Session, settings: Settings, at: datetime
) -> list[tuple[Retirement, Machine]]:
    """The approved machines of the site that has waited longest, within every limit."""
    authorised = retirements.authorised(session, today(settings, at))
    if not authorised:
        return []
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    local = at.astimezone(settings.programme.zone)
    at_work = machines.working_by_site(session, WORKING)
    room = settings.limits.blast_radius - retirements.under_way(session)
    crew = places_of_workers(session, settings)
    by_site: dict[int | None, list[tuple[Retirement, Machine]]] = {}
    for row, machine in authorised:
        site = sites.get(machine.site_id or 0)
        may = settings.windows.at(site).opens(local) and in_use(session, row.successor_id)
        if may and not stopped.reaches(machine.generation, site):
            by_site.setdefault(machine.site_id, []).append((row, machine))
    for site_id, waiting in by_site.items():
        free = settings.site(sites.get(site_id or 0, "")).at_once - at_work.get(site_id, 0)
        size = min(room, free, settings.limits.machines_per_run)
        if size > 0 and (crew is None or crew.serves(site_id)):
            return waiting[:size]
    return []


def _claim(
    session: Session,
    settings: Settings,
    chosen: Sequence[tuple[Retirement, Machine]],
    lease_epoch: int,
    at: datetime,
) -> RunOrder:
    ids = [row.machine_id for row, _machine in chosen]
    run = Run(
        ident=uuid4().hex,
        step=Step.RETIRE.value,
        site_id=chosen[0][1].site_id,
        size=len(ids),
        lease_epoch=lease_epoch,
        created_at=at,
        state_since=at,
    )
    session.add(run)
    for _row, machine in chosen:
        # What becomes of a replaced PC is no work of the wave that it once belonged to.
        machine.wave_id = machine.planned_day = None
        session.add(machine)
    session.flush()
    run_id = run.id or 0
    transitions.apply(session, Machine, ids, MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_id)
    attempts = claims.last_attempts(session, Step.RETIRE, ids)
    unreachable = claims.without_system(session, ids, Step.RETIRE)
    tokens = {machine_id: new_token() for machine_id in ids}
    deadline = settings.deadline(Step.RETIRE)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": Step.RETIRE.value,
                "attempt": attempts.get(machine_id, 0) + 1,
                "run_id": run_id,
                "created_at": at,
                "deadline_at": at + deadline,
                "arm_token_hash": token_digest(tokens[machine_id]),
            }
            for machine_id in ids
        ],
    )
    # What is half erased has no system left to ask: its installer waits for this order.
    for machine_id in unreachable:
        claims.arm(session, made[machine_id].id, at=at, boot_id="")
    reachable = [machine_id for machine_id in ids if machine_id not in unreachable]
    for machine_id in ids:
        row = retirements.find(session, machine_id)
        if row is not None:
            row.epoch = made[machine_id].id
            retirements.keep(session, row)
    asked = {machine_id: made[machine_id] for machine_id in reachable}
    return order_of(session, settings, run, asked, tokens)


def order_of(
    session: Session,
    settings: Settings,
    run: Run,
    asked: Mapping[int, Claim | Added],
    tokens: Mapping[int, str],
) -> RunOrder:
    """What an engine gets for an erasure: the claims of the machines that it asks."""
    hosts = host_orders(session, settings, list(asked), asked, tokens)
    day = today(settings, run.created_at)
    return RunOrder(
        run_id=run.id or 0,
        ident=run.ident,
        playbook="retire.yml",
        hosts=[_with_authorisation(session, host, day) for host in hosts],
        forks=settings.ansible.forks,
        limit_seconds=min(settings.deadline(Step.RETIRE).total_seconds(), ORDER_SECONDS),
    )


def _with_authorisation(session: Session, host: HostOrder, day: date) -> HostOrder:
    """The role refuses on its own what nobody has authorised; `day` is the programme's, since the
    clock of whoever runs Ansible may be in another zone."""
    machine = machines.by_id(session, host.machine_id)
    row = retirements.of(session, machine)
    return replace(
        host,
        values={
            **host.values,
            "retire_today": day.isoformat(),
            "retire_retain_until": row.retain_until.isoformat() if row.retain_until else "",
            "retire_successor_in_use": in_use(session, row.successor_id),
            "retire_return_due": machine.lease_to.isoformat() if machine.lease_to else "",
            "retire_operator": f"{row.asked_by}, {row.approved_by}",
        },
    )
