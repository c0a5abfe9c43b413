"""What Prometheus scrapes: counts from the tables, and the daemon's own pulse.

The tables are asked at most every few seconds, whoever asks: a scrape costs the daemon little
however many machines there are. No label holds anything that a person wrote of a person.
"""

import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rollout import __version__
from rollout.application.measures import Measured
from rollout.store.faults import unavailable

FRESH_SECONDS = 15.0
"""So long one look at the tables answers every scrape."""

_TICKS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Pulse:
    """What the daemon tells of itself; called from its ticking threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tick: float | None = None
        self._sign = clock()
        self.registry = CollectorRegistry()
        self._ticks = Histogram(
            "rollout_tick_seconds",
            "Time of one look at the tables and what followed from it.",
            buckets=_TICKS,
            registry=self.registry,
        )
        self._refused = Counter(
            "rollout_requests_refused",
            "Requests of PCs that were not believed, by address.",
            ["path"],
            registry=self.registry,
        )
        age = Gauge(
            "rollout_last_tick_age_seconds",
            "Time since the last tick ended.",
            registry=self.registry,
        )
        age.set_function(self.tick_age)
        Gauge("rollout_build_info", "The program.", ["version"], registry=self.registry).labels(
            __version__
        ).set(1)

    def ticked(self, seconds: float) -> None:
        """A tick has ended, having taken so long."""
        self._ticks.observe(seconds)
        self._tick = self._sign = self._clock()

    def beat(self) -> None:
        """The lease was extended."""
        self._sign = self._clock()

    def refused(self, path: str) -> None:
        """A PC was not believed."""
        self._refused.labels(path).inc()

    def tick_age(self) -> float:
        """Seconds since the last tick ended; since the start while none has."""
        return self._clock() - (self._tick if self._tick is not None else self._sign)

    def quiet(self) -> float:
        """Seconds since any sign of life."""
        return self._clock() - self._sign


class Tables(Collector):
    """The counts, asked when somebody scrapes and the last answer is no longer fresh."""

    def __init__(self, look: Callable[[], Measured]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._known: Measured | None = None
        self._asked = float("-inf")

    def collect(self) -> Iterator[Metric]:
        """Every family; of a database that does not answer only that it does not."""
        measured = self.measured()
        up = measured is not None
        yield _gauge("rollout_database_up", "Whether the database answers.", float(up))
        if measured is not None:
            yield from _families(measured)

    def measured(self) -> Measured | None:
        """The last look, made anew when it is old; None when the database does not answer."""
        with self._lock:
            if time.monotonic() - self._asked >= FRESH_SECONDS:
                try:
                    self._known = self._look()
                except Exception as error:
                    if unavailable(error) is None:
                        raise
                    self._known = None
                self._asked = time.monotonic()
            return self._known


def exposition(pulse: Pulse, tables: Tables) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(tables)
    return generate_latest(pulse.registry) + generate_latest(registry)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _families(measured: Measured) -> Iterator[Metric]:
    machines = GaugeMetricFamily(
        "rollout_machines", "Machines.", labels=("generation", "site", "state")
    )
    for row in measured.machines:
        machines.add_metric((row.generation, row.site, row.state), row.number)
    yield machines
    for name, meaning, label, counts in (
        ("rollout_waves", "Waves.", "state", measured.waves),
        ("rollout_runs", "Runs of Ansible.", "state", measured.runs),
        (
            "rollout_claims_open",
            "Claims without an end: machines in a step.",
            "step",
            {step: found.number for step, found in measured.claims.items()},
        ),
        (
            "rollout_forecast_days_late",
            "Days beyond the cutover by the last forecast; negative: in time.",
            "quantile",
            measured.late,
        ),
        (
            "rollout_nightly_work_ok",
            "Whether the work of the last night went well.",
            "work",
            {night.name: int(night.ok) for night in measured.nights},
        ),
        (
            "rollout_lease_holder",
            "Who acts: 1 for the process that holds the lease.",
            "holder",
            {measured.holder: 1} if measured.holder else {},
        ),
    ):
        family = GaugeMetricFamily(name, meaning, labels=(label,))
        for word, count in counts.items():
            family.add_metric((word,), count)
        yield family
    yield from _single(measured)


def _single(measured: Measured) -> Iterator[Metric]:
    for name, meaning, value in (
        ("rollout_oldest_claim_age_seconds", "Age of the oldest open claim.",
         measured.oldest_claim_age),
        ("rollout_commands_waiting", "Commands without an answer.", measured.commands),
        ("rollout_oldest_command_age_seconds", "Age of the oldest command without an answer.",
         measured.oldest_command_age),
        ("rollout_stops", "Stops in force.", measured.stops),
        ("rollout_lease_epoch", "Grows with each new holder of the lease.", measured.lease_epoch),
        ("rollout_backup_age_seconds", "Time since the last good backup.",
         measured.backup_age),
        ("rollout_database_bytes", "Size of the database.", measured.database_size),
        ("rollout_database_log_bytes", "Size of its write-ahead log.", measured.log_size),
        ("rollout_disk_free_bytes", "Free space where the database is.", measured.disk_free),
    ):  # fmt: skip
        if value is not None:
            yield _gauge(name, meaning, value)
    for name, meaning, total in (
        ("rollout_task_results", "Task results taken from Ansible.", measured.results),
        ("rollout_history_rows", "Facts in the history.", measured.facts),
    ):
        yield CounterMetricFamily(name, meaning, value=total)
