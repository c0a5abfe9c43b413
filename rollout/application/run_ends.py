"""What the end of a run means to the run, to its wave and to the claims that it leaves open."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from rollout.application import settle
from rollout.application.ports import RunEnd
from rollout.domain.machine import Step
from rollout.domain.run import ALIVE, RunPurpose, RunState, RunVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import claims, commands, machines, open_claims, runs, transitions
from rollout.store.database import Database
from rollout.store.open_claims import OpenClaim
from rollout.store.tables import Run, Wave

_IN_ORDER = ("successful", "failed")


def close(
    database: Database, ends: Sequence[RunEnd], *, at: datetime, abandoning: bool
) -> list[RunEnd]:
    """Close these runs in one transaction; those of them that were not closed before.

    `abandoning`: the daemon stops at once, and a run that is stopped with it is lost.
    """
    with database.write() as session:
        known = runs.known(session, {end.run_id for end in ends})
        closing = {end.run_id: end for end in ends if RunState(known[end.run_id].state) in ALIVE}
        for run_id, end in closing.items():
            if known[run_id].purpose == RunPurpose.PROBE:
                _answer_unanswered(session, end, at)
        measuring = [id_ for id_ in closing if known[id_].purpose == RunPurpose.RECHECK]
        settle.let_go(session, measuring, at=at)
        in_order = {id_: end for id_, end in closing.items() if end.how in _IN_ORDER}
        _finish(session, in_order, at)
        for run_id, end in closing.items():
            if run_id not in in_order:
                _break_off(session, runs.by_id(session, run_id), end, at, abandoning)
    return list(closing.values())


def _break_off(session: Session, run: Run, end: RunEnd, at: datetime, abandoning: bool) -> None:
    if end.how == "timeout":
        _timed_out(session, run, end, at)
        return
    verb = RunVerb.CANCEL if end.how == "cancelled" else RunVerb.CRASH
    verb = RunVerb.LOSE if abandoning else verb
    reason = end.message or told(msgid("the run ended: {how}"), how=end.how)
    settle.run_lost(session, run, verb, at=at, reason=reason)


def _answer_unanswered(session: Session, end: RunEnd, at: datetime) -> None:
    for command in commands.of_run(session, end.run_id):
        text = told(msgid("the probe ended without an answer: {why}"), why=end.message or end.how)
        commands.answer(session, command.id or 0, text, at=at, refused=True)


def _finish(session: Session, ends: Mapping[int, RunEnd], at: datetime) -> None:
    """Close runs that ended in order, and settle what they say nothing of."""
    if not ends:
        return
    transitions.apply(
        session,
        Run,
        ends,
        RunVerb.FINISH,
        actor=settle.DAEMON,
        at=at,
        run_id={run_id: run_id for run_id in ends},
    )
    runs.ended(session, list(ends), at)
    for run_id, end in ends.items():
        if end.over_limit:
            _halt_wave(session, runs.by_id(session, run_id), end, at)
    for left in open_claims.of_runs(session, ends):
        _left_open(session, left, ends[left.run_id], at)


def _left_open(session: Session, left: OpenClaim, end: RunEnd, at: datetime) -> None:
    step, run_id = Step(left.step), end.run_id
    begun = left.machine_id not in end.left_out
    if begun and left.armed_at is not None:
        return  # its own word or the deadline decides
    machine, claim = machines.by_id(session, left.machine_id), claims.by_epoch(session, left.epoch)
    assert claim is not None  # noqa: S101  (read a moment ago in this transaction)
    if begun:
        reason = told(msgid("{step}: the run ended without a report of this machine"), step=step)
        settle.lose(session, machine, claim, at=at, reason=reason, run_id=run_id)
        return
    reason = told(
        msgid("{step}: the run ended before this machine was through: {why}"),
        step=step,
        why=end.message,
    )
    settle.left_out(session, machine, claim, at=at, reason=reason, run_id=run_id)


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
    runs.ended(session, [run_id], at)
    for claim in claims.open_of_run(session, run_id):
        if claim.armed_at is None:
            machine = machines.by_id(session, claim.machine_id)
            why = told("{step}: {reason}", step=Step(claim.step), reason=reason)
            settle.unanswered(
                session, runs.by_id(session, run_id), machine, claim, at=at, reason=why
            )
