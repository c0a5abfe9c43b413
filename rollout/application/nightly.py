"""What is done once a night, and made up for when no daemon ran at that time.

A row of each work keeps for which day it was tried last. Work of a new database begins with the
next night. What failed is tried again after an hour. A clock that was set back makes work come
once more, which does no harm; one that was set forward and back does not make it wait for years.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollout.application.ports import Clock
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.system_errors import where_and_why
from rollout.settings import Settings
from rollout.store import leases
from rollout.store import nightly as rows
from rollout.store.database import Database
from rollout.store.tables import NightlyWork

log = logging.getLogger(__name__)

AGAIN = timedelta(hours=1)
"""After a failure."""


class Stopped(RolloutError):
    """The daemon ends: the work is left for the next one."""


@dataclass(frozen=True)
class Work:
    """One thing to do at night; `do` returns what there is to say about it.

    It may raise OSError and RolloutError, which are noted and logged. Now and then it calls what it
    is given, which raises Stopped when it is to leave its work.
    """

    name: str
    do: Callable[[datetime, Callable[[], None]], str]


class Nights:
    """The nightly work of one daemon."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        works: Sequence[Work],
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._works = works

    def look(self, lease_epoch: int, stopped: Callable[[], bool] = lambda: False) -> list[str]:
        """Do what is due; the names of what was tried. Raises LeaseHeld when taken over.

        `stopped` says that the rest is to be left for the next daemon.
        """

        def go_on() -> None:
            if stopped():
                raise Stopped(_("the daemon ends: this is left for the next one"))

        return [work.name for work in self._works if self._done(work, lease_epoch, go_on)]

    def _done(self, work: Work, lease_epoch: int, go_on: Callable[[], None]) -> bool:
        now = self._clock.now()
        day = self.night(now)
        with self._database.write() as session:
            leases.require(session, lease_epoch)
            last = rows.of(session, work.name)
            if last is None:
                rows.expect(session, work.name, day, at=now)
        if last is None or not due(last, day, now):
            return False
        return self._try(work, day, go_on)

    def _try(self, work: Work, day: date, go_on: Callable[[], None]) -> bool:
        try:
            go_on()
            note, ok = work.do(self._clock.now(), go_on), True
        except Stopped as stop:
            log.info("%s: %s", work.name, stop)
            return False
        except OSError as error:
            note, ok = where_and_why(error), False
        except RolloutError as error:
            note, ok = str(error), False
        extra = {"work": work.name, "ok": ok}
        log.log(logging.INFO if ok else logging.ERROR, "%s: %s", work.name, note, extra=extra)
        with self._database.write() as session:
            rows.keep(session, work.name, day, at=self._clock.now(), ok=ok, note=note)
        return True

    def night(self, now: datetime) -> date:
        """The last day whose hour has come."""
        local = now.astimezone(self._settings.programme.zone)
        at = self._settings.nightly.time_of_day
        return local.date() if local.time() >= at else local.date() - timedelta(days=1)


def due(last: NightlyWork, day: date, now: datetime) -> bool:
    """Whether the work of `day` is to be done now."""
    if last.day != day:
        return True
    return not last.ok and not timedelta(0) <= now - last.tried_at < AGAIN


def standing(database: Database) -> list[NightlyWork]:
    """How every nightly work went last."""
    with database.read() as session:
        return rows.all_of(session)


def size(number: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return _("{number} bytes").format(number=number)
