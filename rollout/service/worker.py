"""A worker: takes runs of its sites from their queues and runs Ansible for them.

It proves that it lives by a row that it writes again and again. Its runs end by themselves when
that could not be written for half of the time after which the daemon takes it for lost: whatever
happens to this process, to its computer or to the network between, what is settled without it does
not act any more.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from rollout import __version__
from rollout.adapters import holder
from rollout.application.cluster import taking, working
from rollout.application.cluster.awaited import with_near_names
from rollout.application.cluster.patience import PatientSink
from rollout.application.cluster.taking import TakenForLost
from rollout.application.cluster.working import Served
from rollout.application.nightly import size
from rollout.application.ports import Archive, Clock, LeashedEngine, RunEnd
from rollout.application.results import Results
from rollout.application.upkeep import tidy
from rollout.domain.errors import RolloutError
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.service.trouble import Trouble
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)

BEATS = 10
"""So many signs of life fit into the time after which a worker is taken for lost."""
SIGN, LOOK = "sign of life", "look for sites"
REST_SECONDS = 15.0
"""What keeps one run from starting (a full disk) keeps the next from it: so long none is taken."""
TIDY_SECONDS = 6 * 3600.0
"""So often a worker makes room among the output of its runs."""


class Source(Protocol):
    """Where a worker's runs come from."""

    def start(self) -> None:
        """Begin to listen."""

    def stop(self) -> None:
        """Fetch nothing more."""


MakeSource = Callable[
    [
        Sequence[int] | None,
        Callable[[int, int], None],
        Callable[[], bool],
        Callable[[Exception], None],
    ],
    Source,
]
"""From the sites' ids, whom to offer a run, whether there is room, and whom to tell of failures."""


