"""What people call the controls of the security model."""

from collections.abc import Iterable

from rollout.domain.controls import TITLES
from rollout.i18n import _

BETWEEN = "; "
"""Some names have a comma."""


def control_word(control: object) -> str:
    """A control of a house's own playbook keeps its name."""
    name = str(control)
    return _(TITLES[name]) if name in TITLES else name


def control_words(controls: Iterable[object]) -> str:
    """Several, one behind the other."""
    return BETWEEN.join(map(control_word, controls))
