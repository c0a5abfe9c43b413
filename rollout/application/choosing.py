"""Which machines begin their next step now, in which order, and in which runs.

Nothing that could begin is kept waiting for something else: as soon as a place is free at a site,
the most urgent machine there takes it, and those that begin the same step of the same wave at the
same moment share a run. A slow machine keeps its own place and no other.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil

from sqlmodel import Session

from rollout.domain.machine import STEP_FROM, WORKING, MachineState, Step
from rollout.domain.stop import Stopped
from rollout.settings import Settings, SiteLimits
from rollout.store import commands, machines, ready, runs, sign_ins, stops
from rollout.store.ready import AtWork, Ready
from rollout.store.runs import Alive
from rollout.store.tables import Machine
from rollout.store.workers import Places

BEGIN = "begin_step"
"""The command with which an operator asks for a machine's next step now."""

PROCESSES_PER_PLACE = 3
"""A run with few machines left takes little of the computer's time, but memory like every run."""

KEEPS_THE_PC = frozenset({Step.PREFLIGHT, Step.CAPTURE, Step.REIMAGE})
"""Steps that a generation which is replaced by new PCs must never enter, and that can wait for the
owner: the PC is still as it was."""

_TAKES_A_PLACE = WORKING - {MachineState.ERASING}
"""An erasure ends when somebody has looked, which may take days."""

_Group = tuple[int, Step, int | None]
"""Wave, step and site."""

_ROUNDING = 1e-9
"""Thirds of a run that add up to a whole one are a whole one."""

_OWNER_WAITS = frozenset({Step.CONNECT, Step.RESTORE, Step.VERIFY, Step.ENABLE})
"""The disk is rewritten and the owner cannot work yet."""


@dataclass(frozen=True)
class Batch:
    """Machines of a wave that begin the same step at the same site in one run."""

    wave_id: int
    step: Step
    site_id: int | None
    machine_ids: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    """The attempt that each machine's state authorises."""


def next_step(settings: Settings, machine: Machine | Ready) -> Step | None:
    """The step that a resting machine waits for; None when its passage is complete."""
    step = STEP_FROM.get(MachineState(machine.state))
    policy = settings.generation(machine.generation)
    if step is Step.ENABLE and policy.take_home is not True:
        return None
    if step in KEEPS_THE_PC and policy.path != "reimage":
        return None
    return step


def today(settings: Settings, at: datetime) -> date:
    """The day at `at` in the programme's zone."""
    return at.astimezone(settings.programme.zone).date()


def batches(session: Session, settings: Settings, at: datetime) -> list[Batch]:
    """The runs that may begin now, within every limit; the most urgent first."""
    stopped = stops.stopped(session)
    if stopped.everything:
        return []
    alive = runs.alive(session)
    claimed = ready.at_work(session)
    crew = places_of_workers(session, settings)
    places = _run_places(settings, alive, claimed) if crew is None else crew.free
    if places <= 0:
        return []
    sites = machines.site_keys(session)
    rooms = _Rooms(session, settings, sites, claimed)
    asked = commands.targets(session, BEGIN)
    waiting = _waiting(session, settings, sites, stopped, rooms.full(), asked, at)
    if not waiting:
        return []
    ordered = sorted(waiting, key=_urgency(session, settings, asked, at))
    gathering = _gathering(settings, ordered, alive, at)
    return _fill(settings, ordered, rooms, gathering, places, crew)


def places_of_workers(session: Session, settings: Settings) -> Places | None:
    """What workers have free; None where the daemon runs Ansible itself.

    A machine whose site has no free worker waits where it is: it has begun nothing, keeps its turn
    and takes nobody's place.
    """
    return Places(session) if settings.cluster.engine == "procrastinate" else None


def startable(session: Session, settings: Settings, at: datetime) -> bool:
    """Whether a step of some machine could be claimed now, within every limit."""
    return bool(batches(session, settings, at))


def _run_places(settings: Settings, alive: Sequence[Alive], claimed: AtWork) -> int:
    """How many runs may begin. A run counts by the part of its machines still at work."""
    limit = settings.limits.runs_at_once
    load = sum(
        min(1.0, claimed.of_run[run.id] / run.size) if run.step and run.size else 1.0
        for run in alive
    )
    return min(ceil(limit - load - _ROUNDING), PROCESSES_PER_PLACE * limit - len(alive))


def _waiting(
    session: Session,
    settings: Settings,
    sites: Mapping[int, str],
    stopped: Stopped,
    full: Sequence[int],
    asked: Collection[int],
    at: datetime,
) -> list[tuple[Ready, Step]]:
    """Machines whose step may begin at this time, with the step; not those of full sites.

    Those of `asked` wait neither for their day nor for their part of the wave.
    """
    ahead = settings.windows.ahead_days if settings.windows.ahead else 0
    local = at.astimezone(settings.programme.zone)
    furthest = local.date() + timedelta(days=ahead)
    # Thousands may wait for their day with their data captured: they are not even read.
    ahead_of_day = [state for state, step in STEP_FROM.items() if step in settings.windows.ahead]
    opens: dict[int | None, bool] = {}
    steps: dict[tuple[str, str], Step | None] = {}
    found = []
    may_begin = ready.ready(
        session, STEP_FROM, day=local.date(), early=ahead_of_day, until=furthest, full=full
    )
    resting = {one.id: one for one in may_begin}
    if asked:
        resting |= {one.id: one for one in ready.asked_for(session, STEP_FROM, asked, full=full)}
    for machine in resting.values():
        kind = (machine.state, machine.generation)
        if kind not in steps:
            steps[kind] = next_step(settings, machine)
        step = steps[kind]
        site = sites.get(machine.site_id or 0)
        if step is None or stopped.reaches(machine.generation, site):
            continue
        if machine.site_id not in opens:
            opens[machine.site_id] = settings.windows.at(site).opens(local)
        early = timedelta(days=ahead if step in settings.windows.ahead else 0)
        its_turn = (
            machine.id in asked
            or machine.planned_day is None
            or machine.planned_day <= local.date() + early
        )
        if its_turn and (step in settings.windows.exempt or opens[machine.site_id]):
            found.append((machine, step))
    return _signed_in(session, settings, found)


