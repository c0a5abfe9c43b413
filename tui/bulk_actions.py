"""What an operator can ask of several marked machines at once."""

from collections.abc import Sequence

from rollout.application import machines
from rollout.application.machines import Filter
from rollout.domain.machine import MachineVerb, Step
from rollout.i18n import _
from rollout.i18n.labels import label
from tui import failure_actions
from tui.desk import Desk
from tui.machine_actions import possible
from tui.screens.confirm import MANY, Question


def able(desk: Desk, tags: Sequence[str], verb: MachineVerb) -> list[str]:
    """Those of the machines that may follow `verb` now."""
    found = machines.listing(desk.database, Filter(tags=tuple(tags)), limit=len(tags))
    return [one.machine.asset_tag for one in found if possible(one.machine.state, verb)]


def question(desk: Desk, tags: Sequence[str], verb: MachineVerb) -> Question:
    """What will happen; asks the database."""
    found = machines.listing(desk.database, Filter(tags=tuple(tags)), limit=len(tags))
    reached = [one for one in found if possible(one.machine.state, verb)]
    lines = [", ".join(one.machine.asset_tag for one in reached[:8])]
    if len(reached) > 8:
        lines[0] += " …"
    if len(reached) < len(tags):
        lines.append(
            _(
                "{count} of the marked ones cannot follow and {count:stays as it is|stay as they "
                "are}."
            ).format(count=len(tags) - len(reached))
        )
    rewrites = sum(one.machine.step == Step.REIMAGE for one in reached)
    if verb is MachineVerb.RETRY and rewrites:
        lines.append(
            _("{count} may be rewritten again; those in doubt are asked first.").format(
                count=rewrites
            )
        )
    destructive = verb is MachineVerb.RETRY and rewrites > 0
    return Question(
        title=_("{count} {count:machine|machines}: {verb}").format(
            count=len(reached), verb=label(verb)
        ),
        lines=lines,
        yes=label(verb),
        reason=verb is not MachineVerb.RELEASE,
        number=len(reached) if destructive or len(reached) > MANY else None,
    )


def carry_out(desk: Desk, tags: Sequence[str], verb: MachineVerb, reason: str | None) -> str:
    """Do it to those that may follow; what to tell the operator. Raises RolloutError."""
    reached = able(desk, tags, verb)
    if verb is not MachineVerb.RELEASE:
        return failure_actions.carry_out(desk, reached, verb, reason)
    moved = machines.move(desk.database, reached, verb, desk.operator, desk.now())
    return _("{count} {count:machine is|machines are} released").format(count=len(moved))
