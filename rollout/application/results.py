"""What engines deliver becomes results, states and evidence.

Every write checks the claim: a result whose claim has ended, or whose epoch a newer claim has
overtaken, is kept as a task result but moves nothing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application import rechecks, settle
from rollout.application.ports import Clock, HostEvent, RunEnd
from rollout.application.retirement import proof
from rollout.domain.history import canonical
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.run import ALIVE, ClaimOutcome, RunPurpose, RunState, RunVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import claims, commands, evidence, machines, runs, transitions
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Run, Wave

log = logging.getLogger(__name__)

_FAILURES = ("failed", "unreachable")


class Results:
    """The sink of every engine; called from engine threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.abandoning = False
        """Set when the daemon stops at once: a stopped run is then lost, not cancelled."""

    def host_events(self, events: Sequence[HostEvent]) -> None:
        """Write a batch of task results and the moves that they prove, in one transaction."""
        at = self._clock.now()
        with self._database.write() as session:
            run = runs.by_id(session, events[0].run_id)
            open_claims = claims.open_of_machines(session, [event.machine_id for event in events])
            mine = {
                machine_id: claim
                for machine_id, claim in open_claims.items()
                if claim.run_id == run.id
            }
            runs.add_results(session, [_row(event, mine.get(event.machine_id)) for event in events])
            if run.purpose == RunPurpose.PROBE:
                _probe_events(session, run, events, at)
            elif run.purpose == RunPurpose.RECHECK:
                rechecks.host_events(session, run, events, mine, at)
            elif run.state in (RunState.CREATED, RunState.RUNNING):
                _step_events(session, run, events, mine, at)

    def run_ended(self, end: RunEnd) -> None:
        """Close a run and settle the claims that it leaves open."""
        at = self._clock.now()
        with self._database.write() as session:
            run = runs.by_id(session, end.run_id)
            if RunState(run.state) not in ALIVE:
                return
            if run.purpose == RunPurpose.PROBE:
                _answer_unanswered(session, run, end, at)
            settle.let_go(session, run, at=at)
            if end.how in ("successful", "failed"):
                _finish(session, run, end, at)
            elif end.how == "timeout":
                _timed_out(session, run, end, at)
            else:
                verb = RunVerb.CANCEL if end.how == "cancelled" else RunVerb.CRASH
                verb = RunVerb.LOSE if self.abandoning else verb
                reason = end.message or told(msgid("the run ended: {how}"), how=end.how)
                settle.run_lost(session, run, verb, at=at, reason=reason)
        # How it ended, never why: a task may have told of a person.
        log.info(
            msgid("run %s ended: %s"),
            end.run_id,
            end.how,
            extra={"run": end.run_id, "how": end.how},
        )


def _row(event: HostEvent, claim: Claim | None) -> dict[str, object]:
    return {
        "run_id": event.run_id,
        "machine_id": event.machine_id,
        "epoch": claim.id if claim is not None else None,
        "counter": event.counter,
        "task": event.task,
        "status": event.status,
        "message": event.message,
        "at": event.at,
        "seconds": event.seconds,
    }


def _step_events(
    session: Session,
    run: Run,
    events: Sequence[HostEvent],
    mine: Mapping[int, Claim],
    at: datetime,
) -> None:
    finished: list[tuple[Claim, Mapping[str, Any]]] = []
    settled: set[int] = set()
    for event in events:
        claim = mine.get(event.machine_id)
        # A claim ends once, whatever else the same batch says of its machine.
        if claim is None or event.machine_id in settled:
            continue
        if event.report is not None:
            if claim.step == Step.RETIRE and _is_of(claim, event.report):
                proof.ordered(session, claim, event.report, at)
                settled.add(event.machine_id)
            elif _proves(claim, event.report):
                finished.append((claim, event.report))
                settled.add(event.machine_id)
        elif event.status in _FAILURES:
            machine = machines.by_id(session, event.machine_id)
            reason = told(
                "{step}: {task}: {message}",
                step=Step(claim.step),
                task=event.task,
                message=event.message or event.status,
            )
            ending: Callable[..., object]
            ending = settle.failed if event.status == "failed" else settle.silent
            if event.status == "unreachable" and claim.consumed_at is not None:
                continue  # it is rewriting its disk: the check-in or the deadline decides
            if run.wave_id is None and claim.step == Step.ENABLE and ending is settle.silent:
                # It is in use, and switched off: that is no silence of a passage.
                ending = settle.left_out
            ending(session, machine, claim, at=at, reason=reason, run_id=run.id)
            settled.add(event.machine_id)
    if finished:
        _finish_steps(session, run.id or 0, finished, at)


