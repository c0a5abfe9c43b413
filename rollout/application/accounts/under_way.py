"""What was taken from the queue and is not settled: rows, their orders, and what came of these."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollout.application.accounts.ordering import Next
from rollout.application.accounts.orders import Answer, Done, Order, Outcome
from rollout.store.account_queue import GroupStanding, Standing, WorkTable
from rollout.store.tables import Account, CloudGroup

GROUPS = "groups"
"""What groups and teams count as, beside the services."""


@dataclass(eq=False)
class Work:
    """A row that was taken `until` then, with its orders and what came of them.

    `row` shows it as it was before that. `worst` is the first outcome that is no success.
    """

    row: Standing | GroupStanding
    until: datetime
    next: Next
    left: int = 0
    worst: Outcome = field(default_factory=Done)
    found: str | None = None

    @property
    def table(self) -> WorkTable:
        """The row's."""
        return Account if isinstance(self.row, Standing) else CloudGroup

    @property
    def lane(self) -> str:
        """What it counts as."""
        return self.row.service if isinstance(self.row, Standing) else GROUPS


class UnderWay:
    """Rows whose orders are under way; each is complete with the answer to the last of them."""

    def __init__(self) -> None:
        self._waiting: dict[int, Work] = {}
        self._rows: dict[tuple[WorkTable, int], Work] = {}
        self._lanes: Counter[str] = Counter()

    def begin(self, work: Work) -> Sequence[Order]:
        """The orders of a row; they have to be sent as the objects that they are."""
        assert isinstance(work.next, list)  # noqa: S101 - the caller chose so
        work.left = len(work.next)
        self._waiting.update((id(order), work) for order in work.next)
        self._rows[work.table, work.row.id] = work
        self._lanes[work.lane] += 1
        return work.next

    def answered(self, answers: Sequence[Answer]) -> list[Work]:
        """The rows that are complete with these."""
        complete = []
        for order, outcome in answers:
            work = self._waiting.pop(id(order))
            work.left -= 1
            if isinstance(outcome, Done):
                work.found = outcome.id or work.found
            elif isinstance(work.worst, Done):
                work.worst = outcome
            if work.left == 0:
                complete.append(work)
                del self._rows[work.table, work.row.id]
                self._lanes[work.lane] -= 1
        return complete

    def of(self, table: WorkTable, row: int) -> Work | None:
        """The work of a row, if it is under way."""
        return self._rows.get((table, row))

    def count(self, lane: str) -> int:
        """How many rows of a service, or how many groups."""
        return self._lanes[lane]

    def untouched(self, not_begun: Sequence[Order]) -> list[Work]:
        """Rows for which nothing was sent, when these orders were not."""
        unsent = Counter(
            self._waiting[id(order)] for order in not_begun if id(order) in self._waiting
        )
        return [
            work
            for work, count in unsent.items()
            if isinstance(work.next, list) and count == len(work.next)
        ]
