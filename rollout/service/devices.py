"""Going on with personal devices beside the ticks."""

import threading
from collections.abc import Callable

from rollout.application.byod.work import DevicesWork
from rollout.application.ports import Clock
from rollout.domain.errors import RolloutError
from rollout.service.beside import AWAY_SECONDS, BesideThread

NAME = "devices"


def devices_thread(
    make: Callable[[], DevicesWork],
    clock: Clock,
    failed: Callable[[Exception], None],
    *,
    away_seconds: float = AWAY_SECONDS,
) -> BesideThread[DevicesWork]:
    """The thread that takes owners into the group, gives orders for lost and released devices, and
    reads what is registered."""

    def cycle(work: DevicesWork, stop: threading.Event) -> float:
        return max(0.0, (work.cycle(stop.is_set) - clock.now()).total_seconds())

    return BesideThread(
        NAME, make, cycle, away=(RolloutError,), failed=failed, away_seconds=away_seconds
    )
