"""The simple planner: the earliest day that has room, site by site, the pilot first.

The same problem always gives the same plan. It fills; it does not optimise.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby

from rollout.planning.problem import (
    MachineToPlace,
    Obstacle,
    Placement,
    PlannedWave,
    Problem,
    Solution,
    Unplaced,
)

_Dated = tuple[date, MachineToPlace]


def solve(
    problem: Problem, progress: Callable[[int, int], None] = lambda done, total: None
) -> Solution:
    """A day and a wave for every machine that can have one, a reason for every other.

    `progress` is told (machines looked at, all machines).
    """
    total = len(problem.machines)
    unplaced = [
        Unplaced(machine.id, machine.asset_tag, machine.obstacle)
        for machine in problem.machines
        if machine.obstacle is not None
    ]
    able = sorted((m for m in problem.machines if m.obstacle is None), key=_turn)
    room = _Room(problem)
    # The pilot is one wave, so the limit of a wave holds for it too.
    size = min(problem.pilot_size, problem.machines_per_wave)
    open_sites = {site for site in {machine.site for machine in able} if room.left(site)}
    chosen = pilot_of([machine for machine in able if machine.site in open_sites], size)
    ids = {machine.id for machine in chosen}
    pilot = _fill(chosen, problem.first, room, unplaced)
    start = _start_of_others(problem, pilot)
    dated: list[_Dated] = []
    done = len(unplaced) + len(pilot)
    by_site = sorted((m for m in able if m.id not in ids), key=lambda m: m.site)
    for _, machines in groupby(by_site, key=lambda m: m.site):
        group = list(machines)
        dated += _fill(group, start, room, unplaced)
        done += len(group)
        progress(done, total)
    placements, waves = _into_waves(problem, pilot, dated)
    unplaced.sort(key=lambda entry: entry.asset_tag)
    progress(total, total)
    return Solution(placements, unplaced, waves)


def pilot_of(machines: Sequence[MachineToPlace], size: int) -> list[MachineToPlace]:
    """The first `size` machines by generation, taken in turn from every site and department.

    A pilot of one office would say nothing about the network and the people of the others.
    """
    chosen: list[MachineToPlace] = []
    ordered = sorted(machines, key=_turn)
    for _, generation in groupby(ordered, key=lambda m: (m.order, m.generation)):
        sites: dict[str, dict[str, deque[MachineToPlace]]] = defaultdict(lambda: defaultdict(deque))
        for machine in generation:
            sites[machine.site][machine.department].append(machine)
        turns = [_in_turn(departments.values()) for _, departments in sorted(sites.items())]
        for machine in _alternate(turns):
            if len(chosen) == size:
                return chosen
            chosen.append(machine)
    return chosen


def _turn(machine: MachineToPlace) -> tuple[int, str, str, str, int]:
    # A department goes together: its people share questions, and its files.
    return (
        machine.order,
        machine.generation,
        machine.department,
        machine.asset_tag,
        machine.id,
    )


def _in_turn(queues: Iterable[deque[MachineToPlace]]) -> Iterator[MachineToPlace]:
    return _alternate([iter(queue) for queue in queues])


def _alternate(sources: Sequence[Iterator[MachineToPlace]]) -> Iterator[MachineToPlace]:
    waiting = deque(sources)
    while waiting:
        source = waiting.popleft()
        machine = next(source, None)
        if machine is not None:
            waiting.append(source)
            yield machine


class _Room:
    """What is left of each site's capacity, day by day."""

    def __init__(self, problem: Problem) -> None:
        self._days = list(problem.calendar.between(problem.first, problem.last))
        self._capacity = problem.capacity
        self._used = dict(problem.taken)
        self._next: dict[tuple[str, date], int] = {}

    def ever(self, site: str) -> bool:
        """Whether the site moves machines at all."""
        return self._capacity.get(site, 0) > 0

    def left(self, site: str) -> bool:
        """Whether the site has room on any day."""
        limit = self._capacity.get(site, 0)
        return any(self._used.get((site, day), 0) < limit for day in self._days)

    def take(self, site: str, start: date) -> date | None:
        """The first day from `start` on with room at `site`, one machine fuller now."""
        limit = self._capacity.get(site, 0)
        position = self._next.get((site, start), 0)
        while position < len(self._days):
            day = self._days[position]
            used = self._used.get((site, day), 0)
            if day >= start and used < limit:
                self._used[site, day] = used + 1
                self._next[site, start] = position
                return day
            position += 1
        self._next[site, start] = position
        return None


def _fill(
    machines: Iterable[MachineToPlace], start: date | None, room: _Room, unplaced: list[Unplaced]
) -> list[_Dated]:
    dated: list[_Dated] = []
    for machine in machines:
        day = room.take(machine.site, start) if start else None
        if day is not None:
            dated.append((day, machine))
            continue
        why = Obstacle.NO_DAY_LEFT if room.ever(machine.site) else Obstacle.SITE_WITHOUT_CAPACITY
        unplaced.append(Unplaced(machine.id, machine.asset_tag, why))
    return dated


def _start_of_others(problem: Problem, pilot: Sequence[_Dated]) -> date | None:
    """The first day for machines outside the pilot; None when the soak reaches the end."""
    start = max(problem.first, problem.others_from or problem.first)
    if not pilot:
        return start
    last = max(day for day, _ in pilot)
    soaked = problem.calendar.following(last, problem.soak_working_days, until=problem.last)
    return None if soaked is None else max(start, soaked)


def _into_waves(
    problem: Problem, pilot: Sequence[_Dated], others: Sequence[_Dated]
) -> tuple[list[Placement], list[PlannedWave]]:
    number = problem.first_wave
    placements: list[Placement] = []
    waves: list[PlannedWave] = []
    batches = [(True, sorted(pilot, key=_by_day))] if pilot else []
    batches += [(False, batch) for batch in _batches(others, problem.machines_per_wave)]
    for is_pilot, batch in batches:
        waves.append(PlannedWave(number, is_pilot, batch[0][0], batch[-1][0], len(batch)))
        placements += [Placement(m.id, m.asset_tag, m.site, day, number) for day, m in batch]
        number += 1
    return placements, waves


def _batches(dated: Sequence[_Dated], limit: int) -> Iterator[list[_Dated]]:
    """Whole days up to `limit` machines; a day that is larger is cut."""
    batch: list[_Dated] = []
    for _, entries in groupby(sorted(dated, key=_by_day), key=lambda entry: entry[0]):
        day = list(entries)
        if batch and len(batch) + len(day) > limit:
            yield batch
            batch = []
        while len(day) > limit:
            yield day[:limit]
            day = day[limit:]
        batch += day
    if batch:
        yield batch


def _by_day(entry: _Dated) -> tuple[date, str, int, str, str, str, int]:
    day, machine = entry
    return (day, machine.site, *_turn(machine))
