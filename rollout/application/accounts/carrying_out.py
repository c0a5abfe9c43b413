"""Working through what is open until nothing is due any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from rollout.application.accounts.work import AccountsWork
from rollout.application.ports import Clock
from rollout.store import account_queue
from rollout.store.database import Database


@dataclass(frozen=True)
class CarriedOut:
    """`ended` rows reached an end; `open` ones are left, the next of them due at `next_look`."""

    ended: int
    open: int
    next_look: datetime | None


def carry_out(
    work: AccountsWork,
    database: Database,
    clock: Clock,
    *,
    patience: timedelta,
    stop: Event,
    progress: Callable[[int, int], None] = lambda done, total: None,
    waiting: Callable[[datetime | None], None] = lambda until: None,
) -> CarriedOut:
    """Cycle until everything ended, or the next look is further away than `patience`.

    `waiting` is told until when nothing can be done, and None when that is over.
    `stop` ends it after what is under way. Raises DirectoryAway; what is open stays so.
    """
    ended, left = 0, _open(database)
    progress(ended, left)
    while True:
        cycle = work.cycle(stop.is_set, partial(_further, progress, ended, ended + left))
        ended += cycle.ended
        left = _open(database)
        progress(ended, ended + left)
        if cycle.next_look is None:
            return CarriedOut(ended, left, None)
        wait = (cycle.next_look - clock.now()).total_seconds()
        if wait > patience.total_seconds():
            return CarriedOut(ended, left, cycle.next_look)
        if wait > 0:
            waiting(cycle.next_look)
        stopped = stop.wait(max(0.0, wait))
        waiting(None)
        if stopped:
            return CarriedOut(ended, left, cycle.next_look)


def _further(progress: Callable[[int, int], None], before: int, total: int, ended: int) -> None:
    progress(before + ended, total)


def _open(database: Database) -> int:
    with database.read() as session:
        return account_queue.open_count(session)
