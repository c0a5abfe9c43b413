"""What an approver can ask of a gate, and what they are told before."""

from rollout.application import gates
from rollout.application.gate_words import numbers_of
from rollout.application.waves import WaveStanding
from rollout.domain.gates import Gate, Reading, Verdict
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.screens.confirm import Question

_DECIDES_IN = frozenset({WaveState.RUNNING, WaveState.PAUSED, WaveState.HALTED})


def possible(standing: WaveStanding, reading: Reading | None) -> bool:
    """Whether there is something to override."""
    return (
        reading is not None
        and reading.verdict is not Verdict.OPEN
        and bool(standing.progress.tranches)
        and WaveState(standing.view.wave.state) in _DECIDES_IN
    )


def question(standing: WaveStanding, reading: Reading) -> Question:
    """What will happen when the gate is overridden."""
    wave, gate = standing.view.wave, label(reading.gate)
    lines = [
        _("It says {verdict}: {numbers}").format(
            verdict=label(reading.verdict), numbers=numbers_of(reading)
        ),
        _("It lets the wave pass once: in this tranche, and until its number becomes worse."),
    ]
    if wave.state == WaveState.HALTED:
        lines.append(_("The wave stays halted until it is resumed."))
    others = [
        other
        for other in standing.progress.readings
        if other.gate is not reading.gate and other.verdict is not Verdict.OPEN
    ]
    if others:
        lines.append(
            _("Not open either: {gates}").format(
                gates=", ".join(label(other.gate) for other in others)
            )
        )
    return Question(
        title=_("Wave {number}: override the gate “{gate}”").format(number=wave.number, gate=gate),
        lines=lines,
        yes=_("override"),
        reason=True,
    )


def carry_out(desk: Desk, number: int, gate: Gate, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    reading = gates.override(
        desk.database, desk.settings, number, gate, desk.operator, desk.now(), reason
    )
    return _("wave {number}: the gate “{gate}” is passed at {numbers}").format(
        number=number, gate=label(gate), numbers=numbers_of(reading)
    )
