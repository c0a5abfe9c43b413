"""The planner: a day and a wave for every machine that can have one, a reason for every other.

Dates in force stay where they are as long as every rule still allows them; the pilot goes first;
then site by site an even load in the order of generations. Where not everybody fits, machines
change places until nobody else can be fitted in. The same problem always gives the same plan.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from operator import attrgetter
from typing import Any

from rollout.planning.improvement import make_room
from rollout.planning.in_force import Group, keep_dates
from rollout.planning.journeys import Journeys
from rollout.planning.levelling import Filled, fill_site
from rollout.planning.numbering import Parcel, into_waves
from rollout.planning.ordering import restore_order
from rollout.planning.pilot import place_pilot
from rollout.planning.problem import (
    MachineToPlace,
    Move,
    Placement,
    Problem,
    Solution,
    Unplaced,
    Why,
)
from rollout.planning.reasons import Left, relaxations, why_left
from rollout.planning.room import Cell, Room, cell_key, cells_by_site

Progress = Callable[[int, int], None]
_by_tag = attrgetter("asset_tag", "id")


def solve(problem: Problem, progress: Progress = lambda done, total: None) -> Solution:
    """The plan for `problem`. `progress` is told (machines looked at, all machines)."""
    with _uncollected():
        return _solve(problem, progress)


def _solve(problem: Problem, progress: Progress) -> Solution:
    total = len(problem.machines)
    room = Room(problem)
    in_force = keep_dates(room)
    affected = in_force.affected
    cells = _waiting(room, affected)
    pilot = place_pilot(room, cells)
    start = _start_of_others(room, pilot)
    done = total - sum(len(cell.machines) for found in cells.values() for cell in found)
    progress(done, total)
    filled: dict[str, Filled] = {}
    journeys = Journeys(problem, len(room.days))
    far, near = _tightest_first(room, journeys, cells)
    for number, site in enumerate(far + near):
        if number == len(far):
            journeys.level_out(sum(len(c.machines) for name in near for c in cells[name]), start)
        filled[site] = fill_site(room, journeys, cells[site], start, number)
        done += sum(len(cell.machines) for cell in cells[site])
        progress(done, total)
    made_room = make_room(room, filled, in_force.kept, start)
    restore_order(filled.values())
    unplaced, left = _left_over(room, filled, start)
    others = [parcel for site in cells for parcel in _parcels(filled[site])]
    others += [Parcel(moved.day, moved.cell, [moved.machine]) for moved in made_room]
    placements, waves = into_waves(room, pilot, others)
    affected |= {moved.machine.id: Why.MAKES_ROOM for moved in made_room}
    progress(total, total)
    return Solution(
        placements=placements,
        unplaced=unplaced,
        waves=waves,
        kept=[_kept(group, m) for group in in_force.kept for m in group.machines],
        moves=_moves(problem, placements, affected),
        relaxations=relaxations(room, left, start),
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of small objects are made and none of them is garbage: looking for it again and
    again takes a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _waiting(room: Room, affected: Mapping[int, Why]) -> dict[str, list[Cell]]:
    """Cells of machines that can be moved and have no date, or have to give theirs up."""
    alike: dict[Any, list[MachineToPlace]] = {}
    for machine in room.problem.machines:
        if machine.obstacle is None and (machine.current is None or machine.id in affected):
            alike.setdefault(cell_key(machine), []).append(machine)
    cells = []
    for machines in alike.values():
        if len(machines) > 1:
            machines.sort(key=_by_tag)
        cell = room.cell(machines[0])
        cell.machines = machines
        cells.append(cell)
    return cells_by_site(cells)


def _tightest_first(
    room: Room, journeys: Journeys, cells: Mapping[str, Sequence[Cell]]
) -> tuple[list[str], list[str]]:
    """Sites reached by a journey, whose days are few, and then the others; of each those that need
    most of their room choose first what all of them share.
    """

    def need(site: str) -> tuple[float, str]:
        machines = sum(len(cell.machines) for cell in cells[site])
        return (-machines / max(1, sum(room.of_site(site).left)), site)

    ranked = sorted(cells, key=need)
    return (
        [site for site in ranked if journeys.leads_to(site)],
        [site for site in ranked if not journeys.leads_to(site)],
    )


def _start_of_others(room: Room, pilot: Sequence[Parcel]) -> int:
    """The position of the first day for machines outside the pilot."""
    problem = room.problem
    start = room.start(max(problem.first, problem.others_from or problem.first))
    if not pilot:
        return start
    return max(start, max(parcel.day for parcel in pilot) + problem.soak_working_days + 1)


def _parcels(part: Filled) -> Iterator[Parcel]:
    for cell, taken in zip(part.cells, part.taken, strict=True):
        begin = 0
        for day in sorted(taken):
            end = begin + taken[day]
            if end > begin:
                yield Parcel(day, cell, cell.machines[begin:end])
            begin = end


def _left_over(
    room: Room, filled: Mapping[str, Filled], start: int
) -> tuple[list[Unplaced], dict[str, list[Left]]]:
    unplaced = [
        Unplaced(machine.id, machine.asset_tag, machine.site, machine.obstacle)
        for machine in room.problem.machines
        if machine.obstacle is not None
    ]
    left: dict[str, list[Left]] = {}
    for site, part in filled.items():
        for cell, number in zip(part.cells, part.left, strict=True):
            if number:
                why = why_left(room, cell, start)
                left.setdefault(site, []).append(Left(cell, number, why))
                unplaced += [
                    Unplaced(m.id, m.asset_tag, m.site, why) for m in cell.machines[-number:]
                ]
    unplaced.sort(key=lambda entry: (entry.asset_tag, entry.machine_id))
    return unplaced, left


def _kept(group: Group, machine: MachineToPlace) -> Placement:
    day, wave = group.current.day, group.current.wave
    return Placement(machine.id, machine.asset_tag, machine.site, day, wave)


def _moves(
    problem: Problem, placements: Sequence[Placement], affected: Mapping[int, Why]
) -> list[Move]:
    if not affected:
        return []
    days: dict[int, date] = {p.machine_id: p.day for p in placements if p.machine_id in affected}
    return [
        Move(
            machine.id,
            machine.asset_tag,
            machine.current.day,
            machine.current.wave,
            days.get(machine.id),
            affected[machine.id],
            machine.current.announced,
        )
        for machine in problem.machines
        if machine.id in affected and machine.current is not None
    ]