def _finish_steps(
    session: Session,
    run_id: int,
    finished: Sequence[tuple[Claim, Mapping[str, Any]]],
    at: datetime,
) -> None:
    """Keep what the machines said, and let them go on."""
    said = {claim.id or 0: (claim.machine_id, report) for claim, report in finished}
    ids = [machine_id for machine_id, _report in said.values()]
    claims.keep_reports(session, {epoch: canonical(dict(it)) for epoch, (_id, it) in said.items()})
    reports = [
        (id_, _text(report, "image_id"), _text(report, "boot_id")) for id_, report in said.values()
    ]
    machines.seen(session, reports, at)
    measured = {epoch: (id_, it) for epoch, (id_, it) in said.items() if it.get("evidence")}
    evidence.add(
        session,
        {epoch: (id_, it["evidence"]) for epoch, (id_, it) in measured.items()},
        run_id=run_id,
        at=at,
    )
    rechecks.note(session, dict(measured.values()), at)
    claims.end(session, list(said), ClaimOutcome.DONE, at)
    transitions.apply(
        session, Machine, ids, MachineVerb.FINISH, actor=settle.DAEMON, at=at, run_id=run_id
    )


def _text(report: Mapping[str, Any], name: str) -> str | None:
    return str(report[name]) if report.get(name) else None


def _proves(claim: Claim, report: Mapping[str, Any]) -> bool:
    """Whether the report ends this claim: what became of a disk is proven by the machine alone."""
    return _is_of(claim, report) and not Step(claim.step).destructive


def _is_of(claim: Claim, report: Mapping[str, Any]) -> bool:
    if str(report.get("epoch")) == str(claim.id):
        return True
    log.warning("a report for claim %s came with epoch %s", claim.id, report.get("epoch"))
    return False


def _probe_events(session: Session, run: Run, events: Sequence[HostEvent], at: datetime) -> None:
    for event in events:
        machine = machines.by_id(session, event.machine_id)
        if event.report is not None:
            answer = settle.probed(session, machine, event.report, at=at, run_id=run.id or 0)
        elif event.status in _FAILURES:
            answer = told(
                msgid(
                    "{tag} does not answer ({why}): go and look, then "
                    "`rollout machine retry {tag} --settled done|not-started --reason ...`"
                ),
                tag=machine.asset_tag,
                why=event.message or event.status,
            )
        else:
            continue
        for command in commands.of_run(session, run.id or 0):
            if command.target_id == event.machine_id:
                commands.answer(session, command.id or 0, answer, at=at)


def _answer_unanswered(session: Session, run: Run, end: RunEnd, at: datetime) -> None:
    for command in commands.of_run(session, run.id or 0):
        text = told(msgid("the probe ended without an answer: {why}"), why=end.message or end.how)
        commands.answer(session, command.id or 0, text, at=at, refused=True)


def _finish(session: Session, run: Run, end: RunEnd, at: datetime) -> None:
    run_id = run.id or 0
    transitions.apply(
        session, Run, [run_id], RunVerb.FINISH, actor=settle.DAEMON, at=at, run_id=run_id
    )
    runs.ended(session, run_id, at)
    if end.over_limit:
        _halt_wave(session, run, end, at)
    for claim in claims.open_of_run(session, run_id):
        machine = machines.by_id(session, claim.machine_id)
        step = Step(claim.step)
        if claim.machine_id in end.left_out:
            reason = told(
                msgid("{step}: the run ended before this machine was through: {why}"),
                step=step,
                why=end.message,
            )
            settle.left_out(session, machine, claim, at=at, reason=reason, run_id=run_id)
        elif claim.armed_at is None:
            reason = told(
                msgid("{step}: the run ended without a report of this machine"), step=step
            )
            settle.lose(session, machine, claim, at=at, reason=reason, run_id=run_id)


def _halt_wave(session: Session, run: Run, end: RunEnd, at: datetime) -> None:
    """What failed so often would fail in the next run as well: somebody has to look first."""
    wave = session.get(Wave, run.wave_id)
    if wave is None or wave.state not in (WaveState.RUNNING, WaveState.PAUSED):
        return
    reason = told(
        msgid("{step}, run {run}: {why}"), step=Step(run.step or ""), run=run.id, why=end.message
    )
    transitions.apply(
        session,
        Wave,
        [wave.id or 0],
        WaveVerb.HALT,
        actor=settle.DAEMON,
        at=at,
        reason=reason,
        run_id=run.id,
    )


def _timed_out(session: Session, run: Run, end: RunEnd, at: datetime) -> None:
    run_id = run.id or 0
    reason = end.message or told(msgid("stopped at its time limit"))
    transitions.apply(
        session,
        Run,
        [run_id],
        RunVerb.CANCEL,
        actor=settle.DAEMON,
        at=at,
        reason=reason,
        run_id=run_id,
    )
    runs.ended(session, run_id, at)
    for claim in claims.open_of_run(session, run_id):
        if claim.armed_at is None:
            machine = machines.by_id(session, claim.machine_id)
            settle.silent(
                session,
                machine,
                claim,
                at=at,
                reason=told("{step}: {reason}", step=Step(claim.step), reason=reason),
                run_id=run_id,
            )
