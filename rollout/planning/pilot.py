"""The pilot: the machines that go first and are watched before anybody else is moved."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain, groupby

from rollout.planning.problem import MachineToPlace, Problem
from rollout.planning.room import Cell, Room

PROMPT_DAYS = 10
"""A machine that cannot go within so many working days would hold everybody up."""

Dated = tuple[int, MachineToPlace]
"""The position of a working day, and the machine."""


def place_pilot(room: Room, cells: Mapping[str, Sequence[Cell]]) -> list[Dated]:
    """Dates for the pilot; its machines are taken out of `cells`."""
    problem = room.problem
    # The pilot is one wave, so the limit of a wave holds for it too.
    size = min(problem.pilot_size, problem.machines_per_wave)
    chosen: list[tuple[int, Cell, MachineToPlace]] = []
    wanted = (
        [
            (cell, machine)
            for found in cells.values()
            for cell in found
            for machine in cell.machines
            if machine.asset_tag in problem.pilot_machines
        ]
        if problem.pilot_machines
        else []
    )
    for prompt in (1, PROMPT_DAYS, len(room.days)):
        # Later days only when the earlier ones do not hold the whole pilot.
        taken_ids = {machine.id for _, _, machine in chosen}
        full: set[int] = set()
        for cell, machine in chain(wanted, _candidates(problem, cells, full)):
            if len(chosen) == size or (chosen and prompt > PROMPT_DAYS):
                break
            if machine.id in taken_ids:
                continue
            days = room.for_cell(cell)
            days[prompt:] = 0
            taken = room.fill(cell, 1, days)
            if taken.any():
                chosen.append((int(taken.nonzero()[0][0]), cell, machine))
                taken_ids.add(machine.id)
            else:
                full.add(id(cell))
    gone = {machine.id for _, _, machine in chosen}
    for cell in {id(cell): cell for _, cell, _ in chosen}.values():
        cell.machines[:] = [machine for machine in cell.machines if machine.id not in gone]
    return [(day, machine) for day, _, machine in chosen]


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
    everyone = sorted(
        (cell for found in cells.values() for cell in found),
        key=lambda c: (c.order, c.generation, c.site, c.department, c.own is not None),
    )
    for _, generation in groupby(everyone, key=lambda cell: (cell.order, cell.generation)):
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
