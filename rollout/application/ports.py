"""What the use cases need from the outside; adapters fulfil it, tests bring named fakes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


class Clock(Protocol):
    """The programme's clock: may be set to another date, but runs."""

    def now(self) -> datetime:
        """The current moment, aware."""


@runtime_checkable
class SettableClock(Clock, Protocol):
    """A clock that somebody, or a time server, may set while it runs."""

    def jump(self) -> timedelta:
        """By how much it was set since the last question; zero when only time has passed."""


@dataclass(frozen=True, slots=True)
class HostOrder:
    """One machine of a run.

    `values` are host variables that come from the ledger or the database: data, never templates.
    `secrets` are the same, but never written anywhere a log could pick them up.
    `host_key` is the SSH public key that the machine itself reported, if it has one.
    """

    machine_id: int
    epoch: int | None
    address: str
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    host_key: str | None = None

    @property
    def name(self) -> str:
        """Its inventory name: never text from the ledger."""
        return f"m{self.machine_id}"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run goes through its machines: the play keywords of the same names.

    `serial` holds the sizes of the batches, numbers or texts such as `10%`, the last one again and
    again; none: all at once. `max_fail_percentage` is None for no limit, `throttle` 0 for none.
    """

    serial: tuple[int | str, ...] = ()
    max_fail_percentage: float | None = None
    throttle: int = 0


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What an engine is to do: one playbook over these machines, at most `limit_seconds` long."""

    run_id: int
    ident: str
    playbook: str
    hosts: Sequence[HostOrder]
    forks: int
    limit_seconds: float
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True)
class HostEvent:
    """The result of one task on one machine.

    `status` is ok, changed, failed, unreachable, skipped or ignored; `counter` is unique in the
    run; `report` is the machine's explicit report (`rollout_report`), when this task gave it.
    """

    run_id: int
    machine_id: int
    counter: int
    task: str
    status: str
    message: str | None
    at: datetime
    seconds: float | None
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended. `how` is `successful` only when Ansible said so explicitly.

    `failed`: Ansible ended in order with failed machines; `crashed`: no explicit word, whatever
    the exit code; `cancelled`; `timeout`.

    `left_out` are machines that Ansible never began, or stopped between two tasks, because others
    of the run failed. `over_limit`: more failed than the order's pace allows.
    """

    run_id: int
    how: str
    message: str | None = None
    left_out: frozenset[int] = frozenset()
    over_limit: bool = False


class EventSink(Protocol):
    """Where an engine delivers; called from engine threads, in order for one run.

    What several runs say at the same moment may be delivered together: it is written together.
    """

    def host_events(self, events: Sequence[HostEvent]) -> None:
        """Results of runs that go on; a batch is delivered once."""

    def run_ended(self, *ends: RunEnd) -> None:
        """The last word on each of these runs; no process of them is alive any more."""


class RunEngine(Protocol):
    """Executes runs. `start` returns at once; everything else comes through the sink."""

    def start(self, order: RunOrder, sink: EventSink) -> None:
        """Begin; raises only when nothing was begun."""

    def cancel(self, run_id: int) -> bool:
        """Ask a run to stop; False when this engine does not run it."""

    def alive(self) -> frozenset[int]:
        """The runs whose end has not been delivered yet."""

    def sweep(self, idents: Sequence[str]) -> int:
        """Kill every process that earlier daemons left for these run idents; how many.

        Returns only when none is alive.
        """

    def close(self) -> None:
        """Stop everything that runs and wait for it."""

    def log(self, ident: str) -> Path | None:
        """The output of a run, while it is kept."""


@runtime_checkable
class Queue(RunEngine, Protocol):
    """An engine that hands runs to workers elsewhere; what they find out they write themselves.

    A queue may lose a job: whoever knows that a run still waits puts it in again.
    """

    def put(self, run_id: int, epoch: int, site_id: int | None) -> None:
        """Let a worker of the site know of the run; a job that waits already is not made twice.

        A server that does not answer is no error: the job counts as lost.
        """


@runtime_checkable
class LeashedEngine(RunEngine, Protocol):
    """An engine whose runs end by themselves when they are not reassured in time."""

    def reassure(self, until: float) -> None:
        """What runs, and what begins, may go on until this moment of `time.CLOCK_BOOTTIME`."""

    def untidy(self) -> Sequence[str]:
        """The idents of runs that began on this computer and were never cleared up."""


class Archive(Protocol):
    """The output of runs that have ended."""

    def size(self) -> tuple[int, int]:
        """How many runs are kept, and their bytes."""

    def prune(
        self, *, before: datetime, largest: int, needed: Callable[[], frozenset[str]]
    ) -> tuple[int, int]:
        """Remove what began before, then the oldest beyond so many bytes; how many, how much.

        Never what is `needed`.
        """

    def remove(self, ident: str) -> bool:
        """Remove one run; False while it is at work."""


class Equipment(Protocol):
    """What is installed to reach PCs with."""

    def version(self, distribution: str) -> str | None:
        """The installed version of a Python package."""

    def collection(self, name: str) -> str | None:
        """The version of an Ansible collection."""

    def connection(self) -> str:
        """How PCs are reached: ssh, psrp, winrm. Raises RolloutError."""

    def silent(self, names: Sequence[str]) -> list[str]:
        """Those of these computers that do not answer."""
