"""What the overview shows, and how often each part of it is asked for."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from time import monotonic
from typing import Any

from rollout.application import machines, spares, stops, waves
from rollout.application.availability import asking_the_database
from rollout.application.board.view import view
from rollout.application.burn_up import BurnUp, burn_up
from rollout.application.cluster import standing as crew
from rollout.application.glance import Glance, glance
from rollout.application.mailboxes.listing import alarms
from rollout.application.spares import SparePool
from rollout.application.tally import Machines, Tally, counted, followed
from rollout.application.training.status import TrainingStatus, status
from rollout.application.waves import WaveView
from rollout.domain.errors import RolloutError
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState
from rollout.store.tables import Stop
from tui.desk import Desk
from tui.filter_language import word_for
from tui.paced import Costly, Pace

TRAINING_SECONDS = 30
SHOWN = 200
"""Waves that are shown; a programme of a million machines has thousands."""


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
    """The counts of this moment; what costs more to ask is None until it was asked for."""

    counts: Mapping[str, int]
    stops: Sequence[Stop]
    glance: Glance | None
    waves: Sequence[WaveView] | None
    pools: Sequence[SparePool] | None
    places: Sequence[Place] | None
    burn_up: BurnUp | None
    training: TrainingStatus | None
    batch_alarms: int
    promises_late: int
    workers_silent: int


def is_silent(desk: Desk, worker: crew.WorkerView) -> bool:
    """Whether a worker owes a sign of life, though it is not taken for lost yet."""
    return worker.silent_seconds > desk.settings.cluster.worker_seconds / 2


class StandingLooker:
    """Asks for the counts each time; `deepen` asks for one costly part, in a thread of its own.

    So the first look is as fast as the counts are, whatever the fleet, and none waits for a part.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        database, settings = desk.database, desk.settings
        self._tally: Tally | None = None
        self._counted = Costly(lambda: counted(database))
        self._followed_from: Tally | None = None
        self._waves = Costly(lambda: waves.foremost(database, SHOWN))
        self._pools = Costly(lambda: spares.pools(database, settings))
        self._burn_up = Costly(
            lambda: (self._taking_part(), burn_up(database, settings, desk.now()))
        )
        self._training = Costly(lambda: status(database, settings, self._today()))
        self._alarms = Costly(lambda: len(alarms(database, settings, desk.now())))
        self._late = Costly(lambda: view(database, settings, desk.now()).late)
        # What an import or a plan has changed waits for nothing but itself.
        self._paces = (Pace(), Pace(), Pace(), Pace())
        self._seen: Glance | None = None
        self._unclear = 0
        self._plan: tuple[int, str] | None = None
        self._first: Future[dict[str, int]] | None = None
        self._due: tuple[Pace, Costly[Any], object] | None = None
        self._trouble: RolloutError | None = None

    def begin(self) -> None:
        """Count while the screen is being built: `look` takes the answer when it is there."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="first count")
        self._first = thread.submit(machines.counts, self._desk.database)
        thread.shutdown(wait=False)

    def look(self) -> Standing:
        """Runs in a thread, one at a time. Raises what `deepen` had to keep to itself."""
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        if self._first is not None:
            first, self._first = self._first, None
            return self._standing(first.result(), glance=None)
        seen = self._seen = glance(self._desk.database, self._seen)
        counts = self._counts()
        if seen.plan != self._plan:
            # Who puts a plan into force looks at once whether its days are there.
            self._plan = seen.plan
            for pace in self._paces:
                pace.hurry()
        self._due = next(
            (
                (pace, *due)
                for pace, asked in zip(self._paces, self._costly(seen), strict=True)
                if (due := pace.due(asked)) is not None
            ),
            None,
        )
        return self._standing(counts, glance=seen)

    def deepen(self) -> bool:
        """Ask for the part whose turn it is; runs beside `look` in a thread, one at a time.

        Whether somebody waits for the answer, so that it is worth a look of its own.
        """
        due, self._due = self._due, None
        if due is None:
            return False
        pace, part, key = due
        awaited = part.answer is None or pace.hurries
        try:
            with asking_the_database():
                pace.renew(part, key)
        except RolloutError as error:
            self._trouble = error
        return awaited

    @property
    def deepens(self) -> bool:
        """Whether a costly part has its turn."""
        return self._due is not None

    def _today(self) -> date:
        return self._desk.now().astimezone(self._desk.settings.programme.zone).date()

    def _costly(self, seen: Glance) -> list[list[tuple[Costly[Any], object]]]:
        """Each with what its answer depends on, together with those that share its pace."""
        today, tally = self._today(), self._tally
        if tally is not None:
            self._unclear = max(self._unclear, tally.unclear)
        rest: list[tuple[Costly[Any], object]] = [
            (self._pools, seen.facts),
            (self._alarms, (seen.facts, today)),
            (self._late, (seen.facts, today)),
        ]
        if self._desk.settings.courses:
            # An import of trainings is no change of a state: the history says nothing of it.
            rest.append((self._training, (today, int(monotonic() // TRAINING_SECONDS))))
        made = seen.forecast and seen.forecast.made_at
        return [
            [(self._counted, self._unclear)],
            [(self._waves, (tally and tally.wave_fact, self._unclear))],
            [(self._burn_up, (self._unclear, made, today))],
            rest,
        ]

    def _counts(self) -> dict[str, int]:
        whole = self._counted.answer
        if whole is None:
            return machines.counts(self._desk.database)
        if self._tally is None or whole is not self._followed_from:
            self._tally = self._followed_from = whole
        self._tally = followed(self._desk.database, self._tally)
        return self._tally.by_state

    def _progress(self) -> list[WaveView] | None:
        """The waves that are shown with their machines of this moment."""
        known, tally = self._waves.answer, self._tally
        if known is None or tally is None:
            return None
        return [WaveView(wave, tally.waves.get(wave.id or 0, {})) for wave in known]

    def _burn_up_now(self, counts: Mapping[str, int]) -> BurnUp | None:
        """Its plan and its past are asked for, what is done and to be done is followed."""
        if self._burn_up.answer is None:
            return None
        before, known = self._burn_up.answer
        done = sum(counts.get(state.value, 0) for state in DONE)
        return replace(
            known,
            actual=[*known.actual[:-1], (known.today, done)],
            total=known.total + self._taking_part() - before,
        )

    def _taking_part(self) -> int:
        """Machines that were not excluded, as far as they are followed."""
        tally = self._tally or self._counted.answer
        counts = tally.by_state if tally is not None else {}
        return sum(counts.values()) - counts.get(MachineState.EXCLUDED.value, 0)

    def _standing(self, counts: Mapping[str, int], *, glance: Glance | None) -> Standing:
        return Standing(
            counts=counts,
            stops=stops.in_force(self._desk.database) if glance else (),
            glance=glance,
            waves=self._progress(),
            pools=self._pools.answer,
            places=places(self._tally.by_place) if self._tally else None,
            burn_up=self._burn_up_now(counts),
            training=self._training.answer,
            batch_alarms=self._alarms.answer or 0,
            promises_late=self._late.answer or 0,
            workers_silent=sum(
                is_silent(self._desk, worker) for worker in crew.standing(self._desk.database)
            )
            if glance
            else 0,
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
        word_for(kind, name),
        machines=sum(row.number for row in part),
        done=sum(row.number for row in part if row.state in DONE),
        needs=sum(row.number for row in part if row.state in NEEDS_A_PERSON),
    )
