"""Doing what was asked for: open rows become orders, outcomes become states."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application.accounts.directory import Directory, Exchange
from rollout.application.accounts.noticing import notice
from rollout.application.accounts.ordering import Passwords
from rollout.application.accounts.orders import Order
from rollout.application.accounts.queue import Queue
from rollout.application.accounts.settling import ACTOR, settle
from rollout.application.accounts.signing_in import refresh
from rollout.application.accounts.stock import read_stock
from rollout.application.accounts.under_way import UnderWay, Work
from rollout.application.mailboxes.holding import hold_back
from rollout.application.ports import Clock
from rollout.domain.words import msgid
from rollout.settings import Settings
from rollout.store import account_queue, account_takers
from rollout.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cycle:
    """What one cycle did: rows looked at, rows that reached an end, the next moment to look."""

    taken: int
    ended: int
    next_look: datetime | None


class AccountsWork:
    """Carries out what is open, until nothing more is due.

    Rows are taken under the name `holder`; `gone` says which other holder is known to be dead, so
    that nobody waits for the end of its claims.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        directory: Directory,
        clock: Clock,
        passwords: Passwords | None,
        *,
        holder: str | None = None,
        gone: Callable[[str], bool] = lambda holder: False,
    ) -> None:
        self._gone = gone
        self._database, self._settings = database, settings
        self._directory, self._clock, self._passwords = directory, clock, passwords
        zone = settings.programme.zone
        self._queue = Queue(
            settings.accounts,
            directory,
            passwords,
            lambda: clock.now().astimezone(zone).date(),
            holder,
        )

    def cycle(
        self,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda ended: None,
    ) -> Cycle:
        """Look at what is due, and at what becomes due on the way.

        `progress` is told again and again how many rows have reached an end.
        Raises DirectoryAway; what was open stays open.
        """
        notice(self._database, self._settings, self._directory, self._clock.now())
        hold_back(self._database, actor=ACTOR, at=self._clock.now())
        if read_stock(self._database, self._settings, self._directory, self._clock.now()):
            self._queue.forget()  # something may have been bought
        self._free_what_the_dead_took()
        taken = ended = 0
        if self._is_due():
            rounds = self._rounds()
            self._carry_out(rounds, stop, progress)
            taken, ended = rounds.taken, rounds.ended
        refresh(self._database, self._settings, self._directory, self._clock.now())
        with self._database.read() as session:
            return Cycle(taken, ended, account_queue.next_due(session))

    def close(self) -> None:
        """Give connections and files back."""
        self._directory.close()
        if self._passwords is not None:
            self._passwords.close()

    def _free_what_the_dead_took(self) -> None:
        now = self._clock.now()
        with self._database.read() as session:
            dead = [one for one in account_takers.takers(session, now) if self._gone(one)]
        if not dead:
            return
        with self._database.write() as session:
            count = sum(account_takers.free(session, one, now) for one in dead)
        log.info(msgid("accounts: goes on with %s that a process that is gone had begun"), count)

    def _is_due(self) -> bool:
        with self._database.read() as session:
            moment = account_queue.next_due(session)
        return moment is not None and moment <= self._clock.now()

    def _rounds(self) -> "_Rounds":
        self._queue.learn()
        with self._database.read() as session:
            self._queue.look_around(session)
        return _Rounds(self._database, self._settings, self._clock, self._queue)

    def _carry_out(
        self, rounds: "_Rounds", stop: Callable[[], bool], progress: Callable[[int], None]
    ) -> None:
        exchange: Exchange = self._directory.exchange(stop)
        try:
            exchange.send(rounds.turn([], taking=not stop()))
            while answers := exchange.answers():
                complete = rounds.under_way.answered(answers)
                exchange.send(rounds.turn(complete, taking=not stop()))
                progress(rounds.ended)
        finally:
            left = rounds.under_way.untouched(exchange.end())
            with self._database.write() as session:
                self._queue.hand_back(session, left, self._clock.now())


class _Rounds:
    """Turns of one cycle, each a transaction: while it is written, other orders are under way."""

    def __init__(self, database: Database, settings: Settings, clock: Clock, queue: Queue) -> None:
        self._database, self._settings = database, settings.accounts
        self._clock, self._queue = clock, queue
        self.under_way = UnderWay()
        self.taken = self.ended = 0

    def turn(self, complete: Sequence[Work], *, taking: bool) -> list[Order]:
        """Settle what is complete and take what is due now; the orders of that.

        They may be sent once this has returned: then the rows are known to be in doubt.
        """
        now, orders = self._clock.now(), list[Order]()
        with self._database.write() as session:
            self._settle(session, complete, now)
            while taking:
                works = self._queue.take(session, now, self.under_way)
                self.taken += len(works)
                idle = [work for work in works if not isinstance(work.next, list)]
                for work in works:
                    if isinstance(work.next, list):
                        orders += self.under_way.begin(work)
                # What needs no order is settled at once, and may let others go on.
                self._settle(session, idle, now)
                taking = bool(idle)
        return orders

    def _settle(self, session: Session, works: Sequence[Work], now: datetime) -> None:
        self.ended += settle(session, works, self._settings, self._queue, now)
