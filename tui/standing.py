"""What the overview shows, and how often each part of it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any

from rollout.application import machines, spares, stops, waves
from rollout.application.board.view import view
from rollout.application.burn_up import BurnUp, burn_up
from rollout.application.cluster import standing as crew
from rollout.application.glance import Glance, Machines, by_place, glance
from rollout.application.mailboxes.listing import alarms
from rollout.application.spares import SparePool
from rollout.application.training.status import TrainingStatus, status
from rollout.application.waves import WaveView
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState
from rollout.store.tables import Stop
from tui.desk import Desk
from tui.paced import Paced

TRAINING_SECONDS = 30


@dataclass(frozen=True)
class Place:
    """A generation or a site: its machines, those that are done and those that need a person."""

    name: str
    words: str
    machines: int
    done: int
    needs: int


@dataclass(frozen=True)
class Standing:
    """The counts of this moment; what costs more to ask is None until it was asked for.

    `paced` are the seconds that the costly part took.
    """

    counts: Mapping[str, int]
    stops: Sequence[Stop]
    glance: Glance
    waves: Sequence[WaveView] | None
    pools: Sequence[SparePool] | None
    places: Sequence[Place] | None
    burn_up: BurnUp | None
    training: TrainingStatus | None
    batch_alarms: int
    promises_late: int
    workers_silent: int
    complete: bool
    paced: float


def is_silent(desk: Desk, worker: crew.WorkerView) -> bool:
    """Whether a worker owes a sign of life, though it is not taken for lost yet."""
    return worker.silent_seconds > desk.settings.cluster.worker_seconds / 2


class StandingLooker:
    """Asks for the counts each time, and for one costly part beside them when one is due.

    So the first look is as fast as the counts are, whatever the fleet, and no look is slow.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        database, settings = desk.database, desk.settings
        self._counts = Paced(lambda: machines.counts(database))
        self._waves = Paced(lambda: waves.listing(database))
        self._pools = Paced(lambda: spares.pools(database, settings))
        self._burn_up = Paced(lambda: burn_up(database, settings, desk.now()))
        self._places = Paced(lambda: places(by_place(database)))
        self._training = Paced(lambda: status(database, settings, self._today()))
        self._alarms = Paced(lambda: len(alarms(database, settings, desk.now())))
        self._late = Paced(lambda: view(database, settings, desk.now()).late)
        self._looked = False

    def _today(self) -> date:
        return self._desk.now().astimezone(self._desk.settings.programme.zone).date()

    def look(self) -> Standing:
        """Runs in a thread, one at a time."""
        seen = glance(self._desk.database)
        today = self._today()
        costly: list[tuple[Paced[Any], object]] = [
            (self._waves, seen.facts),
            (self._pools, seen.facts),
            (self._burn_up, (seen.facts, seen.forecast and seen.forecast.made_at, today)),
            (self._places, seen.facts),
            # An import of trainings is no change of a state: the history says nothing of it.
            (self._alarms, (seen.facts, today)),
            (self._late, (seen.facts, today)),
            (self._training, (today, int(monotonic() // TRAINING_SECONDS))),
        ]
        if self._counts.due(seen.facts):
            self._counts.renew(seen.facts)
        begun = monotonic()
        if self._looked:
            for part, key in costly:
                if part.due(key):
                    part.renew(key)
                    break
        self._looked = True
        return Standing(
            counts=self._counts.answer or {},
            stops=stops.in_force(self._desk.database),
            glance=seen,
            waves=self._waves.answer,
            pools=self._pools.answer,
            places=self._places.answer,
            burn_up=self._burn_up.answer,
            training=self._training.answer,
            batch_alarms=self._alarms.answer or 0,
            promises_late=self._late.answer or 0,
            workers_silent=sum(
                is_silent(self._desk, worker) for worker in crew.standing(self._desk.database)
            ),
            complete=all(part.answer is not None for part, _key in costly),
            paced=monotonic() - begun,
        )


def places(counted: Sequence[Machines]) -> list[Place]:
    """Generations in order, then sites, those with the most left first."""
    found: dict[tuple[str, str], list[Machines]] = {}
    for row in counted:
        found.setdefault(("gen", row.generation), []).append(row)
        if row.site:
            found.setdefault(("site", row.site), []).append(row)
    made = [_place(kind, name, rows) for (kind, name), rows in found.items()]
    generations = [place for place in made if place.words.startswith("gen:")]
    sites = [place for place in made if place.words.startswith("site:")]
    return [
        *sorted(generations, key=lambda place: place.name),
        *sorted(sites, key=lambda place: (place.done - place.machines, place.name)),
    ]


def _place(kind: str, name: str, rows: Sequence[Machines]) -> Place:
    # Machines that were excluded have no part in it.
    part = [row for row in rows if row.state != MachineState.EXCLUDED]
    return Place(
        name,
        f"{kind}:{name}",
        machines=sum(row.number for row in part),
        done=sum(row.number for row in part if row.state in DONE),
        needs=sum(row.number for row in part if row.state in NEEDS_A_PERSON),
    )
