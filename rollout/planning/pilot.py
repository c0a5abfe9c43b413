"""The pilot: the machines that go first and are watched before anybody else is moved."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain, groupby

from rollout.planning.numbering import Parcel
from rollout.planning.problem import MachineToPlace, Problem
from rollout.planning.room import Cell, Room

PROMPT_DAYS = 10
"""A machine that cannot go within so many working days would hold everybody up."""


def place_pilot(room: Room, cells: Mapping[str, Sequence[Cell]]) -> list[Parcel]:
    """Dates for the pilot, one machine a parcel; its machines are taken out of `cells`."""
    problem = room.problem
    # The pilot is one wave, so the limit of a wave holds for it too.
    size = min(problem.pilot_size, problem.machines_per_wave)
    chosen: list[Parcel] = []
    taken_ids: set[int] = set()
    wanted = _named(problem, cells)
    for prompt in (1, PROMPT_DAYS, len(room.days)):
        # Later days only when the earlier ones do not hold the whole pilot.
        if len(chosen) == size or (chosen and prompt > PROMPT_DAYS):
            break
        soon = room.suitable.all & ((1 << prompt) - 1)
        full: set[int] = set()
        for cell, machine in chain(wanted, _candidates(problem, cells, full)):
            if len(chosen) == size:
                break
            if machine.id in taken_ids:
                continue
            day = next(iter(cell.fill(1, soon)), None)
            if day is None:
                full.add(id(cell))
            else:
                chosen.append(Parcel(day, cell, [machine]))
                taken_ids.add(machine.id)
    for cell in {id(parcel.cell): parcel.cell for parcel in chosen}.values():
        cell.machines[:] = [machine for machine in cell.machines if machine.id not in taken_ids]
    return chosen


def _named(
    problem: Problem, cells: Mapping[str, Sequence[Cell]]
) -> list[tuple[Cell, MachineToPlace]]:
    if not problem.pilot_machines:
        return []
    return [
        (cell, machine)
        for found in cells.values()
        for cell in found
        for machine in cell.machines
        if machine.asset_tag in problem.pilot_machines
    ]


def _candidates(
    problem: Problem, cells: Mapping[str, Sequence[Cell]], full: Set[int]
) -> Iterator[tuple[Cell, MachineToPlace]]:
    for cell, machine in _in_turn(cells, full):
        names = {cell.department, cell.department.partition(" ")[0]}
        if not cell.refresh and (
            not problem.pilot_departments or names & problem.pilot_departments
        ):
            yield cell, machine


def _in_turn(
    cells: Mapping[str, Sequence[Cell]], full: Set[int]
) -> Iterator[tuple[Cell, MachineToPlace]]:
    """By generation, and of each taken in turn from every site and department.

    A pilot of one office would say nothing about the network and the people of the others.
    """
    everyone = [cell for found in cells.values() for cell in found]
    for order, name in sorted({(cell.order, cell.generation) for cell in everyone}):
        generation = [c for c in everyone if c.order == order and c.generation == name]
        sites = [
            _alternate(
                [
                    _members(list(members), full)
                    for _, members in groupby(found, key=lambda cell: cell.department)
                ]
            )
            for _, found in groupby(generation, key=lambda cell: cell.site)
        ]
        yield from _alternate(sites)


def _members(cells: Sequence[Cell], full: Set[int]) -> Iterator[tuple[Cell, MachineToPlace]]:
    for cell in cells:
        for machine in tuple(cell.machines):
            if id(cell) in full:
                break
            yield cell, machine


def _alternate(
    sources: Sequence[Iterator[tuple[Cell, MachineToPlace]]],
) -> Iterator[tuple[Cell, MachineToPlace]]:
    waiting = deque(sources)
    while waiting:
        source = waiting.popleft()
        found = next(source, None)
        if found is not None:
            waiting.append(source)
            yield found
