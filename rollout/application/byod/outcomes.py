"""What came of orders for personal devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollout.application.accounts.orders import (
    AddMember,
    Done,
    Doubtful,
    Missing,
    Order,
    Outcome,
    RemoveMember,
    RevokeSessions,
    WipeApps,
)
from rollout.application.ports import Clock
from rollout.store import device_work as store
from rollout.store.database import Database
from rollout.store.device_work import Task

REFUSED_FOR, DOUBTED_FOR = timedelta(minutes=15), timedelta(minutes=1)
"""Until what the service refused, or did not answer, is tried again."""


_COLUMNS: dict[type, str] = {
    AddMember: "joined_at",
    RemoveMember: "left_group_at",
    RevokeSessions: "sessions_ended_at",
    WipeApps: "wipe_ordered_at",
}


@dataclass
class Tally:
    """What one round did; `written` invitations are in the outbox, `invited` ones went."""

    joined: int = 0
    written: int = 0
    invited: int = 0
    ordered: int = 0
    left: int = 0
    troubled: int = 0


def troubled(number: int, why: str, request_id: str | None, due: datetime) -> dict[str, object]:
    """The columns of a device that wait until `due` because the service would not."""
    return {"id": number, "trouble": why, "request_id": request_id, "due_at": due}


class Report:
    """Writes what came of orders."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        orders: Sequence[tuple[Order, Task]],
        done: Tally,
    ) -> None:
        self._database, self._clock, self._done = database, clock, done
        self._tasks = {id(order): task for order, task in orders}
        self._troubled: set[int] = set()

    def __call__(self, outcomes: Sequence[tuple[Order, Outcome]]) -> None:
        at = self._clock.now()
        rows = [self._row(order, self._tasks[id(order)], found, at) for order, found in outcomes]
        with self._database.write() as session:
            store.write(session, rows)

    def _row(self, order: Order, task: Task, found: Outcome, at: datetime) -> dict[str, object]:
        if isinstance(found, Missing):
            raise TypeError(f"{order} is no search")
        if not isinstance(found, Done):
            self._done.troubled += 1
            self._troubled.add(task.number)
            wait = DOUBTED_FOR if isinstance(found, Doubtful) else REFUSED_FOR
            return troubled(task.number, found.why, found.request_id, at + wait)
        row: dict[str, object] = {"id": task.number, _COLUMNS[type(order)]: at}
        self._done.joined += isinstance(order, AddMember)
        self._done.left += isinstance(order, RemoveMember)
        self._done.ordered += isinstance(order, RevokeSessions | WipeApps)
        if task.number not in self._troubled:
            # Another order for the same device may have been refused just now.
            row |= {"trouble": None, "request_id": None, "due_at": None}
        return row
