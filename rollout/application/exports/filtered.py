"""Which machines an export is of, as people read it."""

from rollout.domain.machine import MachineState
from rollout.domain.purpose import Purpose
from rollout.i18n import _
from rollout.i18n.labels import labels
from rollout.store.machines import Filter


def told(wanted: Filter) -> str:
    """The filter in words; `-` when it lets every machine through."""
    states, purposes = labels(MachineState), labels(Purpose)
    parts = [
        (_("State"), [states.get(state, state) for state in wanted.states]),
        (_("Site"), wanted.sites),
        (_("Generation"), wanted.generations),
        (_("Wave"), [str(number) for number in wanted.waves]),
        (_("Text"), [wanted.text] if wanted.text else []),
        (_("Purpose"), [purposes.get(purpose, purpose) for purpose in wanted.purposes]),
        (_("Asset tag"), wanted.tags),
        (_("Needs a person"), [_("yes")] if wanted.needs_a_person else []),
    ]
    return "; ".join(f"{name}: {', '.join(words)}" for name, words in parts if words) or "-"
