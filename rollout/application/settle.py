"""Claims without an end: how each is settled, and when it is left to a person.

A step other than reimage may be repeated on the machine, so a lost one simply starts anew. A
reimage is settled by facts only: its token was never used (then nothing can have happened, and
voiding the token makes that final), or the machine's stamp says which claim wrote its disk.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.domain.history import canonical
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.run import ALIVE, ClaimOutcome, RunPurpose, RunState, RunVerb
from rollout.domain.words import msgid
from rollout.i18n.told import first_line, told
from rollout.store import claims, commands, failures, machines, open_claims, runs, transitions
from rollout.store.runs import Known
from rollout.store.tables import Claim, Machine, Run

DAEMON = "rollout"
"""The actor of what the daemon does by itself."""

ATTEMPTS_AFTER_LOSS = 3
"""A step that was lost so many times in a row is left to a person."""


def done(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    actor: str,
    at: datetime,
    reason: str,
    report: Mapping[str, Any] | None = None,
    run_id: int | None = None,
) -> MachineState:
    """The step is proven: end its claim and let the machine go on."""
    text = canonical(dict(report)) if report is not None else None
    claims.end(session, [claim.id or 0], ClaimOutcome.DONE, at, text)
    return _move(session, machine, MachineVerb.FINISH, actor, at, reason, run_id)


def not_started(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    actor: str,
    at: datetime,
    reason: str,
    run_id: int | None = None,
) -> MachineState:
    """The step had no effect: end its claim and allow a new attempt."""
    claims.void(session, claim.id or 0, at=at)
    claims.end(session, [claim.id or 0], ClaimOutcome.NOT_STARTED, at)
    verb = MachineVerb.RETRY if machine.state == MachineState.SILENT else MachineVerb.STAND_DOWN
    return _move(session, machine, verb, actor, at, reason, run_id)


def left_out(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    at: datetime,
    reason: str,
    run_id: int | None = None,
) -> None:
    """The run broke off for the sake of other machines: no attempt of this one has failed.

    A reimage whose token was used goes on by itself: its check-in or the deadline decides.
    """
    if claim.step == Step.REIMAGE and not claims.void(session, claim.id or 0, at=at):
        return
    not_started(session, machine, claim, actor=DAEMON, at=at, reason=reason, run_id=run_id)


def failed(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    at: datetime,
    reason: str,
    run_id: int | None = None,
) -> MachineState | None:
    """The step ended with an error.

    A reimage or an erasure whose token was used meanwhile is not over: its machine will report, or
    fall silent at the deadline; then None is returned.
    """
    if Step(claim.step).destructive and not claims.void(session, claim.id or 0, at=at):
        return None
    claims.end(session, [claim.id or 0], ClaimOutcome.FAILED, at)
    return _move(session, machine, MachineVerb.FAIL, DAEMON, at, reason, run_id)


def wrong_image(
    session: Session, machine: Machine, claim: Claim, *, at: datetime, reason: str
) -> None:
    """The machine was rewritten, but not with the image that its policy wants."""
    claims.end(session, [claim.id or 0], ClaimOutcome.FAILED, at)
    _move(session, machine, MachineVerb.FAIL, DAEMON, at, reason, claim.run_id)


def given_up(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    disk_touched: bool,
    at: datetime,
    reason: str,
) -> None:
    """The installer stopped and said so: nothing more can come of its order."""
    report = canonical({"disk_touched": disk_touched})
    claims.end(session, [claim.id or 0], ClaimOutcome.FAILED, at, report)
    _move(session, machine, MachineVerb.FAIL, DAEMON, at, reason, claim.run_id)


def silent(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    at: datetime,
    reason: str,
    run_id: int | None = None,
) -> MachineState:
    """No answer in time. An unused token is voided, so that it cannot go off unwatched."""
    claims.void(session, claim.id or 0, at=at)
    claims.end(session, [claim.id or 0], ClaimOutcome.SILENT, at)
    return _move(session, machine, MachineVerb.FALL_SILENT, DAEMON, at, reason, run_id)


def unanswered(
    session: Session,
    run: Run | Known,
    machine: Machine,
    claim: Claim,
    *,
    at: datetime,
    reason: str,
) -> None:
    """The machine does not answer, or not in time.

    One that is prepared in use is switched off, or asleep: that is no silence of a passage, and
    it stands where it stood.
    """
    in_use = run.wave_id is None and claim.step == Step.ENABLE
    ending: Callable[..., object] = left_out if in_use else silent
    ending(session, machine, claim, at=at, reason=reason, run_id=run.id)


def let_go(session: Session, run_ids: Sequence[int], *, at: datetime) -> None:
    """End what runs leave open that measure only: their machines stand where they stood."""
    epochs = [claim.epoch for claim in open_claims.of_runs(session, run_ids)]
    claims.end(session, epochs, ClaimOutcome.NOT_STARTED, at)


def not_begun(session: Session, run: Run, *, at: datetime, reason: str) -> None:
    """End a run that the engine could not start: no attempt of any machine was lost.

    A machine without a system needs no playbook: it takes its order over the network as soon as it
    was claimed. If it has, its own word or the deadline decides.
    """
    run_id = run.id or 0
    transitions.apply(
        session, Run, [run_id], RunVerb.CRASH, actor=DAEMON, at=at, reason=reason, run_id=run_id
    )
    run = runs.by_id(session, run_id)
    run.ended_at = at
    session.add(run)
    if run.purpose == RunPurpose.RECHECK:
        let_go(session, [run_id], at=at)
    for claim in claims.open_of_run(session, run_id):
        if Step(claim.step).destructive and not claims.void(session, claim.id or 0, at=at):
            continue
        machine = machines.by_id(session, claim.machine_id)
        not_started(session, machine, claim, actor=DAEMON, at=at, reason=reason, run_id=run_id)


def abandoned(session: Session, run: Run, *, at: datetime, reason: str) -> bool:
    """End a run whose daemon or worker is gone; False when somebody else has ended it before.

    What an operator wanted stopped does not begin anew because whoever was to stop it died.
    """
    if RunState(run.state) not in ALIVE:
        return False
    asked = commands.last_for(session, "cancel_run", run.id or 0)
    if asked is None or asked.refused:
        run_lost(session, run, RunVerb.LOSE, at=at, reason=reason)
        return True
    why = asked.reason or told(msgid("stopped on request"))
    commands.answer(session, asked.id or 0, told(msgid("stopping")), at=at)
    run_lost(session, run, RunVerb.CANCEL, at=at, reason=why)
    return True


def run_lost(session: Session, run: Run, verb: RunVerb, *, at: datetime, reason: str) -> None:
    """End a run on which nobody works any more, and settle what it left open.

    `verb` says how it ended. Armed machines are left to their deadline: they may be rewriting.
    """
    run_id = run.id or 0
    transitions.apply(
        session, Run, [run_id], verb, actor=DAEMON, at=at, reason=reason, run_id=run_id
    )
    run = runs.by_id(session, run_id)
    run.ended_at = at
    session.add(run)
    if run.purpose == RunPurpose.RECHECK:
        let_go(session, [run_id], at=at)
    # The run keeps the whole text; a traceback in the history of every machine helps nobody.
    reason = first_line(reason)
    for claim in claims.open_of_run(session, run_id):
        machine = machines.by_id(session, claim.machine_id)
        if claim.armed_at is not None and verb is not RunVerb.CANCEL:
            continue
        if verb is RunVerb.CANCEL:
            failed(session, machine, claim, at=at, reason=reason, run_id=run_id)
        else:
            lose(session, machine, claim, at=at, reason=reason, run_id=run_id)


def lose(
    session: Session,
    machine: Machine,
    claim: Claim,
    *,
    at: datetime,
    reason: str,
    run_id: int | None = None,
) -> None:
    """A claim without an end: in doubt, and settled at once where facts allow it."""
    _move(session, machine, MachineVerb.LOSE, DAEMON, at, reason, run_id)
    machine = machines.by_id(session, claim.machine_id)
    claim = claims.by_epoch(session, claim.id or 0) or claim
    if claim.step == Step.REIMAGE and not claims.void(session, claim.id or 0, at=at):
        commands.ask(session, "probe_machine", claim.machine_id, actor=DAEMON, at=at, reason=reason)
        return
    if claim.step == Step.RETIRE:
        why = told(
            msgid("it may have been told to erase itself: go and look ({reason})"), reason=reason
        )
        silent(session, machine, claim, at=at, reason=why, run_id=run_id)
        return
    losses = failures.losses(session, claim.machine_id)
    if losses >= ATTEMPTS_AFTER_LOSS:
        why = told(msgid("lost {count} {count:time|times}: {reason}"), count=losses, reason=reason)
        claims.end(session, [claim.id or 0], ClaimOutcome.FAILED, at)
        _move(session, machine, MachineVerb.FAIL, DAEMON, at, why, run_id)
        return
    why = told(msgid("no effect: {reason}"), reason=reason)
    not_started(session, machine, claim, actor=DAEMON, at=at, reason=why, run_id=run_id)


def overdue(session: Session, alive: frozenset[int], *, at: datetime) -> int:
    """Settle the claims whose deadline has passed and on which no engine works; how many."""
    late = [claim for claim in claims.overdue(session, at) if claim.run_id not in alive]
    for claim in late:
        machine = machines.by_id(session, claim.machine_id)
        if machine.state not in (MachineState.SILENT, MachineState.UNKNOWN):
            minutes = (claim.deadline_at - claim.created_at).total_seconds() / 60
            reason = told(
                msgid("{step}: no answer within {minutes} min"),
                step=Step(claim.step),
                minutes=f"{minutes:g}",
            )
            run = runs.by_id(session, claim.run_id)
            if run.state in (RunState.LOST, RunState.CRASHED):
                lose(session, machine, claim, at=at, reason=reason, run_id=run.id)
            else:
                unanswered(session, run, machine, claim, at=at, reason=reason)
    return len(late)


def probed(
    session: Session, machine: Machine, report: Mapping[str, Any], *, at: datetime, run_id: int
) -> str:
    """Settle a machine in doubt by what it says of itself; the answer for whoever asked.

    The stamp is written by the installer and names the claim that rewrote the disk.
    """
    claim = claims.latest(session, machine.id or 0, Step.REIMAGE)
    in_doubt = machine.state in (MachineState.SILENT, MachineState.UNKNOWN)
    if not in_doubt or machine.step != Step.REIMAGE or claim is None:
        return told(
            msgid("{tag} is {state}: nothing to settle"),
            tag=machine.asset_tag,
            state=MachineState(machine.state),
        )
    if not claims.may_have_happened(claim):
        return told(
            msgid("{tag} was never told to install: it can be retried"), tag=machine.asset_tag
        )
    # By number: a programme clock that is set anew goes back.
    if run_id < claim.run_id:
        return told(
            msgid("{tag} was asked before it was told to install: ask again"),
            tag=machine.asset_tag,
        )
    if report.get("serial") != machine.serial:
        return told(
            msgid(
                "the machine that answers as {name} has the serial {found}, not {serial}: "
                "go and look which machine it is"
            ),
            name=machine.computer_name,
            found=report.get("serial"),
            serial=machine.serial,
        )
    if str(report.get("stamp_epoch")) == str(claim.id):
        _remember(session, machine, report, at)
        reason = told(msgid("probe: the disk bears the stamp of claim {epoch}"), epoch=claim.id)
        done(
            session,
            machine,
            claim,
            actor=DAEMON,
            at=at,
            reason=reason,
            report=report,
            run_id=run_id,
        )
    elif report.get("boot_id") and report.get("boot_id") != claim.boot_id_before:
        reason = told(
            msgid("probe: booted again with its old system, claim {epoch} wrote nothing"),
            epoch=claim.id,
        )
        not_started(session, machine, claim, actor=DAEMON, at=at, reason=reason, run_id=run_id)
    else:
        return told(
            msgid(
                "{tag} answers with its old system and has not booted since it was told to "
                "install: it may still do so at its next boot; look at it, then "
                "`rollout machine retry {tag} --settled not-started --reason ...`"
            ),
            tag=machine.asset_tag,
        )
    return reason


def _remember(session: Session, machine: Machine, report: Mapping[str, Any], at: datetime) -> None:
    machine.image_id = str(report.get("image_id") or "") or machine.image_id
    machine.boot_id = str(report.get("boot_id") or "") or machine.boot_id
    machine.last_seen_at = at
    session.add(machine)
    session.flush()


def _move(
    session: Session,
    machine: Machine,
    verb: MachineVerb,
    actor: str,
    at: datetime,
    reason: str | None,
    run_id: int | None,
) -> MachineState:
    moved = transitions.apply(
        session, Machine, [machine.id or 0], verb, actor=actor, at=at, reason=reason, run_id=run_id
    )
    return MachineState(moved[0].to_state)
