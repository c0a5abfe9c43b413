"""What must hold when the torture is over: the tables beside the PCs themselves."""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text
from sqlmodel import col, select

from _torture.daemons import gone
from _torture.world import NEW_IMAGE, Programme
from rollout.adapters.ansible.processes import Marker
from rollout.domain.machine import STEP_FROM, WORKING, MachineState, Step
from rollout.domain.run import ALIVE, ClaimOutcome
from rollout.lab.windows import registry
from rollout.lab.windows.state import PcFolder
from rollout.lab.wipes import of_pc
from rollout.store import commands, history
from rollout.store.tables import AuditRow, Claim, Machine, Run

_S = MachineState
_NEW_SYSTEM = {
    _S.REIMAGED, _S.CONNECTING, _S.CONNECTED, _S.RESTORING, _S.RESTORED, _S.VERIFYING,
    _S.VERIFIED, _S.ENABLING, _S.PREPARED, _S.MIGRATED,
}  # fmt: skip
_OLD_SYSTEM = {_S.PLANNED, _S.CHECKING, _S.CLEARED, _S.CAPTURING, _S.CAPTURED}
_AFTER_REIMAGE = {Step.CONNECT, Step.RESTORE, Step.VERIFY, Step.ENABLE}


@dataclass
class Snapshot:
    """The tables and the PCs at one moment."""

    machines: dict[str, Machine]
    claims: dict[int, list[Claim]]
    runs: list[Run]
    facts: dict[int, list[AuditRow]]
    open_commands: int
    pcs: dict[str, PcFolder]
    states: dict[str, dict[str, object]] = field(default_factory=dict)


def look(programme: Programme) -> Snapshot:
    """Read everything once."""
    with programme.database.read() as session:
        machines = {machine.asset_tag: machine for machine in session.exec(select(Machine)).all()}
        by_machine: dict[int, list[Claim]] = {}
        for claim in session.exec(select(Claim).order_by(col(Claim.id))).all():
            by_machine.setdefault(claim.machine_id, []).append(claim)
        facts: dict[int, list[AuditRow]] = {}
        for fact in session.exec(
            select(AuditRow).where(AuditRow.noun == "machine").order_by(col(AuditRow.id))
        ).all():
            facts.setdefault(fact.noun_id, []).append(fact)
        found = Snapshot(
            machines,
            by_machine,
            list(session.exec(select(Run)).all()),
            facts,
            len(commands.open_ones(session)),
            {
                tag: PcFolder(programme.lab / "pcs" / pc.computer_name)
                for tag, pc in programme.pcs.items()
            },
        )
    found.states = {tag: pc.read() for tag, pc in found.pcs.items()}
    return found


def wiped(programme: Programme) -> int:
    """How many PCs were rewritten so far."""
    folders = (programme.lab / "pcs" / pc.computer_name for pc in programme.pcs.values())
    return sum(bool(of_pc(PcFolder(folder))) for folder in folders)


def under_way(programme: Programme) -> list[str]:
    """What still has to come to its end before the truth can be told."""
    seen = look(programme)
    left = [f"run {run.id} is {run.state}" for run in seen.runs if run.state in ALIVE]
    left += [
        f"claim {claim.id} is open"
        for claims in seen.claims.values()
        for claim in claims
        if claim.outcome is None
    ]
    left += [f"{seen.open_commands} commands wait"] if seen.open_commands else []
    left += [f"{tag} is in doubt" for tag, machine in seen.machines.items() if _in_doubt(machine)]
    left += [
        f"{tag}: its PC is {seen.states[tag]['power']}" for tag in seen.pcs if _busy(seen, tag)
    ]
    return left


def _in_doubt(machine: Machine) -> bool:
    stands = machine.held_from or machine.state
    return stands == _S.UNKNOWN or (
        machine.step == Step.REIMAGE and stands in (_S.SILENT, _S.REIMAGING)
    )


def _busy(seen: Snapshot, tag: str) -> bool:
    pc = seen.pcs[tag]
    if seen.states[tag]["power"] != "on" or pc.install_file.exists():
        return True
    if (pc.requests / f"{pc.name}.reboot").exists():
        return True
    ticket = pc.check_in_file
    return ticket.exists() and not json.loads(ticket.read_text(encoding="utf-8"))["accepted"]


