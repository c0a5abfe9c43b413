"""A whole programme in simulated time: the application that an office runs, from its ledger to the
last machine, and nothing of it replaced but the engine, the clock and the people.

Time jumps from event to event: nights, week-ends and holidays cost nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from rollout.adapters.ledger.reader import open_ledger
from rollout.adapters.simulated import ledger as prefecture
from rollout.adapters.simulated.clock import SimulatedClock
from rollout.adapters.simulated.engine import SimulatedEngine
from rollout.adapters.simulated.fate import Fates, fates
from rollout.adapters.simulated.staff import PLANNER, Staff
from rollout.application.exports.status import Standing, standings
from rollout.application.ledger.importing import import_ledger
from rollout.application.planning import plans
from rollout.application.planning.problem import calendar_of
from rollout.application.programme import Programme
from rollout.domain.wave import WaveState
from rollout.settings import Settings
from rollout.store import leases, reports, waves
from rollout.store.database import Database

MORNING, EVENING = time(8), time(18)
LOOK = timedelta(hours=1)
"""In working hours the daemon looks at least so often: a soak may be over, a window may open."""
LEASE = timedelta(days=1)


@dataclass(frozen=True)
class WaveNews:
    """A wave that changed its state in the course of a day."""

    number: int
    state: WaveState
    cause: str | None


@dataclass(frozen=True)
class Evening:
    """How many machines stand where at the end of a day."""

    as_of: datetime
    cutover: date
    standing: Mapping[Standing, int]

    @property
    def total(self) -> int:
        """Every machine."""
        return sum(self.standing.values())


@dataclass(frozen=True)
class DayStatus:
    """Where everything stands in the evening. `planned` machines should have been done by then,
    `finished` ones came through on this day."""

    day: date
    planned: int
    finished: int
    report: Evening
    news: tuple[WaveNews, ...]

    @property
    def done(self) -> int:
        """Machines that are through."""
        return self.report.standing[Standing.DONE]

    @property
    def behind(self) -> int:
        """How many machines fewer than planned are through."""
        return self.planned - self.done


class SimulatedProgramme:
    """One programme; `prepare` it, then take its `days` one by one."""

    def __init__(
        self, database: Database, settings: Settings, *, seed: int, fate_of: Fates | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        self._seed = seed
        self._zone = settings.programme.zone
        self.clock = SimulatedClock(self._moment(settings.programme.start, MORNING))
        self._slow: frozenset[str] = frozenset()
        self.engine = SimulatedEngine(
            database, settings, self.clock, fate_of or fates(seed, slow=self._slowness)
        )
        self._staff = Staff(database, settings, self.engine)
        with database.write() as session:
            # A lease is held in real time, whatever the programme's clock says.
            epoch = leases.acquire(session, "simulation", now=datetime.now(UTC), lasts=LEASE)
        self._programme = Programme(database, settings, self.engine, self.clock, lease_epoch=epoch)
        self._epoch = epoch

    def prepare(
        self, file: Path, machines: int, places: prefecture.Places = prefecture.SITES
    ) -> plans.PlanSummary:
        """Write a ledger of so many machines to `file`, import it, and put a plan into force."""
        prefecture.write(file, machines, self._seed, places)
        now = self.clock.now()
        import_ledger(
            self._database,
            open_ledger(file),
            operator=PLANNER,
            now=now,
            today=now.astimezone(self._settings.programme.zone).date(),
        )
        with self._database.read() as session:
            self._slow = reports.tags_at(session, prefecture.SLOW)
        plans.solve(self._database, self._settings, operator=PLANNER, now=now)
        return plans.commit(self._database, operator=PLANNER, now=now)

    def days(self) -> Iterator[DayStatus]:
        """Work through every working day until everything is done, or up to the cutover."""
        programme = self._settings.programme
        done, before = 0, self._wave_states()
        for day in calendar_of(self._settings).between(programme.start, programme.cutover):
            self._work_through(day)
            report = Evening(self.clock.now(), programme.cutover, standings(self._database))
            with self._database.read() as session:
                planned = reports.planned_until(session, day)
            after = self._wave_states()
            news = tuple(now for number, now in after.items() if before.get(number) != now)
            through = report.standing[Standing.DONE]
            yield DayStatus(day, planned, through - done, report, news)
            done, before = through, after
            if self._is_over(report, after):
                return

    def close(self) -> None:
        """Give the lease back, so that a daemon can go on with this database."""
        self._programme.abandon()
        with self._database.write() as session:
            leases.release(session, self._epoch)

    def _work_through(self, day: date) -> None:
        """One day from its morning until nothing is at work any more."""
        morning, evening = self._moment(day, MORNING), self._moment(day, EVENING)
        midnight = self._moment(day + timedelta(days=1), time())
        self.engine.play(morning)
        self._staff.morning(day, self.clock.now())
        self._programme.tick()
        while True:
            look = self.clock.now() + LOOK
            event = self.engine.next_moment()
            upcoming = [moment for moment in (event,) if moment is not None and moment < midnight]
            if look <= evening:
                upcoming.append(look)
            if not upcoming:
                break
            self.engine.play(min(upcoming))
            self._programme.tick()
        self.engine.play(evening)

    @staticmethod
    def _is_over(report: Evening, states: Mapping[int, WaveNews]) -> bool:
        """No wave goes on, and no machine waits for the staff of the next morning."""
        over = (WaveState.DONE, WaveState.CANCELLED)
        return all(news.state in over for news in states.values()) and not any(
            report.standing[word]
            for word in (Standing.HELD, Standing.FAILED, Standing.SILENT, Standing.UNKNOWN)
        )

    def _wave_states(self) -> dict[int, WaveNews]:
        with self._database.read() as session:
            return {
                wave.number: WaveNews(wave.number, WaveState(wave.state), wave.cause)
                for wave in waves.all_of(session)
            }

    def _slowness(self, tag: str) -> float:
        return 1.6 if tag in self._slow else 1.0

    def _moment(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self._zone)
