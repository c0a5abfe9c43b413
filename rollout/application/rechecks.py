"""Controls that were pending are measured again, until they are judged or their time is over.

An EDR shows up in its portal minutes after onboarding, when the machine's passage has long gone on.
The measurement moves no state: a machine that was handed over stays handed over, and what fails is
shown as needing a person. Every measurement is evidence of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from rollout.application import in_use
from rollout.application.in_use import AtSite, Opened
from rollout.application.operators import Operator
from rollout.application.ports import HostEvent, RunOrder
from rollout.domain.errors import RolloutError
from rollout.domain.history import canonical
from rollout.domain.machine import IN_USE, MachineState, Step
from rollout.domain.run import ClaimOutcome, RunPurpose
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.told import told, typed
from rollout.settings import OperatorRole, Settings
from rollout.store import (
    claims,
    evidence,
    leases,
    machines,
    pending_controls,
    runs,
)
from rollout.store.database import Database
from rollout.store.evidence import Measured
from rollout.store.open_claims import OpenClaim
from rollout.store.tables import Claim, Machine, PendingControls, Run

_FAILURES = ("failed", "unreachable")


class NothingPending(RolloutError):
    """There is no control on the machine that waits for another look."""


def note(session: Session, reports: Mapping[int, Mapping[str, Any]], at: datetime) -> None:
    """Remember which controls of the machines' reports could not be judged yet.

    A control that was pending and has failed now is the `cause` for a person to look at the
    machine; one that the role tolerates is not.
    """
    known = pending_controls.of_machines(session, list(reports))
    begun: dict[int, str] = {}
    over: list[PendingControls] = []
    for machine_id, report in reports.items():
        row = known.get(machine_id)
        still, failed = _left(set(json.loads(row.controls)) if row else set(), report)
        if row is None:
            if still:
                begun[machine_id] = canonical(still)
        elif still or failed:
            _note(session, row, still, failed, at)
        else:
            over.append(row)
    pending_controls.drop(session, over)
    pending_controls.begin(session, begun, at)


def _left(
    before: set[str], report: Mapping[str, Any]
) -> tuple[list[str], dict[str, Mapping[str, Any]]]:
    """The controls that a machine still has to be measured for, and those that have failed."""
    measured = {str(item.get("control")): item for item in report.get("evidence") or ()}
    pending = {name for name, item in measured.items() if item.get("verdict") == "pending"}
    failed = {
        name: measured[name]
        for name in sorted(before & set(measured))
        if measured[name].get("verdict") == "fail" and name not in report.get("tolerated", ())
    }
    return sorted((before - set(measured)) | pending), failed


def _note(
    session: Session,
    row: PendingControls,
    still: Sequence[str],
    failed: Mapping[str, Mapping[str, Any]],
    at: datetime,
) -> None:
    if still:
        row.controls = canonical(list(still))
    row.checked_at, row.note, row.cause = at, None, None
    if failed:
        said = "; ".join(f"{name}: {item.get('value')}" for name, item in failed.items())
        row.cause = told(msgid("controls failed after hand-over: {controls}"), controls=said)
    pending_controls.keep(session, row)


def claim_rechecks(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> list[RunOrder]:
    """The runs that measure again, one for each site where machines are due and may be measured."""
    # Most ticks find nothing: they take no lock.
    with database.read() as session:
        if not _look(session, settings, at, runs=1).anything:
            return []
    with database.write() as session:
        leases.require(session, lease_epoch)
        free = settings.limits.runs_at_once - len(runs.alive(session))
        found = _look(session, settings, at, runs=free)
        pending_controls.drop(session, found.not_awaited)
        for row, awaited in found.over:
            row.cause = told(
                msgid("still pending after {hours} h: {controls} ({note})"),
                hours=f"{settings.verify.recheck_hours:g}",
                controls=", ".join(awaited),
                note=row.note or told(msgid("it was measured, but could not be judged")),
            )
            pending_controls.keep(session, row)
        opened, made = in_use.open_runs(
            session,
            settings,
            found.machines,
            Step.VERIFY,
            RunPurpose.RECHECK,
            lease_epoch=lease_epoch,
            at=at,
        )
        return in_use.orders(session, settings, opened, made, Step.VERIFY, playbook="recheck.yml")


@dataclass(frozen=True)
class _Found:
    """What is due: the machines of each site to be measured now, and rows that need no look any
    more."""

    machines: Sequence[AtSite] = ()
    not_awaited: Sequence[PendingControls] = ()
    over: Sequence[tuple[PendingControls, Sequence[str]]] = ()

    @property
    def anything(self) -> bool:
        return bool(self.machines or self.not_awaited or self.over)


def _look(session: Session, settings: Settings, at: datetime, *, runs: int) -> _Found:
    """What is due at `at`, in at most so many runs.

    Time in which nothing may be measured, such as a halt, uses nothing up: the last look comes
    after the time is over.
    """
    looked_before = at - timedelta(minutes=settings.verify.recheck_minutes)
    if not pending_controls.any_open(session, looked_before):
        return _Found()
    longest = timedelta(hours=settings.verify.recheck_hours)
    due: list[Machine] = []
    not_awaited: list[PendingControls] = []
    over: list[tuple[PendingControls, Sequence[str]]] = []
    for row, machine in pending_controls.due(session, checked_before=looked_before):
        awaited = _awaited(settings, machine, json.loads(row.controls))
        if not awaited:
            not_awaited.append(row)
        elif row.checked_at - row.since >= longest:
            over.append((row, awaited))
        else:
            due.append(machine)
    exempt, most = Step.VERIFY in settings.windows.exempt, settings.limits.machines_per_run
    chosen = in_use.at_sites(session, settings, due, at, exempt=exempt, most=most, at_most=runs)
    return _Found(chosen, not_awaited, over)


def _awaited(settings: Settings, machine: Machine, controls: Sequence[str]) -> list[str]:
    if settings.generation(machine.generation).take_home is True:
        return list(controls)
    return [name for name in controls if name not in settings.verify.only_take_home]


def order_of(session: Session, settings: Settings, run: Run, made: Mapping[int, Claim]) -> RunOrder:
    """What an engine gets for measuring again; `made` are the run's claims by machine."""
    opened = Opened(run.id or 0, run.ident, list(made))
    return in_use.orders(session, settings, [opened], made, Step.VERIFY, playbook="recheck.yml")[0]


