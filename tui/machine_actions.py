"""What an operator can ask of a machine, and what they are told before."""

from collections.abc import Mapping

from rollout.application import machines
from rollout.application.machines import Joined
from rollout.domain.machine import MACHINE, MachineState, MachineVerb, Step
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui.desk import Desk
from tui.screens.confirm import Question

ROLES: Mapping[MachineVerb, OperatorRole] = dict.fromkeys(
    (MachineVerb.RETRY, MachineVerb.HOLD, MachineVerb.RELEASE), OperatorRole.OPERATOR
)


def possible(state: str, verb: MachineVerb) -> bool:
    """Whether a machine in `state` may follow `verb`.

    A machine in doubt has no retry in its table, but the same key asks the daemon to probe it.
    """
    known = MachineState(state)
    if verb is MachineVerb.RETRY and known is MachineState.UNKNOWN:
        return True
    return (known, verb) in MACHINE.moves


def question(joined: Joined, verb: MachineVerb) -> Question:
    """What will happen when `verb` is done to the machine."""
    machine = joined.machine
    lines = [
        _("{tag} of {owner}, {site}, now {state}").format(
            tag=machine.asset_tag,
            owner=joined.owner or "–",
            site=joined.site or "–",
            state=label(MachineState(machine.state)),
        )
    ]
    if machine.cause:
        lines.append(machine.cause)
    lines.append(_consequence(machine.state, machine.step, machine.held_from, verb))
    return Question(
        title=_("Machine {tag}: {verb}").format(tag=machine.asset_tag, verb=label(verb)),
        lines=lines,
        yes=label(verb),
        reason=verb is MachineVerb.HOLD,
    )


def _consequence(state: str, step: str | None, held_from: str | None, verb: MachineVerb) -> str:
    if verb is MachineVerb.HOLD:
        return _("No step begins on it until somebody releases it.")
    if verb is MachineVerb.RELEASE:
        before = label(MachineState(held_from)) if held_from else "–"
        return _("It goes back to where it was: {state}.").format(state=before)
    if step == Step.REIMAGE:
        return _(
            "If its disk may have been rewritten already, the daemon asks the machine first; "
            "otherwise the step is tried again."
        )
    if step is None:
        return _("The step is tried again.")
    return _("The step {step} is tried again with a new attempt.").format(step=label(Step(step)))


def carry_out(desk: Desk, tag: str, verb: MachineVerb, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    if verb is not MachineVerb.RETRY:
        moved = machines.move(desk.database, [tag], verb, desk.operator, desk.now(), reason=reason)
        return f"{tag}: {label(MachineState(moved[0].to_state))}"
    state = machines.retry(desk.database, tag, desk.operator, desk.now(), reason=reason)
    if state is None:
        return _("{tag}: it may have been rewritten, so the daemon asks it first").format(tag=tag)
    return f"{tag}: {label(state)}"
