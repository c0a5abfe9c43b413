"""Beginning the next step of machines before its turn, and what is told before."""

from collections import Counter
from collections.abc import Sequence

from rollout.application import beginning
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.screens.confirm import MANY, Question


def begin_question(desk: Desk, tags: Sequence[str]) -> Question:
    """What would begin; asks the database. Raises RolloutError when one of them cannot."""
    found = beginning.steps(desk.database, desk.settings, tags)
    destructive = sum(step.destructive for step in found.values())
    lines = [f"{label(step)}: {count}" for step, count in sorted(Counter(found.values()).items())]
    lines.append(
        _("Before their day and their part of the wave; stops, windows and limits still hold.")
    )
    if destructive:
        lines.append(_("{count} {count:disk|disks} will be rewritten.").format(count=destructive))
    return Question(
        title=_("Begin the next step of {count} {count:machine|machines}").format(count=len(found)),
        lines=lines,
        yes=_("begin"),
        reason=True,
        number=len(found) if destructive or len(found) > MANY else None,
    )


def begin(desk: Desk, tags: Sequence[str], reason: str | None) -> str:
    """Ask the daemon for it; what to tell the operator. Raises RolloutError."""
    count = beginning.ask(
        desk.database, desk.settings, tags, desk.operator, desk.now(), reason=reason
    )
    return _("the daemon begins with {count} as soon as stops, windows and places let it").format(
        count=count
    )
