"""Choosing machines for their next step and claiming them.

One transaction: the lease is still ours, the wave runs, the limits hold, the claims are won.
Only after its commit may an engine start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlmodel import Session

from rollout.application.arrival import new_token, token_digest
from rollout.application.ports import HostOrder, RunOrder
from rollout.application.settle import DAEMON
from rollout.application.tranches import assign
from rollout.domain.machine import (
    STEP_FROM,
    WORKING,
    MachineState,
    MachineVerb,
    Step,
)
from rollout.domain.run import RunPurpose
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import (
    claims,
    commands,
    leases,
    machines,
    runs,
    stops,
    tranches,
    transitions,
    waves,
)
from rollout.store.database import Database
from rollout.store.tables import Claim, Command, Machine, Run, Wave

_KEEPS_THE_PC = frozenset({Step.PREFLIGHT, Step.CAPTURE, Step.REIMAGE})
"""Steps that a generation which is replaced by new PCs must never enter."""


@dataclass(frozen=True)
class Chosen:
    """Machines that may begin the same step at the same site now."""

    wave: Wave
    step: Step
    site_id: int | None
    machines: Sequence[Machine]


def next_step(settings: Settings, machine: Machine) -> Step | None:
    """The step that a resting machine waits for; None when its passage is complete."""
    step = STEP_FROM.get(MachineState(machine.state))
    policy = settings.generation(machine.generation)
    if step is Step.ENABLE and policy.take_home is not True:
        return None
    if step in _KEEPS_THE_PC and policy.path != "reimage":
        return None
    return step


def claim_next(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> RunOrder | None:
    """Claim the next batch and return its order; None when nothing may start now."""
    with database.write() as session:
        leases.require(session, lease_epoch)
        assign(session, settings, at)
        if len(runs.alive(session)) >= settings.limits.runs_at_once:
            return None
        chosen = _choose(session, settings, at)
        if chosen is None:
            return None
        return _claim(session, settings, chosen, lease_epoch, at)


def hand_over_complete(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> int:
    """Machines whose passage is complete become migrated; how many."""
    resting = (MachineState.VERIFIED, MachineState.PORTABLE)
    with database.write() as session:
        leases.require(session, lease_epoch)
        complete = [
            machine.id or 0
            for machine in _waiting(session, settings, resting, at)
            if next_step(settings, machine) is None
        ]
        transitions.apply(
            session,
            Machine,
            complete,
            MachineVerb.HAND_OVER,
            actor=DAEMON,
            at=at,
            reason=_("passage complete"),
        )
        return len(complete)


def hold_incomplete(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> int:
    """Machines that nobody can address or recognise are held, not passed over; how many."""
    with database.write() as session:
        leases.require(session, lease_epoch)
        incomplete = [
            machine.id or 0
            for machine in _waiting(session, settings, STEP_FROM, at)
            if next_step(settings, machine) and not (machine.serial and machine.computer_name)
        ]
        transitions.apply(
            session,
            Machine,
            incomplete,
            MachineVerb.HOLD,
            actor=DAEMON,
            at=at,
            reason=_("the ledger has no serial or no computer name: correct it and import again"),
        )
        return len(incomplete)


def startable(session: Session, settings: Settings, at: datetime) -> bool:
    """Whether a step of some machine could be claimed now, within every limit."""
    return _choose(session, settings, at) is not None


def _waiting(
    session: Session, settings: Settings, states: Iterable[MachineState], at: datetime
) -> list[Machine]:
    """Machines of running waves in `states` whose day has come and that no stop reaches."""
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    return [
        machine
        for wave in waves.in_states(session, WaveState.RUNNING)
        for machine in machines.waiting(session, wave.id or 0, states, day=_today(settings, at))
        if not stopped.reaches(machine.generation, sites.get(machine.site_id or 0))
    ]


def _today(settings: Settings, at: datetime) -> date:
    return at.astimezone(settings.programme.zone).date()


def _choose(session: Session, settings: Settings, at: datetime) -> Chosen | None:
    """The group that has waited longest, within every limit."""
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    if stopped.everything:
        return None
    busy = machines.working_by_site(session, WORKING)
    destructive_room = settings.limits.blast_radius - claims.open_count(session, Step.REIMAGE)
    for wave in waves.in_states(session, WaveState.RUNNING):
        ready = machines.waiting(session, wave.id or 0, STEP_FROM, day=_furthest_day(settings, at))
        admitted = tranches.admitted(session, wave.id or 0) if ready else frozenset()
        groups: dict[tuple[Step, int | None], list[Machine]] = {}
        for machine in ready:
            site = sites.get(machine.site_id or 0)
            if machine.id not in admitted or stopped.reaches(machine.generation, site):
                continue
            step = next_step(settings, machine)
            known = machine.serial and machine.computer_name
            if step is not None and known and _its_time(settings, machine, step, site, at):
                groups.setdefault((step, machine.site_id), []).append(machine)
        for (step, site_id), group in groups.items():
            room = settings.site(sites.get(site_id or 0, "")).at_once - busy.get(site_id, 0)
            room = min(room, settings.limits.machines_per_run)
            if step.destructive:
                room = min(room, destructive_room)
            if room > 0 and _gathered(session, settings, wave, step, site_id, group, at):
                return Chosen(wave, step, site_id, group[:room])
    return None


def _furthest_day(settings: Settings, at: datetime) -> date:
    """The latest day of which some step may begin now."""
    windows = settings.windows
    return _today(settings, at) + timedelta(days=windows.ahead_days if windows.ahead else 0)


def _its_time(
    settings: Settings, machine: Machine, step: Step, site: str | None, at: datetime
) -> bool:
    """Whether the machine's day has come for this step, and the site's window is open."""
    windows, local = settings.windows, at.astimezone(settings.programme.zone)
    ahead = windows.ahead_days if step in windows.ahead else 0
    if machine.planned_day and machine.planned_day > local.date() + timedelta(days=ahead):
        return False
    return step in windows.exempt or windows.at(site).opens(local)


def _gathered(
    session: Session,
    settings: Settings,
    wave: Wave,
    step: Step,
    site_id: int | None,
    group: Sequence[Machine],
    at: datetime,
) -> bool:
    """Whether waiting for company is over.

    Machines finish a step one by one; a run for each would pay Ansible's start every time.
    """
    waited = at - min(machine.state_since for machine in group)
    if waited >= timedelta(seconds=settings.limits.gather_seconds):
        return True
    followers = [
        run
        for run in runs.alive(session)
        if run.wave_id == wave.id and run.site_id == site_id and run.step != step.value
    ]
    return not followers


def _claim(
    session: Session, settings: Settings, chosen: Chosen, lease_epoch: int, at: datetime
) -> RunOrder:
    ids = [machine.id or 0 for machine in chosen.machines]
    run = Run(
        ident=uuid4().hex,
        step=chosen.step.value,
        wave_id=chosen.wave.id,
        site_id=chosen.site_id,
        size=len(ids),
        lease_epoch=lease_epoch,
        created_at=at,
        state_since=at,
    )
    session.add(run)
    session.flush()
    run_id = run.id or 0
    attempts = _attempts(session, chosen)
    transitions.apply(session, Machine, ids, MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_id)
    tokens = {machine_id: new_token() for machine_id in ids} if chosen.step.destructive else {}
    deadline = settings.deadline(chosen.step)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": chosen.step.value,
                "attempt": attempts[machine_id],
                "run_id": run_id,
                "created_at": at,
                "deadline_at": at + deadline,
                "arm_token_hash": token_digest(tokens[machine_id]) if tokens else None,
            }
            for machine_id in ids
        ],
    )
    hosts = [
        host_order(session, settings, machines.by_id(session, machine_id), made[machine_id], tokens)
        for machine_id in ids
    ]
    return RunOrder(
        run_id=run_id,
        ident=run.ident,
        playbook=f"{chosen.step.value}.yml",
        hosts=hosts,
        forks=settings.ansible.forks,
        limit_seconds=deadline.total_seconds(),
    )


def _attempts(session: Session, chosen: Chosen) -> dict[int, int]:
    """The attempt that each machine's state authorises.

    A machine that was excluded and readmitted begins its passage anew, but its earlier claims
    stay: their numbers are never given again.
    """
    claimed = claims.last_attempts(
        session, chosen.step, [machine.id or 0 for machine in chosen.machines]
    )
    return {
        machine.id or 0: max(machine.attempt, claimed.get(machine.id or 0, 0) + 1)
        for machine in chosen.machines
    }


def host_order(
    session: Session,
    settings: Settings,
    machine: Machine,
    claim: Claim | None,
    tokens: Mapping[int, str],
) -> HostOrder:
    """One machine of a run with the variables that its playbook gets."""
    policy = settings.generation(machine.generation)
    owner = machines.owner_of(session, machine)
    machine_id = machine.id or 0
    return HostOrder(
        machine_id=machine_id,
        epoch=claim.id if claim else None,
        address=machine.computer_name or "",
        values={
            "rollout_machine_id": machine_id,
            "rollout_asset_tag": machine.asset_tag,
            "rollout_serial": machine.serial,
            "rollout_mac": machine.mac or "",
            "rollout_generation": machine.generation,
            "rollout_site": machines.site_keys(session).get(machine.site_id or 0, ""),
            "rollout_computer_name": machine.computer_name,
            "rollout_owner_staff_number": owner.staff_number if owner else "",
            "rollout_owner_name": owner.name if owner else "",
            "rollout_step": claim.step if claim else "probe",
            "rollout_attempt": claim.attempt if claim else 0,
            "rollout_epoch": claim.id if claim else 0,
            "rollout_image_id": policy.image,
            "rollout_take_home": policy.take_home is True,
            "rollout_service_url": settings.service.address,
            "rollout_copy_root": settings.ansible.copy_root,
        },
        secrets={"rollout_arm_token": tokens[machine_id]} if machine_id in tokens else {},
        host_key=machine.host_key,
    )


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
            hosts=[
                host_order(session, settings, machines.by_id(session, machine_id), None, {})
                for machine_id in ids
            ],
            forks=settings.ansible.forks,
            limit_seconds=300,
        )


def _under_way(session: Session, command: Command) -> bool:
    return command.run_id is not None and any(
        run.id == command.run_id for run in runs.alive(session)
    )
