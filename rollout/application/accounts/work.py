"""Doing what was asked for: open rows become orders, outcomes become states."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.application.accounts.directory import Directory
from rollout.application.accounts.noticing import notice
from rollout.application.accounts.ordering import Passwords
from rollout.application.accounts.orders import (
    Done,
    Order,
    Outcome,
)
from rollout.application.accounts.outcomes import result
from rollout.application.accounts.queue import Queue, Work
from rollout.application.accounts.signing_in import refresh
from rollout.application.mailboxes.holding import hold_back
from rollout.application.ports import Clock
from rollout.domain.account import AccountVerb
from rollout.i18n.told import Told
from rollout.settings import Settings
from rollout.store import accounts, transitions
from rollout.store.accounts import WorkTable
from rollout.store.database import Database
from rollout.store.tables import Account, CloudGroup

ACTOR = "accounts"
PORTION = 1000
"""Rows that are taken at a time."""


@dataclass(frozen=True)
class Cycle:
    """What one cycle did: rows looked at, rows that reached an end, the next moment to look."""

    taken: int
    ended: int
    next_look: datetime | None


class AccountsWork:
    """Carries out what is open, until nothing more is due."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        directory: Directory,
        clock: Clock,
        passwords: Passwords | None,
    ) -> None:
        self._database, self._settings = database, settings.accounts
        self._all = settings
        self._directory, self._clock, self._passwords = directory, clock, passwords
        zone = settings.programme.zone
        self._queue = Queue(
            database,
            settings.accounts,
            directory,
            passwords,
            lambda: clock.now().astimezone(zone).date(),
        )

    def cycle(self, stop: Callable[[], bool] = lambda: False) -> Cycle:
        """Look at what is due, and at what becomes due on the way.

        Raises DirectoryAway; what was open stays open.
        """
        notice(self._database, self._all, self._directory, self._clock.now())
        hold_back(self._database, actor=ACTOR, at=self._clock.now())
        self._queue.look_around()
        feed = _Feed(self)
        feed.take(asking=True)
        if feed.taken:
            try:
                self._directory.carry_out(feed, feed.report, stop)
            finally:
                self._queue.hand_back(feed.not_begun(), self._clock.now())
        refresh(self._database, self._all, self._directory, self._clock.now())
        with self._database.read() as session:
            return Cycle(feed.taken, feed.ended, accounts.next_due(session))

    def close(self) -> None:
        """Give connections and files back."""
        self._directory.close()
        if self._passwords is not None:
            self._passwords.close()

    def take(self, *, asking: bool) -> list[Work]:
        """The next portion."""
        return self._queue.take(self._clock.now(), PORTION, asking=asking)

    def settle(self, works: Sequence[Work]) -> int:
        """Write what came of these rows; how many reached an end."""
        if not works:
            return 0
        at, by_group = self._clock.now(), bool(self._queue.licence_groups)
        moves: dict[tuple[WorkTable, AccountVerb, str], tuple[Told | str | None, list[Work]]] = {}
        columns: dict[WorkTable, list[dict[str, object]]] = defaultdict(list)
        for work in works:
            found = result(work, self._settings, by_group, at)
            columns[work.table].append({"id": work.row.id, **found.columns})
            if found.verb is not None:
                key = (work.table, found.verb, str(found.cause))
                moves.setdefault(key, (found.cause, []))[1].append(work)
        ends = 0
        with self._database.write() as session:
            for table, rows in columns.items():
                accounts.write_work(session, table, rows)
            for (table, verb, _text), (cause, moving) in moves.items():
                ids = [work.row.id for work in moving]
                transitions.apply(session, table, ids, verb, actor=ACTOR, at=at, reason=cause)
                if verb is not AccountVerb.ACCEPT:
                    ends += len(ids)
                    # What waited for these is looked at now.
                    people = {one.row.person_id for one in moving if one.table is Account}
                    places = {one.row.department_id for one in moving if one.table is CloudGroup}
                    people |= self._queue.people_of(places)
                    accounts.wake(session, people, places, at)
        return ends


class _Feed(Iterator[Order]):
    """Orders of a cycle; when they run out, those of rows that have become due meanwhile.

    It may end and go on again: a result brings new orders.
    """

    def __init__(self, work: AccountsWork) -> None:
        self._work = work
        self._ready: deque[Work] = deque()
        self._orders: deque[Order] = deque()
        self._waiting: dict[int, Work] = {}
        self._news = False
        self.taken = self.ended = 0

    def take(self, *, asking: bool = False) -> None:
        """The next portion; what needs no order is settled at once."""
        works = self._work.take(asking=asking)
        self.taken += len(works)
        self.ended += self._work.settle([one for one in works if not isinstance(one.next, list)])
        self._ready.extend(one for one in works if isinstance(one.next, list))

    def __next__(self) -> Order:
        if not self._orders:
            if not self._ready and self._news:
                self._news = False
                self.take()
            if not self._ready:
                raise StopIteration
            work = self._ready.popleft()
            assert isinstance(work.next, list)  # noqa: S101 - `take` chose so
            work.left = len(work.next)
            self._waiting.update((id(order), work) for order in work.next)
            self._orders.extend(work.next)
        return self._orders.popleft()

    def report(self, outcomes: Sequence[tuple[Order, Outcome]]) -> None:
        """Settle the rows whose orders have all come back."""
        complete = []
        for order, outcome in outcomes:
            work = self._waiting.pop(id(order))
            work.left -= 1
            if isinstance(outcome, Done):
                work.found = outcome.id or work.found
            elif isinstance(work.worst, Done):
                work.worst = outcome
            if work.left == 0:
                complete.append(work)
        self.ended += self._work.settle(complete)
        self._news = True

    def not_begun(self) -> list[Work]:
        """Rows that were taken and for which nothing was sent."""
        return list(self._ready)
