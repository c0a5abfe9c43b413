"""What has to be true before something may be done with a replaced PC.

Every refusal says what has to happen first.
"""

from datetime import datetime

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.operators import Operator
from rollout.application.retirement.use import in_use
from rollout.domain.errors import NeedsApproval, RolloutError
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import Settings
from rollout.store import machines, retirements, spares
from rollout.store.tables import Machine, Retirement

_GONE = frozenset(
    {
        MachineState.EXCLUDED,
        MachineState.SUPERSEDED,
        MachineState.RETAINED,
        MachineState.ERASING,
        MachineState.ERASED,
        MachineState.RETURNED,
    }
)
"""A machine in one of these is nobody's PC and replaces nothing."""


class RetirementRefused(RolloutError):
    """Not with this machine, or not yet; the message says why and what to do."""


def must_say_why(verb: MachineVerb, reason: str) -> None:
    """Raises RetirementRefused without a reason."""
    if not reason:
        raise RetirementRefused(
            _("“{verb}” needs a reason: give --reason").format(verb=label(verb))
        )


def must_replace(session: Session, machine: Machine, successor: Machine) -> None:
    """Raises RetirementRefused when `successor` cannot replace the machine."""
    tag, other = machine.asset_tag, successor.asset_tag
    known = retirements.find(session, machine.id or 0)
    if known is not None:
        named = machines.by_id(session, known.successor_id).asset_tag
        raise RetirementRefused(
            _("{tag} is replaced by {successor} already").format(tag=tag, successor=named)
        )
    for machine_id in spares.is_out(session, [machine.id or 0, successor.id or 0]):
        lent = machines.by_id(session, machine_id).asset_tag
        raise RetirementRefused(
            _(
                "{tag} is out as a spare: `rollout machine spare-return {tag}` when it is back"
            ).format(tag=lent)
        )
    if machine.id == successor.id:
        raise RetirementRefused(
            _("{tag} cannot replace itself: --successor is the new PC").format(tag=tag)
        )
    if MachineState(successor.state) in _GONE:
        raise RetirementRefused(
            _("{successor} is {state} and replaces nothing: name the PC that is used now").format(
                successor=other, state=label(MachineState(successor.state))
            )
        )
    replaces = retirements.by_successor(session, successor.id or 0)
    if replaces is not None:
        raise RetirementRefused(
            _("{successor} replaces {tag} already: each PC replaces one").format(
                successor=other, tag=replaces.asset_tag
            )
        )


def retained(session: Session, machine: Machine) -> Retirement:
    """The retirement of a machine that is kept now. Raises RetirementRefused."""
    if machine.state != MachineState.RETAINED:
        hint = (
            _("`rollout machine retry {tag}` brings it back to where it can be erased")
            if machine.step == Step.RETIRE and machine.state != MachineState.ERASING
            else _("only a retained PC can be erased, see `rollout machine show {tag}`")
        ).format(tag=machine.asset_tag)
        raise RetirementRefused(
            _("{tag} is {state}: {hint}").format(
                tag=machine.asset_tag, state=label(MachineState(machine.state)), hint=hint
            )
        )
    return retirements.of(session, machine)


def erasable(session: Session, settings: Settings, machine: Machine, at: datetime) -> Retirement:
    """The retirement of a machine that may be erased. Raises RetirementRefused."""
    row = retained(session, machine)
    tag, day = machine.asset_tag, today(settings, at)
    if row.retain_until is None or day <= row.retain_until:
        raise RetirementRefused(
            _("{tag} has to stay as it is until {day}: nothing is erased before").format(
                tag=tag, day=row.retain_until
            )
        )
    if not in_use(session, row.successor_id):
        successor = machines.by_id(session, row.successor_id)
        raise RetirementRefused(
            _("{successor}, which replaces {tag}, is {state}: hand it over first").format(
                successor=successor.asset_tag,
                tag=tag,
                state=label(MachineState(successor.state)),
            )
        )
    if not (machine.serial and machine.computer_name):
        raise RetirementRefused(
            _(
                "the ledger has no serial or no computer name of {tag}: nobody could be sure "
                "which PC is erased; correct it and import again"
            ).format(tag=tag)
        )
    return row


def asked(
    session: Session, settings: Settings, machine: Machine, operator: Operator, at: datetime
) -> Retirement:
    """The same, when somebody else has asked for it. Raises RetirementRefused, NeedsApproval."""
    row = erasable(session, settings, machine, at)
    if row.asked_by is None or row.epoch is not None:
        raise RetirementRefused(
            _("nobody has asked for the erasure of {tag}: `rollout machine erase {tag}`").format(
                tag=machine.asset_tag
            )
        )
    must_not_be_same(row, operator, machine.asset_tag)
    return row


def must_not_be_same(row: Retirement, operator: Operator, tag: str) -> None:
    """Raises NeedsApproval when the operator decides on what he asked for himself."""
    if row.asked_by == operator.name:
        raise NeedsApproval(
            _("{who} has asked for the erasure of {tag}: another approver decides").format(
                who=operator.name, tag=tag
            )
        )