def wipes_are_the_authorised_ones(seen: Snapshot, _programme: Programme) -> list[str]:
    """Each wipe is that of a claim whose token was used; each reimage that counts as done wiped."""
    wrong = []
    for tag, machine in seen.machines.items():
        reimages = {
            claim.id: claim
            for claim in seen.claims.get(machine.id or 0, [])
            if claim.step == Step.REIMAGE
        }
        wiped = [wipe.epoch for wipe in of_pc(seen.pcs[tag])]
        used = [id_ for id_, claim in reimages.items() if claim.consumed_at is not None]
        done = [id_ for id_, claim in reimages.items() if claim.outcome == ClaimOutcome.DONE]
        story = f"{tag}: wiped by {wiped}, tokens used {used}, done {done}"
        if len(set(wiped)) != len(wiped):
            wrong.append(f"{story}: wiped twice by one order")
        elif not set(wiped) <= set(used):
            wrong.append(f"{story}: wiped without a token")
        elif wiped != done:
            wrong.append(f"{story}: the wipes are not the reimages that are called done")
        wrong += [
            f"{tag}: claim {id_} has a token that was used, voided or armed out of order"
            for id_, claim in reimages.items()
            if claim.consumed_at is not None
            and (claim.voided_at is not None or claim.armed_at is None)
        ]
    return wrong


def machines_are_what_they_are_said_to_be(seen: Snapshot, _programme: Programme) -> list[str]:
    """State and image of every machine against its PC's own state, image and stamp."""
    wrong = []
    for tag, machine in seen.machines.items():
        state = seen.states[tag]
        image = registry.value(state, registry.ROLLOUT, "ImageId", "")
        stamp = int(registry.value(state, registry.ROLLOUT, "StampEpoch", 0) or 0)
        stands = MachineState(machine.held_from or machine.state)
        done = [
            claim.id
            for claim in seen.claims.get(machine.id or 0, [])
            if claim.step == Step.REIMAGE and claim.outcome == ClaimOutcome.DONE
        ]
        readmitted = any(fact.verb == "readmit" for fact in seen.facts.get(machine.id or 0, []))
        is_new = stands in _NEW_SYSTEM or (
            stands in (_S.FAILED, _S.SILENT) and machine.step in _AFTER_REIMAGE
        )
        story = f"{tag} is {machine.state} ({machine.step}), its PC has {image} of claim {stamp}"
        if is_new and (image != NEW_IMAGE or stamp != (done or [0])[-1]):
            wrong.append(f"{story}, claims done: {done}")
        if stands in _OLD_SYSTEM and image == NEW_IMAGE and not readmitted:
            wrong.append(f"{story}: it was rewritten and does not say so")
        if image == NEW_IMAGE and machine.image_id != NEW_IMAGE:
            wrong.append(f"{story}, the table says {machine.image_id}")
        if stands in WORKING or _in_doubt(machine):
            wrong.append(f"{story}: not settled")
    return wrong


def rows_follow_their_history(seen: Snapshot, _programme: Programme) -> list[str]:
    """The state of every machine is where its last fact led, without a gap on the way."""
    wrong = []
    for tag, machine in seen.machines.items():
        facts = seen.facts.get(machine.id or 0, [])
        last = (facts[-1].to_state, facts[-1].version) if facts else (machine.state, 1)
        if last != (machine.state, machine.version):
            wrong.append(f"{tag} is {machine.state} v{machine.version}: not its last fact")
        for before, after in pairwise(facts):
            if before.to_state != after.from_state:
                wrong.append(f"{tag}: fact {after.id} does not follow {before.id}")
        begun = Counter(
            STEP_FROM.get(MachineState(fact.from_state or ""), Step.ENABLE)
            for fact in facts
            if fact.verb == "begin"
        )
        claimed = Counter(Step(claim.step) for claim in seen.claims.get(machine.id or 0, []))
        if begun != claimed:
            wrong.append(f"{tag}: begun {dict(begun)}, claimed {dict(claimed)}")
    return wrong


def nothing_is_open(seen: Snapshot, _programme: Programme) -> list[str]:
    """No claim without an end, no run alive, no command without an answer."""
    wrong = [
        f"claim {claim.id} ({claim.step}) of machine {claim.machine_id} has no end"
        for claims in seen.claims.values()
        for claim in claims
        if claim.outcome is None
    ]
    wrong += [f"run {run.id} is {run.state}" for run in seen.runs if run.state in ALIVE]
    return wrong + ([f"{seen.open_commands} commands without answer"] if seen.open_commands else [])


def the_chain_holds(_seen: Snapshot, programme: Programme) -> list[str]:
    """The history verifies."""
    with programme.database.read() as session:
        verdict = history.verify(session)
    return [] if verdict.holds else [f"chain broken at {verdict.broken_at}: {verdict.why}"]


def no_process_is_left(seen: Snapshot, programme: Programme) -> list[str]:
    """Nothing of any run is alive, SSH masters included, and none left its secrets or sockets."""
    folders = (programme.root / "runs" / run.ident for run in seen.runs)
    sockets = [Marker(folder.name, folder).control for folder in folders]
    wrong = [f"process {pid} of a run is alive" for pid in gone(programme.root, sockets, 5)]
    wrong += [
        f"the sockets {name} are still there"
        for name in sockets
        if (Path(tempfile.gettempdir()) / name).exists()
    ]
    wrong += [
        f"{file} still holds secrets"
        for file in (programme.root / "runs").glob("*/inventory/*.yml")
    ]
    return wrong


