"""How states look: a colour and a glyph beside a word, so that colour says nothing alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from rollout.domain.gates import Reading, Verdict
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState
from rollout.domain.run import RunState
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import Wave
from tui.plain import plain
from tui.themes import BAD, BUSY, CALM, GOOD, WARN


@dataclass(frozen=True)
class Group:
    """Machines that a reader of the overview takes together."""

    key: str
    glyph: str
    style: str

    @property
    def label(self) -> str:
        """Its word in the language in force."""
        return {
            "done": _("done"),
            "in_progress": _("in progress"),
            "needs_a_person": _("needs a person"),
            "not_started": _("not started"),
            "set_aside": _("set aside"),
        }[self.key]


DONE_GROUP = Group("done", "█", GOOD)
IN_PROGRESS = Group("in_progress", "▓", BUSY)
NEEDS = Group("needs_a_person", "!", BAD)
NOT_STARTED = Group("not_started", "░", CALM)
SET_ASIDE = Group("set_aside", "-", CALM)
GROUPS = (DONE_GROUP, IN_PROGRESS, NEEDS, NOT_STARTED, SET_ASIDE)

_GROUP_OF: Mapping[str, Group] = {
    **{state.value: IN_PROGRESS for state in MachineState},
    **{state.value: DONE_GROUP for state in DONE},
    **{state.value: NEEDS for state in NEEDS_A_PERSON},
    MachineState.REGISTERED.value: NOT_STARTED,
    MachineState.PLANNED.value: NOT_STARTED,
    MachineState.EXCLUDED.value: SET_ASIDE,
}

_WAVE: Mapping[str, str] = {
    WaveState.AWAITING_APPROVAL.value: WARN,
    WaveState.APPROVED.value: GOOD,
    WaveState.RUNNING.value: BUSY,
    WaveState.SOAKING.value: BUSY,
    WaveState.DONE.value: GOOD,
    WaveState.PAUSED.value: WARN,
    WaveState.HALTED.value: BAD,
}

_RUN: Mapping[str, str] = {
    RunState.RUNNING.value: BUSY,
    RunState.FINISHED.value: GOOD,
    RunState.CRASHED.value: BAD,
    RunState.LOST.value: BAD,
    RunState.CANCELLED.value: WARN,
}


def by_group(counts: Mapping[str, int]) -> dict[Group, int]:
    """Machines of every group, from machines by state."""
    found = dict.fromkeys(GROUPS, 0)
    for state, number in counts.items():
        found[_GROUP_OF[state]] += number
    return found


def machine_word(state: str) -> tuple[str, str]:
    """The word of a machine's state, and its style."""
    style = WARN if state == MachineState.HELD else _GROUP_OF[state].style
    return label(MachineState(state)), style


def machine_state(state: str) -> Text:
    """The word of a machine's state."""
    return plain(*machine_word(state))


def wave_name(wave: Wave) -> str:
    """Its number, and whether it is the pilot."""
    pilot = _("pilot")
    return f"{wave.number} ({pilot})" if wave.pilot else str(wave.number)


def wave_state(state: str) -> Text:
    """The word of a wave's state."""
    return plain(label(WaveState(state)), _WAVE.get(state, CALM))


def run_state(state: str) -> Text:
    """The word of a run's state."""
    return plain(label(RunState(state)), _RUN.get(state, CALM))


_VERDICT: Mapping[Verdict, tuple[str, str]] = {
    Verdict.OPEN: ("●", GOOD),
    Verdict.CLOSED: ("○", WARN),
    Verdict.HALTED: ("■", BAD),
}


def verdict(reading: Reading) -> Text:
    """The word of what a gate says, with a glyph that differs without colour."""
    glyph, style = _VERDICT[reading.verdict]
    if reading.overridden:
        return plain("◐ " + _("overridden"), WARN)
    return plain(f"{glyph} {label(reading.verdict)}", style)


def progress(done: int, size: int, cells: int = 10) -> Text:
    """A bar with the figures behind it."""
    filled = cells * done // size if size else 0
    bar = plain("")  # whose own style is none: what is appended would have it
    bar.append("█" * filled, GOOD)
    bar.append("░" * (cells - filled), CALM)
    bar.append(f" {done}/{size}")
    return bar
