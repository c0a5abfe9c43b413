"""What an operator can ask of a wave, and what they are told before."""

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.application.waves import NEEDS_A_REASON, WaveView
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState, WaveVerb
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui.screens.confirm import Question

ROLES: Mapping[WaveVerb, OperatorRole] = {
    WaveVerb.SUBMIT: OperatorRole.OPERATOR,
    WaveVerb.APPROVE: OperatorRole.APPROVER,
    WaveVerb.START: OperatorRole.OPERATOR,
    WaveVerb.PAUSE: OperatorRole.OPERATOR,
    WaveVerb.RESUME: OperatorRole.OPERATOR,
    WaveVerb.HALT: OperatorRole.OPERATOR,
    WaveVerb.WITHDRAW: OperatorRole.OPERATOR,
    WaveVerb.CANCEL: OperatorRole.OPERATOR,
}


@dataclass(frozen=True)
class Circumstances:
    """What else matters for what will happen."""

    daemon_alive: bool


def question(view: WaveView, verb: WaveVerb, circumstances: Circumstances) -> Question:
    """What will happen when `verb` is done to the wave."""
    wave = view.wave
    lines = [
        _("{size} {size:machine|machines}, {first} – {last}, now {state}").format(
            size=view.size, first=wave.first_day, last=wave.last_day, state=_state(view)
        ),
        *_consequences(view, verb),
    ]
    starts = verb in (WaveVerb.START, WaveVerb.RESUME)
    if starts and not circumstances.daemon_alive:
        lines.append(_("No daemon is at work: nothing moves until `rollout serve` runs."))
    return Question(
        title=_("Wave {number}: {verb}").format(number=wave.number, verb=label(verb)),
        lines=lines,
        yes=label(verb),
        reason=verb in NEEDS_A_REASON,
        number=view.size if verb in (WaveVerb.START, WaveVerb.CANCEL) else None,
    )


def _state(view: WaveView) -> str:
    return label(WaveState(view.wave.state))


def _consequences(view: WaveView, verb: WaveVerb) -> list[str]:
    waiting = view.counts.get(MachineState.PLANNED, 0)
    if verb is WaveVerb.SUBMIT:
        return [_("Another operator is asked to approve exactly this list of machines.")]
    if verb is WaveVerb.APPROVE:
        return [
            _("Submitted by {submitter}.").format(submitter=view.wave.submitted_by or "–"),
            _("Whoever starts the wave has your name behind it."),
        ]
    if verb is WaveVerb.START:
        return [
            _(
                "{waiting} {waiting:machine begins its passage, from its planned day on|machines "
                "begin their passage, each from its planned day on}."
            ).format(waiting=waiting),
            _("Their disks are rewritten after their data has been copied and the copy verified."),
        ]
    if verb is WaveVerb.PAUSE:
        return [_("No machine begins a new step; steps under way come to their end.")]
    if verb is WaveVerb.RESUME:
        return [_("Machines that wait for their next step begin it.")]
    if verb is WaveVerb.WITHDRAW:
        return [_("The submission or approval is taken back; it can be submitted again.")]
    if verb is WaveVerb.CANCEL:
        return [
            _(
                "{waiting} {waiting:machine loses its day and goes|machines lose their day and "
                "go} back to the planner."
            ).format(waiting=waiting),
            _("Those that have begun stay where they are; the wave cannot be taken up again."),
        ]
    return [
        _("No machine begins a new step, and no armed machine is told to install any more."),
    ]
