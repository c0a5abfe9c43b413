"""An office whose runs go to workers, with a queue that loses what it is given."""

from collections.abc import Callable
from typing import Any

from rollout.application.cluster import working
from rollout.application.cluster.crew import LOOKED_AWAY_SECONDS, Crew
from rollout.application.cluster.taking import take
from rollout.application.ports import RunOrder
from rollout.application.programme import Programme
from rollout.domain.machine import Step

Office = Any


class FakeQueue:
    """The port `Queue` that loses every job unless the test looks into `jobs`."""

    def __init__(self) -> None:
        self.jobs: list[tuple[int, int, int | None]] = []
        self.order: RunOrder | None = None

    def start(self, order: RunOrder, _sink: object) -> None:
        self.order = order

    def put(self, run_id: int, epoch: int, site_id: int | None) -> None:
        self.jobs.append((run_id, epoch, site_id))

    def cancel(self, _run_id: int) -> bool:
        return False

    def alive(self) -> frozenset[int]:
        return frozenset()

    def sweep(self, _idents: object) -> int:
        return 0

    def close(self) -> None:
        pass

    def log(self, _ident: str) -> None:
        return None


class Broom(FakeQueue):
    """What `bury` uses of an engine: says what is left here, notes what it was told to sweep."""

    def __init__(self, state: Callable[[], object]) -> None:
        super().__init__()
        self.left: list[str] = []
        self.swept: list[str] = []
        self.found: list[object] = []
        self._state = state

    def untidy(self) -> list[str]:
        return self.left

    def reassure(self, until: float) -> None:
        pass

    def sweep(self, idents: Any) -> int:
        self.swept += idents
        self.found.append(self._state())
        return 0


class Team:
    """An office whose runs go to workers; `now` is the daemon's own sense of time."""

    def __init__(self, office: Office) -> None:
        cluster = office.settings.cluster.model_copy(update={"engine": "procrastinate"})
        office.settings = office.settings.model_copy(update={"cluster": cluster})
        self.office, self.queue, self.now = office, FakeQueue(), 0.0
        self.programme = self.new_programme(office.lease)

    def looks_every(self, seconds: float) -> None:
        """The daemon is started again with such a pause between its looks."""
        office = self.office
        service = office.settings.service.model_copy(update={"tick_seconds": seconds})
        office.settings = office.settings.model_copy(update={"service": service})
        self.programme = self.new_programme(office.lease)

    def new_programme(self, lease: int) -> Programme:
        office = self.office
        made = Programme(
            office.database, office.settings, self.queue, office.clock, lease_epoch=lease
        )
        made._crew = Crew(
            office.database, office.settings, self.queue, lease_epoch=lease,
            monotonic=lambda: self.now,
        )  # fmt: skip
        return made

    def worker(self, *sites: str, concurrency: int = 2, name: str = "host:1:1") -> int:
        return working.sign_on(
            self.office.database, name=name, host="host", sites=sites, concurrency=concurrency,
            version="1",
        ).worker_id  # fmt: skip

    def take(self, run_id: int, worker_id: int) -> RunOrder | None:
        office = self.office
        return take(
            office.database, office.settings, run_id, lease_epoch=office.lease,
            worker_id=worker_id, at=office.clock.now(),
        )  # fmt: skip

    def run(self, step: Step = Step.CAPTURE, count: int = 1) -> tuple[int, list[int]]:
        """A run that waits in the queue."""
        ids = self.office.machines(count, state=step.starts_from)
        self.programme.tick()
        assert self.queue.order is not None
        return self.queue.order.run_id, ids

    def pass_by(self, seconds: float, *, beating: tuple[int, ...] = ()) -> None:
        """Time goes by in steps in which nobody looks away, with ticks; these workers give signs
        of life."""
        step = 1.0
        while seconds > 0:
            seconds -= step
            self.now += step
            for worker_id in beating:
                working.beat(self.office.database, worker_id)
            self.programme.tick()
            step = min(seconds, LOOKED_AWAY_SECONDS - 1)
