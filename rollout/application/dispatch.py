"""Claiming machines for their next step, and setting aside those that need none.

One transaction: the lease is still ours, the wave runs, the limits hold, the claims are won.
Only after its commit may an engine start.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from rollout.application.arrival import new_token, token_digest
from rollout.application.choosing import Batch, batches, next_step, today
from rollout.application.orders import host_orders
from rollout.application.ports import Pace, RunOrder
from rollout.application.settle import DAEMON
from rollout.application.tranches import assign
from rollout.domain.machine import STEP_FROM, MachineState, MachineVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import claims, leases, machines, ready, stops, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Run

_COMPLETE_FROM = (MachineState.VERIFIED, MachineState.PORTABLE)


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
        chosen = batches(session, settings, at)[:at_most]
        return [_claim(session, settings, batch, lease_epoch, at) for batch in chosen]


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
    session: Session, settings: Settings, batch: Batch, lease_epoch: int, at: datetime
) -> RunOrder:
    ids, step = batch.machine_ids, batch.step
    run = Run(
        ident=uuid4().hex,
        step=step.value,
        wave_id=batch.wave_id,
        site_id=batch.site_id,
        size=len(ids),
        lease_epoch=lease_epoch,
        created_at=at,
        state_since=at,
    )
    session.add(run)
    session.flush()
    run_id, ident = run.id or 0, run.ident
    attempts = _attempts(session, batch)
    unreachable = claims.without_system(session, ids, step) if step.destructive else frozenset()
    transitions.apply(session, Machine, ids, MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_id)
    tokens = {machine_id: new_token() for machine_id in ids} if step.destructive else {}
    deadline = settings.deadline(step)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": step.value,
                "attempt": attempts[machine_id],
                "run_id": run_id,
                "created_at": at,
                "deadline_at": at + deadline,
                "arm_token_hash": token_digest(tokens[machine_id]) if tokens else None,
            }
            for machine_id in ids
        ],
    )
    # No system is left on them that Ansible could ask; their installer waits for this very order,
    # and there is nothing on their disks that a guard could protect.
    for machine_id in unreachable:
        claims.arm(session, made[machine_id].id or 0, at=at, boot_id="")
    reachable = [machine_id for machine_id in ids if machine_id not in unreachable]
    chosen = settings.step(batch.step)
    return RunOrder(
        run_id=run_id,
        ident=ident,
        playbook=f"{step.value}.yml",
        hosts=host_orders(session, settings, reachable, made, tokens),
        forks=settings.ansible.forks,
        limit_seconds=deadline.total_seconds(),
        pace=Pace(chosen.serial, chosen.max_fail_percentage, chosen.throttle),
    )


def _attempts(session: Session, batch: Batch) -> dict[int, int]:
    """The attempt that each machine's state authorises.

    A machine that was excluded and readmitted begins its passage anew, but its earlier claims
    stay: their numbers are never given again.
    """
    claimed = claims.last_attempts(session, batch.step, batch.machine_ids)
    return {
        machine_id: max(attempt, claimed.get(machine_id, 0) + 1)
        for machine_id, attempt in zip(batch.machine_ids, batch.attempts, strict=True)
    }
