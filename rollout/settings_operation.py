"""The part of the configuration that the daemon obeys while waves run."""

from typing import Annotated

from pydantic import Field

from rollout.domain.gates import Limits as GateLimits
from rollout.settings_planning import Section

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Gates(Section):
    """`[gates]`: what lets a wave go on to its next tranche, and what halts it. Exactly at a
    limit is always on the good side; what cannot be measured is closed."""

    succeeded_share: Share = 0.8
    """The next tranche begins when so large a part of the machines let begin is through."""
    failed: Annotated[int, Field(ge=0)] = 5
    """More failed machines than this halt the wave."""
    failed_share: Share = 0.25
    """A larger part of failed machines than this halts the wave."""
    silent: Annotated[int, Field(ge=0)] = 5
    """More silent machines than this halt the wave."""
    silent_share: Share = 0.25
    """A larger part of silent machines than this halts the wave."""
    silent_minutes: Minutes = 30
    """A machine counts as silent when it has been so for longer than this."""
    share_needs: Annotated[int, Field(ge=1)] = 10
    """With fewer machines let begin than this, no share halts: the counts decide."""
    soak_minutes: Minutes = 60
    """The next tranche begins so long after the last machine came through."""

    @property
    def limits(self) -> GateLimits:
        """What the gates themselves need."""
        return GateLimits(**self.model_dump(exclude={"silent_minutes"}))


class Tranches(Section):
    """`[tranches]`: the parts in which a wave begins: canaries, a share, the rest."""

    smallest_wave: Annotated[int, Field(ge=1)] = 30
    """A wave of fewer machines begins as a whole."""
    canary: Annotated[int, Field(ge=0)] = 1
    """So many machines of every generation and site go first; `canary` of a generation's own
    table, where it is not 0, goes before this."""
    share: Share = 0.1
    """The part of the wave that follows them, before the rest."""
