"""What an operator can ask of a part of the programme, and what they are told before."""

from rollout.application import stops
from rollout.application.stops import Place
from rollout.domain.stop import StopScope
from rollout.i18n import _
from tui.desk import Desk
from tui.screens.confirm import MANY, Question
from tui.wave_actions import Circumstances


def halt_question(place: Place) -> Question:
    """What will happen when nothing begins there any more."""
    reached = place.waiting + place.working
    lines = [
        _(
            "{waiting} {waiting:machine that waits for its next step begins|machines that "
            "wait for their next step begin} nothing."
        ).format(waiting=f"{place.waiting:,}")
    ]
    if place.working:
        lines.append(
            _("{working} are in a step: it comes to its end.").format(working=f"{place.working:,}")
        )
    if place.rewriting:
        lines.append(
            _(
                "{rewriting} of these rewrite their disk: those that are armed and have not "
                "booted keep it, the others go on."
            ).format(rewriting=f"{place.rewriting:,}")
        )
    return Question(
        title=_("Stop {place}").format(place=stops.place(place.scope, place.target)),
        lines=lines,
        yes=_("stop"),
        reason=True,
        number=reached if _big(place) else None,
    )


def resume_question(place: Place, circumstances: Circumstances) -> Question:
    """What will happen when the stop ends."""
    lines = []
    if place.stop is not None:
        lines.append(
            _("Stopped by {who}: {reason}").format(who=place.stop.actor, reason=place.stop.reason)
        )
    lines.append(
        _(
            "{waiting} {waiting:machine that waits for its next step|machines that wait for "
            "their next step} may begin it."
        ).format(waiting=f"{place.waiting:,}")
    )
    if not circumstances.daemon_alive:
        lines.append(_("No daemon is at work: nothing moves until `rollout serve` runs."))
    return Question(
        title=_("Let {place} go on").format(place=stops.place(place.scope, place.target)),
        lines=lines,
        yes=_("go on"),
        reason=True,
        number=place.waiting if _big(place) else None,
    )


def _big(place: Place) -> bool:
    return place.scope is StopScope.ALL or place.waiting + place.working > MANY


def halt(desk: Desk, place: Place, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    stops.halt(desk.database, place.scope, place.target, desk.operator, desk.now(), reason)
    return _("stopped: {place}; nothing begins there").format(
        place=stops.place(place.scope, place.target)
    )


def resume(desk: Desk, place: Place, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    stops.resume(desk.database, place.scope, place.target, desk.operator, desk.now(), reason)
    left = len(stops.in_force(desk.database))
    words = _("goes on: {place}").format(place=stops.place(place.scope, place.target))
    if left:
        words += "; " + _("{count} other {count:stop is|stops are} in force").format(count=left)
    return words