def host_events(
    session: Session,
    events: Sequence[HostEvent],
    mine: Mapping[tuple[int, int], OpenClaim],
    at: datetime,
) -> None:
    """Keep what was measured; a machine that did not answer is asked again later.

    `mine` are the open claims by run and machine.
    """
    measured: dict[int, tuple[OpenClaim, Mapping[str, Any]]] = {}
    ended: set[int] = set()
    for event in events:
        claim = mine.get((event.run_id, event.machine_id))
        if claim is None or claim.epoch in ended:
            continue
        if event.report is not None:
            if str(event.report.get("epoch")) != str(claim.epoch):
                continue
            measured[claim.epoch] = claim, event.report
        elif event.status in _FAILURES:
            refused = event.status == "failed"
            outcome = ClaimOutcome.FAILED if refused else ClaimOutcome.SILENT
            claims.end(session, [claim.epoch], outcome, at)
            _not_measured(session, event, at)
        else:
            continue
        ended.add(claim.epoch)
    _keep(session, measured, at)


def _keep(
    session: Session, measured: Mapping[int, tuple[OpenClaim, Mapping[str, Any]]], at: datetime
) -> None:
    reports = {epoch: canonical(dict(report)) for epoch, (_claim, report) in measured.items()}
    claims.keep_reports(session, reports)
    claims.end(session, list(measured), ClaimOutcome.DONE, at)
    machines.seen(session, [(claim.machine_id, None, None) for claim, _ in measured.values()], at)
    evidence.add(
        session,
        [
            Measured(claim.machine_id, epoch, claim.run_id, report.get("evidence") or [])
            for epoch, (claim, report) in measured.items()
        ],
        at,
    )
    note(session, {claim.machine_id: report for claim, report in measured.values()}, at)


def _not_measured(session: Session, event: HostEvent, at: datetime) -> None:
    row = pending_controls.of(session, event.machine_id)
    if row is None:
        return
    row.checked_at = at
    row.note = typed(event.message or event.status)
    if event.status == "failed":
        # A machine that is switched off is asked again; one that refuses needs a person now.
        row.cause = told(
            msgid("could not be measured again: {task}: {why}"), task=event.task, why=row.note
        )
    pending_controls.keep(session, row)


def again(database: Database, tag: str, operator: Operator, at: datetime) -> Sequence[str]:
    """Let a machine be measured again from now on; the controls that are looked for.

    Raises NothingPending.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        row = pending_controls.of(session, machine.id or 0)
        if row is None or MachineState(machine.state) not in IN_USE:
            raise NothingPending(
                _("nothing is pending on {tag}: see `rollout machine show {tag}`").format(tag=tag)
            )
        row.since, row.cause, row.note = at, None, None
        row.checked_at = datetime.fromtimestamp(0, UTC)
        pending_controls.keep(session, row)
        return list(json.loads(row.controls))
