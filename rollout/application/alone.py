"""Work that no daemon may meet: it holds the lease itself while it lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rollout.store import leases, moments
from rollout.store.clock_lock import ClockLock
from rollout.store.database import Database

LONGEST = timedelta(hours=12)
"""A lease is given back at the end; this is for a process that died on another computer."""


@contextmanager
def alone(database: Database, holder: str, gone: Callable[[str], bool]) -> Iterator[int]:
    """Hold the lease under the name `holder`; its epoch. Raises LeaseHeld while a daemon acts.

    `gone` says whether another holder is known to be dead.
    """
    lock = ClockLock(database)
    alone = lock.hold()
    try:
        with database.write() as session:
            epoch = leases.acquire(
                session,
                holder,
                now=moments.real_now(session),
                lasts=LONGEST,
                gone=lambda name: alone or gone(name),
            )
        try:
            yield epoch
        finally:
            with database.write() as session:
                leases.release(session, epoch)
    finally:
        lock.give_back()
