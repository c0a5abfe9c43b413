"""Claiming machines for their next step, and setting aside those that need none.

One transaction: the lease is still ours, the wave runs, the limits hold, the claims are won.
Only after its commit may an engine start.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlmodel import Session

from rollout.application import beginning
from rollout.application.arrival_words import new_token, token_digest
from rollout.application.choosing import Batch, batches, next_step, today
from rollout.application.orders import host_orders
from rollout.application.ports import HostOrder, Pace, RunOrder
from rollout.application.settle import DAEMON
from rollout.application.tranches import assign
from rollout.domain.machine import STEP_FROM, MachineState, MachineVerb, Step
from rollout.domain.run import RunPurpose
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import claims, leases, machines, ready, runs, stops, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine

_COMPLETE_FROM = (MachineState.VERIFIED, MachineState.PREPARED)


def claim_ready(
    database: Database,
    settings: Settings,
    *,
    lease_epoch: int,
    at: datetime,
    at_most: int | None = None,
) -> list[RunOrder]:
    """Claim every machine that may begin now; the orders of their runs, the most urgent first.

    `at_most` bounds the number of runs.
    """
    with database.write() as session:
        leases.require(session, lease_epoch)
        assign(session, settings, at)
        beginning.drop(session, settings, at)
        chosen = batches(session, settings, at)[:at_most]
        return _claim(session, settings, chosen, lease_epoch, at) if chosen else []


def set_aside(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> tuple[int, int]:
    """Hand over machines whose passage is complete, and hold, rather than pass over, those that
    nobody can address or recognise; how many of each."""
    day = today(settings, at)
    with database.write() as session:
        leases.require(session, lease_epoch)
        incomplete = _unstopped(session, ready.incomplete(session, STEP_FROM, day=day))
        held = [machine.id or 0 for machine in incomplete if next_step(settings, machine)]
        resting = _unstopped(session, ready.resting(session, _COMPLETE_FROM, day=day))
        complete = [machine.id or 0 for machine in resting if next_step(settings, machine) is None]
        for ids, verb, why in (
            (
                held,
                MachineVerb.HOLD,
                told(
                    msgid(
                        "the ledger has no serial or no computer name: correct it and import again"
                    )
                ),
            ),
            (complete, MachineVerb.HAND_OVER, told(msgid("passage complete"))),
        ):
            transitions.apply(session, Machine, ids, verb, actor=DAEMON, at=at, reason=why)
        return len(complete), len(held)


def _unstopped(session: Session, found: Sequence[Machine]) -> list[Machine]:
    """Those of `found` that no stop reaches."""
    if not found:
        return []
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    return [
        machine
        for machine in found
        if not stopped.reaches(machine.generation, sites.get(machine.site_id or 0))
    ]


def _claim(
    session: Session, settings: Settings, chosen: Sequence[Batch], lease_epoch: int, at: datetime
) -> list[RunOrder]:
    """Claim every machine of the batches, and make the order of each one's run."""
    made = _runs(session, chosen, lease_epoch, at)
    run_of = {id_: run_id for batch, run_id, _ident in made for id_ in batch.machine_ids}
    attempts = _attempts(session, chosen)
    lost = {
        id_
        for step in {batch.step for batch in chosen if batch.step.destructive}
        for id_ in claims.without_system(session, _machines_of(chosen, step), step)
    }
    transitions.apply(
        session, Machine, list(run_of), MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_of
    )
    tokens = {
        id_: new_token() for batch in chosen if batch.step.destructive for id_ in batch.machine_ids
    }
    beginning.answer(session, run_of, at)
    won = claims.add(
        session,
        [
            {
                "machine_id": id_,
                "step": batch.step.value,
                "attempt": attempts[id_],
                "run_id": run_of[id_],
                "created_at": at,
                "deadline_at": at + settings.deadline(batch.step),
                "arm_token_hash": token_digest(tokens[id_]) if id_ in tokens else None,
            }
            for batch in chosen
            for id_ in batch.machine_ids
        ],
    )
    # No system is left on them that Ansible could ask; their installer waits for this very order,
    # and there is nothing on their disks that a guard could protect.
    for id_ in lost:
        claims.arm(session, won[id_].id, at=at, boot_id="")
    asked = [id_ for id_ in run_of if id_ not in lost]
    hosts = {host.machine_id: host for host in host_orders(session, settings, asked, won, tokens)}
    return [
        order_of(
            settings,
            batch.step,
            run_id,
            ident,
            [hosts[id_] for id_ in batch.machine_ids if id_ in hosts],
        )
        for batch, run_id, ident in made
    ]


def _runs(
    session: Session, chosen: Sequence[Batch], lease_epoch: int, at: datetime
) -> list[tuple[Batch, int, str]]:
    """A run for each batch: the batch, the run's id and its ident."""
    idents = [uuid4().hex for _batch in chosen]
    rows: list[dict[str, Any]] = [
        {
            "ident": ident,
            "purpose": RunPurpose.STEP.value,
            "step": batch.step.value,
            "wave_id": batch.wave_id,
            "site_id": batch.site_id,
            "size": len(batch.machine_ids),
            "lease_epoch": lease_epoch,
            "created_at": at,
            "state_since": at,
        }
        for batch, ident in zip(chosen, idents, strict=True)
    ]
    return list(zip(chosen, runs.add(session, rows), idents, strict=True))


def _machines_of(chosen: Sequence[Batch], step: Step) -> list[int]:
    return [id_ for batch in chosen if batch.step is step for id_ in batch.machine_ids]


def order_of(
    settings: Settings, step: Step, run_id: int, ident: str, hosts: Sequence[HostOrder]
) -> RunOrder:
    """What an engine gets for a run of a step."""
    times = settings.step(step)
    return RunOrder(
        run_id=run_id,
        ident=ident,
        playbook=f"{step.value}.yml",
        hosts=hosts,
        forks=settings.ansible.forks,
        limit_seconds=settings.deadline(step).total_seconds(),
        pace=Pace(times.serial, times.max_fail_percentage, times.throttle),
    )


def _attempts(session: Session, chosen: Sequence[Batch]) -> dict[int, int]:
    """The attempt that each machine's state authorises.

    A machine that was excluded and readmitted begins its passage anew, but its earlier claims
    stay: their numbers are never given again.
    """
    found: dict[int, int] = {}
    for step in {batch.step for batch in chosen}:
        allowed = {
            id_: attempt
            for batch in chosen
            if batch.step is step
            for id_, attempt in zip(batch.machine_ids, batch.attempts, strict=True)
        }
        claimed = claims.last_attempts(session, step, allowed)
        found |= {id_: max(own, claimed.get(id_, 0) + 1) for id_, own in allowed.items()}
    return found
