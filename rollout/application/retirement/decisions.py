"""What operators decide about replaced PCs; each refusal says what has to happen first."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.operators import Operator
from rollout.application.retirement import certificates, conditions, facts
from rollout.application.retirement.conditions import RetirementRefused
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.retirement import ErasureVerb
from rollout.domain.run import ClaimOutcome
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import claims, machines, retirements, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Retirement

_IN_DOUBT = frozenset({MachineState.ERASING, MachineState.SILENT, MachineState.UNKNOWN})


def supersede(
    database: Database, tag: str, successor_tag: str, operator: Operator, at: datetime, reason: str
) -> None:
    """A successor has replaced this machine. Raises RetirementRefused."""
    operator.must_be(OperatorRole.OPERATOR)
    conditions.must_say_why(MachineVerb.SUPERSEDE, reason)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        successor = machines.by_tag(session, successor_tag)
        conditions.must_replace(session, machine, successor)
        if machine.state != MachineState.SUPERSEDED:
            why = told(
                msgid("replaced by {successor}: {reason}"), successor=successor_tag, reason=reason
            )
            _move(session, machine, MachineVerb.SUPERSEDE, operator, at, why)
        row = Retirement(machine_id=machine.id or 0, successor_id=successor.id or 0)
        retirements.keep(session, row)


def retain(
    database: Database,
    tag: str,
    until: date,
    operator: Operator,
    at: datetime,
    reason: str,
) -> None:
    """Set the last day on which a machine stays as it is; an earlier one needs an approver.

    An erasure that was asked for has to be asked for again. Raises RetirementRefused.
    """
    operator.must_be(OperatorRole.OPERATOR)
    conditions.must_say_why(MachineVerb.RETAIN, reason)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        row = conditions.retained(session, machine)
        if row.retain_until is not None and until < row.retain_until:
            operator.must_be(OperatorRole.APPROVER)
        row.retain_until = until
        _forget_authorisation(row)
        retirements.keep(session, row)
        why = told(msgid("kept until {day}: {reason}"), day=until.isoformat(), reason=reason)
        verb = ErasureVerb.KEEP_UNTIL
        facts.note(session, machine, verb, actor=operator.name, at=at, reason=why)


def ask(
    database: Database,
    settings: Settings,
    tags: Sequence[str],
    operator: Operator,
    at: datetime,
    reason: str,
) -> None:
    """Ask for the erasure of machines, all or none; somebody else approves it.

    Raises RetirementRefused.
    """
    operator.must_be(OperatorRole.OPERATOR)
    conditions.must_say_why(MachineVerb.ERASE, reason)
    with database.write() as session:
        for tag in tags:
            machine = machines.by_tag(session, tag)
            row = conditions.erasable(session, settings, machine, at)
            if row.asked_by is not None and row.epoch is None:
                raise RetirementRefused(
                    _("{who} has asked for the erasure of {tag} already").format(
                        who=row.asked_by, tag=tag
                    )
                )
            _forget_authorisation(row)
            row.asked_by, row.asked_at, row.reason = operator.name, at, reason
            retirements.keep(session, row)
            verb = ErasureVerb.ASK_ERASURE
            facts.note(session, machine, verb, actor=operator.name, at=at, reason=reason)


def approve(
    database: Database,
    settings: Settings,
    tags: Sequence[str],
    operator: Operator,
    at: datetime,
) -> None:
    """Let the daemon erase these machines, all or none.

    Raises RetirementRefused, NeedsApproval when the operator asked for it himself.
    """
    operator.must_be(OperatorRole.APPROVER)
    with database.write() as session:
        for tag in tags:
            machine = machines.by_tag(session, tag)
            row = conditions.asked(session, settings, machine, operator, at)
            row.approved_by, row.approved_at = operator.name, at
            retirements.keep(session, row)
            facts.note(session, machine, ErasureVerb.APPROVE_ERASURE, actor=operator.name, at=at)


def withdraw(
    database: Database, tags: Sequence[str], operator: Operator, at: datetime, reason: str | None
) -> None:
    """Take back what was asked for or approved and has not begun. Raises RetirementRefused."""
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        for tag in tags:
            machine = machines.by_tag(session, tag)
            row = conditions.retained(session, machine)
            if row.asked_by is None:
                raise RetirementRefused(
                    _("nobody has asked for the erasure of {tag}").format(tag=tag)
                )
            _forget_authorisation(row)
            retirements.keep(session, row)
            verb = ErasureVerb.WITHDRAW_ERASURE
            facts.note(session, machine, verb, actor=operator.name, at=at, reason=reason)


def attest(
    database: Database,
    settings: Settings,
    tag: str,
    operator: Operator,
    at: datetime,
    reason: str,
) -> None:
    """An approver has seen that a machine is empty and says how; its certificate says so too.

    It is not confirmed by that: only what a machine reports is. Raises RetirementRefused,
    NeedsApproval when the operator asked for it himself.
    """
    operator.must_be(OperatorRole.APPROVER)
    if not reason:
        raise RetirementRefused(_("what was seen at {tag}? a reason has to say it").format(tag=tag))
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        if MachineState(machine.state) in _IN_DOUBT and machine.step == Step.RETIRE:
            row = retirements.of(session, machine)
            conditions.must_not_be_same(row, operator, tag)
            claim = claims.latest(session, machine.id or 0, Step.RETIRE)
            if claim is None or claim.id is None:
                raise RetirementRefused(_("{tag} was never ordered to be erased").format(tag=tag))
            claims.void(session, claim.id, at=at)
            claims.end(session, [claim.id], ClaimOutcome.DONE, at)
            verb = MachineVerb.FINISH
        else:
            row = conditions.asked(session, settings, machine, operator, at)
            row.approved_by, row.approved_at = operator.name, at
            claim, verb = None, MachineVerb.ERASE
        row.certificate = certificates.seen(machine, row, claim, operator.name, at, reason)
        retirements.keep(session, row)
        why = told(msgid("seen to be empty: {reason}"), reason=reason)
        _move(session, machine, verb, operator, at, why)


def give_back(
    database: Database,
    settings: Settings,
    tag: str,
    day: date,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> None:
    """The lessor has this erased machine since `day`. Raises RetirementRefused."""
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        if machine.state != MachineState.ERASED:
            raise RetirementRefused(
                _("{tag} is {state}: only an erased PC leaves the house").format(
                    tag=tag, state=label(MachineState(machine.state))
                )
            )
        if day > today(settings, at):
            raise RetirementRefused(
                _("{day} is not yet here: --date is the day on which {tag} was handed over").format(
                    day=day, tag=tag
                )
            )
        row = retirements.of(session, machine)
        row.returned_on, row.returned_by = day, operator.name
        retirements.keep(session, row)
        why = reason or told(msgid("returned on {day}"), day=day.isoformat())
        _move(session, machine, MachineVerb.GIVE_BACK, operator, at, why)


def _forget_authorisation(row: Retirement) -> None:
    row.asked_by = row.asked_at = row.reason = None
    row.approved_by = row.approved_at = row.epoch = None


def _move(
    session: Session,
    machine: Machine,
    verb: MachineVerb,
    operator: Operator,
    at: datetime,
    reason: str,
) -> None:
    transitions.apply(
        session, Machine, [machine.id or 0], verb, actor=operator.name, at=at, reason=reason
    )