def no_row_is_locked(_seen: Snapshot, programme: Programme) -> list[str]:
    """The write lock can be had at once, the lease is free, and the file is whole."""
    if programme.database.engine.dialect.name == "postgresql":
        return _no_lock_in_the_server(programme)
    path = str(programme.database.engine.url.database)
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        holder = connection.execute("SELECT holder FROM lease").fetchone()
        check = connection.execute("PRAGMA integrity_check").fetchone()
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return [f"the database cannot be written at once: {error}"]
    finally:
        connection.close()
    wrong = [] if check == ("ok",) else [f"the file is damaged: {check}"]
    return wrong + ([] if holder in (None, (None,)) else [f"the lease is held by {holder[0]}"])


def _no_lock_in_the_server(programme: Programme) -> list[str]:
    with programme.database.engine.connect() as connection:
        held = connection.execute(
            text(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.locktype = 'advisory' AND a.datname = current_database()"
                " AND a.pid <> pg_backend_pid()"
            )
        ).scalar_one()
        holder = connection.execute(text("SELECT holder FROM lease")).scalar_one_or_none()
        living = connection.execute(
            text("SELECT name FROM workers WHERE ended_at IS NULL")
        ).scalars()
        wrong = [f"worker {name} has not signed off" for name in living]
    wrong += [f"{held} advisory locks are held"] if held else []
    return wrong + ([f"the lease is held by {holder}"] if holder else [])


def every_run_was_taken_at_most_once_and_by_somebody(
    _seen: Snapshot, programme: Programme
) -> list[str]:
    """What machines said was said in a run that a worker had taken."""
    if programme.database.engine.dialect.name != "postgresql":
        return []
    with programme.database.read() as session:
        rows = (
            session.connection()
            .execute(
                text(
                    "SELECT DISTINCT r.run_id FROM host_results r"
                    " LEFT JOIN takings t ON t.run_id = r.run_id WHERE t.run_id IS NULL"
                )
            )
            .scalars()
        )
        return [f"run {run} has results and nobody took it" for run in rows]


INVARIANTS: tuple[Callable[[Snapshot, Programme], list[str]], ...] = (
    wipes_are_the_authorised_ones,
    machines_are_what_they_are_said_to_be,
    rows_follow_their_history,
    nothing_is_open,
    the_chain_holds,
    no_process_is_left,
    no_row_is_locked,
    every_run_was_taken_at_most_once_and_by_somebody,
)


def broken(programme: Programme) -> dict[str, list[str]]:
    """Every invariant by name, with the evidence against it."""
    seen = look(programme)
    return {
        invariant.__name__.replace("_", " "): invariant(seen, programme) for invariant in INVARIANTS
    }


def counts(programme: Programme) -> dict[str, int]:
    """How much happened."""
    seen = look(programme)
    every = [claim for claims in seen.claims.values() for claim in claims]
    return {
        "wipes": sum(len(of_pc(pc)) for pc in seen.pcs.values()),
        "reimage claims": sum(claim.step == Step.REIMAGE for claim in every),
        "tokens used": sum(claim.consumed_at is not None for claim in every),
        "claims": len(every),
        "runs": len(seen.runs),
        "facts": sum(len(facts) for facts in seen.facts.values()),
        **{f"machines {k}": v for k, v in sorted(_states(seen).items())},
    }


def _states(seen: Snapshot) -> Counter[str]:
    return Counter(machine.state for machine in seen.machines.values())


def tell(programme: Programme, tag: str) -> str:
    """Everything that is known of one machine, as evidence."""
    seen = look(programme)
    machine = seen.machines[tag]
    lines = [f"{tag}: {machine.state} {machine.step} attempt {machine.attempt}: {machine.cause}"]
    lines += [
        f"  {fact.at:%H:%M:%S.%f} {fact.actor} {fact.verb}: {fact.from_state} > {fact.to_state}"
        f" run {fact.run_id}: {fact.reason}"
        for fact in seen.facts.get(machine.id or 0, [])
    ]
    lines += [
        f"  claim {claim.id} {claim.step} {claim.attempt}: armed {claim.armed_at} used "
        f"{claim.consumed_at} voided {claim.voided_at} {claim.outcome} {claim.ended_at}"
        for claim in seen.claims.get(machine.id or 0, [])
    ]
    events: Path = seen.pcs[tag].events_file
    if events.exists():
        lines += [f"  {line}" for line in events.read_text(encoding="utf-8").splitlines()[-15:]]
    return "\n".join(lines)