def _signed_in(
    session: Session, settings: Settings, found: list[tuple[Ready, Step]]
) -> list[tuple[Ready, Step]]:
    """Without those whose owner has first to sign in to the new account."""
    demand = settings.accounts.reimage_needs
    if demand == "nothing":
        return found
    asked = [machine.id for machine, step in found if step in KEEPS_THE_PC]
    kept_back = sign_ins.kept_back(session, asked, demand)
    return [one for one in found if one[0].id not in kept_back]


def _urgency(
    session: Session, settings: Settings, asked: Collection[int], at: datetime
) -> Callable[[tuple[Ready, Step]], tuple[object, ...]]:
    """What was asked for first; what is due before what is ahead of its day; of it first attempts
    before retries, the earlier day, people who go first, owners whose disk is rewritten, and who
    waits longest."""
    day = today(settings, at)
    first = ready.people(session, (name for name, who in settings.people.items() if who.first))

    def key(entry: tuple[Ready, Step]) -> tuple[object, ...]:
        machine, step = entry
        due = machine.planned_day or day
        return (
            machine.id not in asked,
            due > day,
            machine.attempt > 1,
            due,
            machine.owner_id not in first,
            settings.limits.owners_first and step not in _OWNER_WAITS,
            machine.state_since,
            machine.id,
        )

    return key


class _Rooms:
    """Places that are free: at each site, on its line, and in the blast radius."""

    def __init__(
        self, session: Session, settings: Settings, sites: Mapping[int, str], claimed: AtWork
    ) -> None:
        self._settings = settings
        self._keys = sites
        self._busy = Counter(machines.working_by_site(session, _TAKES_A_PLACE))
        self._rewriting = claimed.rewriting

    def full(self) -> list[int]:
        """The sites without a free place."""
        return [
            site_id
            for site_id, busy in self._busy.items()
            if site_id is not None and busy >= self._site(site_id).at_once
        ]

    def take(self, machine: Ready, step: Step) -> bool:
        """Take a place for the machine, when there is one."""
        limits = self._site(machine.site_id)
        if self._busy[machine.site_id] >= limits.at_once:
            return False
        if step.destructive:
            line = limits.network_at_once
            if self._rewriting.total() >= self._settings.limits.blast_radius:
                return False
            if line is not None and self._rewriting[machine.site_id] >= line:
                return False
            self._rewriting[machine.site_id] += 1
        self._busy[machine.site_id] += 1
        return True

    def _site(self, site_id: int | None) -> SiteLimits:
        return self._settings.site(self._keys.get(site_id or 0, ""))


def _gathering(
    settings: Settings, waiting: Iterable[tuple[Ready, Step]], alive: Sequence[Alive], at: datetime
) -> frozenset[_Group]:
    """Groups that still wait for company.

    Machines finish a step one by one; a run for each would pay Ansible's start every time. Who
    waits keeps the place that it will take.
    """
    oldest: dict[_Group, datetime] = {}
    for machine, step in waiting:
        group = (machine.wave_id, step, machine.site_id)
        oldest[group] = min(oldest.get(group, machine.state_since), machine.state_since)
    enough = timedelta(seconds=settings.limits.gather_seconds)
    return frozenset(
        (wave, step, site)
        for (wave, step, site), since in oldest.items()
        if at - since < enough
        and any((run.wave_id, run.site_id) == (wave, site) and run.step != step for run in alive)
    )


def _fill(
    settings: Settings,
    ordered: Iterable[tuple[Ready, Step]],
    rooms: _Rooms,
    gathering: frozenset[_Group],
    places: int,
    crew: Places | None,
) -> list[Batch]:
    """Give places to machines in their order."""
    size = min(settings.limits.machines_per_run, settings.ansible.forks)
    made: list[Batch] = []
    open_ones: dict[_Group, Batch] = {}
    for machine, step in ordered:
        group = (machine.wave_id, step, machine.site_id)
        batch = open_ones.get(group)
        full = batch is None or len(batch.machine_ids) >= size
        if full and len(made) >= places and group not in gathering:
            continue
        if crew is not None and full and not crew.serves(machine.site_id):
            continue
        if not rooms.take(machine, step) or group in gathering:
            continue
        if batch is None or full:
            if crew is not None:
                crew.take(machine.site_id)
            batch = open_ones[group] = Batch(*group)
            made.append(batch)
        batch.machine_ids.append(machine.id)
        batch.attempts.append(machine.attempt)
    return made
