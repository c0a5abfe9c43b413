"""`[readiness]`: what everybody needs before the cutover."""

from pydantic import Field

from rollout.domain.readiness import Part
from rollout.settings.planning import Section


class Readiness(Section):
    """`[readiness]`: what is demanded of everybody before the cutover."""

    parts: tuple[Part, ...] = Field(
        default=(Part.PC, Part.ACCOUNT, Part.CHAT, Part.TRAINING, Part.NOTICE, Part.BYOD)
    )
    """Any of `pc`, `account`, `chat`, `training`, `notice` and `byod`. Training is demanded where
    `[training] courses` names any, a personal device of those who applied for one, a PC and its
    notice of those who have a PC."""
