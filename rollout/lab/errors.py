"""What the lab refuses."""

from rollout.domain.errors import RolloutError


class LabError(RolloutError, ValueError):
    """The lab cannot do what was asked; the message says what to do."""