class Worker:
    """One worker process; `run` returns when it was told to stop and has nothing at work."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        engine: LeashedEngine,
        source: MakeSource,
        archive: Archive,
        *,
        sites: Sequence[str],
        concurrency: int,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._engine, self._source, self._archive = engine, source, archive
        self._sites, self._concurrency = sites, concurrency
        self._stop, self._hurry = threading.Event(), threading.Event()
        self._failure: Exception | None = None
        self._results = Results(database, clock)
        self._sink = PatientSink(self._results, self._hurry)
        self._trouble = Trouble()
        self._worker_id = 0
        self._beginning: frozenset[int] = frozenset()
        """The run that is being taken and started."""
        self._rests_until = float("-inf")
        self._lost_after = settings.cluster.worker_seconds

    def run(self) -> None:
        """Work. Raises TakenForLost, and whatever keeps it from its work."""
        host = computer()
        buried = working.bury(
            self._database, host, holder.is_gone, self._engine, at=self._clock.now()
        )
        if buried:
            log.warning(msgid("%s runs of dead workers of this computer were settled"), buried)
        signed_on = working.sign_on(
            self._database,
            name=holder.own_name(),
            host=host,
            sites=self._sites,
            concurrency=self._concurrency,
            version=__version__,
        )
        self._worker_id = signed_on.worker_id
        log.info(msgid("worker %s is there for %s"), self._worker_id, ", ".join(self._sites) or "*")
        if signed_on.served.awaited:
            names = with_near_names(self._database, signed_on.served.awaited)
            log.warning(msgid("the ledger has no site %s: the worker waits until it has"), names)
        self._beat()
        beating = threading.Thread(target=self._beat_on, name="rollout-beat", daemon=True)
        beating.start()
        tidying = threading.Thread(target=self._tidy_on, name="rollout-tidy", daemon=True)
        tidying.start()
        self._listen(signed_on.served)
        self._finish_or_hand_back()
        # Who has signed off gives no sign any more: it would be taken for lost.
        self._hurry.set()
        beating.join()
        tidying.join()
        self._quietly(lambda: working.sign_off(self._database, self._worker_id))
        if self._failure is not None:
            raise self._failure

    def _listen(self, served: Served) -> None:
        """Take runs of these sites until it is told to stop, of more as the ledger gets them."""
        while True:
            source = self._source(served.sites, self._offer, self._has_room, self._fail)
            source.start()
            more = self._more_than(served)
            source.stop()
            if more is None:
                return
            served = more
            log.info(msgid("the ledger has more of this worker's sites: it begins there"))

    def _more_than(self, served: Served) -> Served | None:
        """Wait until the ledger has more of the sites; None when told to stop before."""
        while not self._stop.wait(self._lost_after / BEATS if served.awaited else None):
            try:
                found = working.look_again(self._database, self._worker_id, self._sites, served)
            except Exception as error:
                why = unavailable(error)
                if why is None:
                    raise
                self._trouble.met(LOOK, why)
                continue
            self._trouble.over(LOOK)
            if found != served:
                return found
        return None

    def stop(self) -> None:
        """Take nothing more and finish what runs; asked again, hand it back at once."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _finish_or_hand_back(self) -> None:
        """Wait for what runs; in haste it is stopped, and begins anew elsewhere."""
        self._quietly(lambda: working.take_no_more(self._database, self._worker_id))
        while self._engine.alive() and not self._hurry.wait(0.1):
            continue
        self._results.abandoning = True
        self._engine.close()

    def _quietly(self, do: Callable[[], None]) -> None:
        """A database that is away keeps nobody from ending: the daemon finds out by itself."""
        try:
            do()
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            log.error(msgid("the daemon could not be told: %s"), why)  # noqa: TRY400

    def _has_room(self) -> bool:
        if time.monotonic() < self._rests_until:
            return False
        return len(self._engine.alive()) < self._concurrency

    def _offer(self, run_id: int, epoch: int) -> None:
        """Take the run, unless somebody else has it, and start it."""
        if self._stop.is_set():
            return
        self._beginning = frozenset({run_id})
        try:
            self._begin(run_id, epoch)
        finally:
            self._beginning = frozenset()

    def _begin(self, run_id: int, epoch: int) -> None:
        try:
            order = taking.take(
                self._database,
                self._settings,
                run_id,
                lease_epoch=epoch,
                worker_id=self._worker_id,
                at=self._clock.now(),
            )
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            log.error(msgid("run %s could not be taken: %s"), run_id, why)  # noqa: TRY400
            return
        if order is None:
            return
        if not order.hosts:
            # Its machines take their orders over the network: there is nobody to ask.
            self._sink.run_ended(RunEnd(run_id, "successful"))
            return
        fields = {"run": run_id, "playbook": order.playbook, "machines": len(order.hosts)}
        try:
            self._engine.start(order, self._sink)
        except (OSError, RolloutError) as error:
            log.error(msgid("run %s cannot start: %s"), run_id, error)  # noqa: TRY400
            self._not_begun(run_id, str(error))
        else:
            log.info(msgid("run %s: %s, machines: %s"), *fields.values(), extra=fields)

    def _not_begun(self, run_id: int, why: str) -> None:
        """Give the run back; no attempt of any machine was lost. What cannot be given back now is
        let go with a later sign of life."""
        self._rests_until = time.monotonic() + REST_SECONDS
        at, reason = self._clock.now(), told(msgid("cannot start: {why}"), why=why)
        self._quietly(lambda: taking.give_back(self._database, run_id, reason, at=at))

    def _tidy_on(self) -> None:
        """The daemon's nights make room on its own computer only."""
        while not self._stop.is_set():
            try:
                removed, freed = tidy(self._database, self._settings, self._archive)
            except Exception as error:  # noqa: BLE001  (handed on)
                why = unavailable(error)
                if why is None:
                    self._fail(error)
                    return
                log.error(msgid("the output of runs could not be tidied: %s"), why)  # noqa: TRY400
            else:
                if removed:
                    log.info(msgid("%s run folders removed, %s"), removed, size(freed))
            self._stop.wait(TIDY_SECONDS)

    def _beat_on(self) -> None:
        while not self._hurry.wait(self._lost_after / BEATS):
            try:
                self._beat()
            except TakenForLost as lost:
                self._fail(lost)
                return
            except Exception as error:  # noqa: BLE001  (handed on)
                why = unavailable(error)
                if why is None:
                    self._fail(error)
                    return
                self._trouble.met(SIGN, why)
            else:
                self._trouble.over(SIGN)

    def _beat(self) -> None:
        """Give a sign of life, prolong what runs, and stop what is to be stopped."""
        # Before the database is asked: whoever is frozen in between prolongs nothing.
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        at_work = self._engine.alive()
        known = working.beat(self._database, self._worker_id)
        self._engine.reassure(began + self._lost_after / 2)
        for run_id in at_work:
            if known.get(run_id, True):
                self._engine.cancel(run_id)
        # In this order: what has left the hands of whoever begins it is at work, or has ended.
        strays = known.keys() - self._beginning - self._engine.alive()
        if strays:
            self._let_go(strays)

    def _let_go(self, strays: Collection[int]) -> None:
        at = self._clock.now()
        for run_id in working.let_go(self._database, self._worker_id, strays, at=at):
            log.warning(msgid("run %s is given to this worker and not at work: let go"), run_id)

    def _fail(self, error: Exception) -> None:
        """End at once, and raise the first such error."""
        self._failure = self._failure or error
        self._stop.set()
        self._hurry.set()


def computer() -> str:
    """This computer, as far as its process numbers mean the same: containers differ."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {space.readlink() if space.is_symlink() else ''}".strip()
