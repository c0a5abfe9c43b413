"""What engines deliver becomes results, states and evidence.

Every write checks the claim: a result whose claim has ended, or whose epoch a newer claim has
overtaken, is kept as a task result but moves nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application import rechecks, run_ends, settle
from rollout.application.ports import Clock, HostEvent, RunEnd
from rollout.application.retirement import proof
from rollout.domain.history import canonical
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.run import ALIVE, ClaimOutcome, RunPurpose, RunState
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import claims, commands, evidence, machines, open_claims, runs, transitions
from rollout.store.database import Database
from rollout.store.evidence import Measured
from rollout.store.open_claims import OpenClaim
from rollout.store.runs import Known
from rollout.store.tables import Claim, Machine

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
            known = runs.known(session, {event.run_id for event in events})
            by_machine = open_claims.of_machines(session, {event.machine_id for event in events})
            mine = {(claim.run_id, machine): claim for machine, claim in by_machine.items()}
            runs.add_results(session, [_row(event, mine) for event in events])
            said: dict[RunPurpose, list[HostEvent]] = defaultdict(list)
            for event in events:
                said[RunPurpose(known[event.run_id].purpose)].append(event)
            _probe_events(session, said[RunPurpose.PROBE], at)
            rechecks.host_events(session, said[RunPurpose.RECHECK], mine, at)
            _step_events(session, known, said[RunPurpose.STEP], mine, at)

    def run_ended(self, *ends: RunEnd) -> None:
        """Close runs and settle the claims that they leave open."""
        closed = run_ends.close(
            self._database, ends, at=self._clock.now(), abandoning=self.abandoning
        )
        for end in closed:
            # How it ended, never why: a task may have told of a person.
            log.info(
                msgid("run %s ended: %s"),
                end.run_id,
                end.how,
                extra={"run": end.run_id, "how": end.how},
            )


def _row(event: HostEvent, mine: Mapping[tuple[int, int], OpenClaim]) -> dict[str, object]:
    claim = mine.get((event.run_id, event.machine_id))
    return {
        "run_id": event.run_id,
        "machine_id": event.machine_id,
        "epoch": claim.epoch if claim is not None else None,
        "counter": event.counter,
        "task": event.task,
        "status": event.status,
        "message": event.message,
        "at": event.at,
        "seconds": event.seconds,
    }


def _step_events(
    session: Session,
    known: Mapping[int, Known],
    events: Sequence[HostEvent],
    mine: Mapping[tuple[int, int], OpenClaim],
    at: datetime,
) -> None:
    finished: list[tuple[OpenClaim, Mapping[str, Any]]] = []
    settled: set[int] = set()
    for event in events:
        run, claim = known[event.run_id], mine.get((event.run_id, event.machine_id))
        # A claim ends once, whatever else the same batch says of its machine.
        if claim is None or claim.epoch in settled or RunState(run.state) not in ALIVE:
            continue
        if event.report is not None:
            if claim.step == Step.RETIRE and _is_of(claim, event.report):
                proof.ordered(session, _whole(session, claim), event.report, at)
                settled.add(claim.epoch)
            elif _proves(claim, event.report):
                finished.append((claim, event.report))
                settled.add(claim.epoch)
        elif event.status in _FAILURES:
            if event.status == "unreachable" and claim.consumed_at is not None:
                continue  # it is rewriting its disk: the check-in or the deadline decides
            _end_badly(session, run, claim, event, at)
            settled.add(claim.epoch)
    if finished:
        _finish_steps(session, finished, at)


def _whole(session: Session, claim: OpenClaim) -> Claim:
    found = claims.by_epoch(session, claim.epoch)
    assert found is not None  # noqa: S101  (read a moment ago in this transaction)
    return found


def _end_badly(
    session: Session, run: Known, claim: OpenClaim, event: HostEvent, at: datetime
) -> None:
    reason = told(
        "{step}: {task}: {message}",
        step=Step(claim.step),
        task=event.task,
        message=event.message or event.status,
    )
    machine, whole = machines.by_id(session, claim.machine_id), _whole(session, claim)
    if event.status == "failed":
        settle.failed(session, machine, whole, at=at, reason=reason, run_id=run.id)
    else:
        settle.unanswered(session, run, machine, whole, at=at, reason=reason)


def _finish_steps(
    session: Session,
    finished: Sequence[tuple[OpenClaim, Mapping[str, Any]]],
    at: datetime,
) -> None:
    """Keep what the machines said, and let them go on."""
    said = {claim.epoch: canonical(dict(report)) for claim, report in finished}
    claims.keep_reports(session, said)
    machines.seen(
        session,
        [
            (claim.machine_id, _text(report, "image_id"), _text(report, "boot_id"))
            for claim, report in finished
        ],
        at,
    )
    measured = [(claim, report) for claim, report in finished if report.get("evidence")]
    evidence.add(
        session,
        [
            Measured(claim.machine_id, claim.epoch, claim.run_id, report["evidence"])
            for claim, report in measured
        ],
        at,
    )
    rechecks.note(session, {claim.machine_id: report for claim, report in measured}, at)
    claims.end(session, list(said), ClaimOutcome.DONE, at)
    run_of = {claim.machine_id: claim.run_id for claim, _report in finished}
    transitions.apply(
        session, Machine, run_of, MachineVerb.FINISH, actor=settle.DAEMON, at=at, run_id=run_of
    )


def _text(report: Mapping[str, Any], name: str) -> str | None:
    return str(report[name]) if report.get(name) else None


def _proves(claim: OpenClaim, report: Mapping[str, Any]) -> bool:
    """Whether the report ends this claim: what became of a disk is proven by the machine alone."""
    return _is_of(claim, report) and not Step(claim.step).destructive


def _is_of(claim: OpenClaim, report: Mapping[str, Any]) -> bool:
    if str(report.get("epoch")) == str(claim.epoch):
        return True
    log.warning("a report for claim %s came with epoch %s", claim.epoch, report.get("epoch"))
    return False


def _probe_events(session: Session, events: Sequence[HostEvent], at: datetime) -> None:
    for event in events:
        machine = machines.by_id(session, event.machine_id)
        if event.report is not None:
            answer = settle.probed(session, machine, event.report, at=at, run_id=event.run_id)
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
        for command in commands.of_run(session, event.run_id):
            if command.target_id == event.machine_id:
                commands.answer(session, command.id or 0, answer, at=at)
