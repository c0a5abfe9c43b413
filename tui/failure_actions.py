"""What an operator can ask of machines that failed alike, and what they are told before."""

from collections.abc import Sequence

from rollout.application import failures, machines
from rollout.application.failures import FailureGroup
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.i18n import _
from rollout.i18n.labels import explained, label
from tui.desk import Desk
from tui.screens.confirm import MANY, Question


def key_of(group: FailureGroup) -> str:
    """By what a group is found again; its machines come and go."""
    return f"{group.state} {group.step} {group.tags[0]}"


def to_move(group: FailureGroup) -> list[str]:
    """The machines of a group that are not held already."""
    return [tag for tag in group.tags if tag not in group.held_tags]


def question(group: FailureGroup, verb: MachineVerb) -> Question:
    """What will happen when `verb` is done to every machine of the group."""
    count = len(to_move(group))
    lines = [
        _("{count} {count:machine|machines}, {state}: {cause}").format(
            count=count, state=label(MachineState(group.state)), cause=group.cause
        )
    ]
    if group.held:
        lines.append(
            _(
                "{held} more {held:is held: it stays as it is until it is|are held: they stay as "
                "they are until they are} released."
            ).format(held=group.held)
        )
    lines += _consequences(group, verb)
    return Question(
        title=_("{count} {count:machine|machines}: {verb}").format(count=count, verb=label(verb)),
        lines=lines,
        yes=label(verb),
        reason=True,
        number=count if count > MANY or _rewrites(group, verb) else None,
    )


def _rewrites(group: FailureGroup, verb: MachineVerb) -> bool:
    return verb is MachineVerb.RETRY and group.step == Step.REIMAGE


def _consequences(group: FailureGroup, verb: MachineVerb) -> list[str]:
    if verb is MachineVerb.HOLD:
        return [_("No step begins on them until somebody releases them.")]
    if _rewrites(group, verb):
        return [
            _("Their disks are rewritten when the step begins again."),
            _("Those that may have been rewritten already are asked first."),
        ]
    if group.step is None:
        return [_("The step is tried again.")]
    return [
        _("The step {step} is tried again with a new attempt.").format(step=label(Step(group.step)))
    ]


def carry_out(desk: Desk, tags: Sequence[str], verb: MachineVerb, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    if verb is MachineVerb.HOLD:
        moved = machines.move(desk.database, tags, verb, desk.operator, desk.now(), reason=reason)
        return _("{count} {count:machine is|machines are} held").format(count=len(moved))
    done = failures.retry_together(desk.database, tags, desk.operator, desk.now(), reason)
    words = [_("{count} {count:machine begins|machines begin} again").format(count=done.begun)]
    if done.asked:
        words.append(
            _("{count} may have been rewritten: the daemon asks {count:it|them} first").format(
                count=done.asked
            )
        )
    if done.refused:
        tag, error = done.refused[0]
        words.append(
            _("{count} {count:was|were} refused, such as {tag}: {why}").format(
                count=len(done.refused), tag=tag, why=explained(error)
            )
        )
    return "; ".join(words)
