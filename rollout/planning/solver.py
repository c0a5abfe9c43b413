"""The planner: a day and a wave for every machine that can have one, a reason for every other.

Dates in force stay where they are as long as every rule still allows them; the pilot goes first;
then site by site an even load in the order of generations; sites where not everybody fits are
tried again, and improved by a linear program. The same problem always gives the same plan.
"""

from collections.abc import Callable, Sequence
from datetime import date

from rollout.planning import improvement
from rollout.planning.in_force import keep_dates
from rollout.planning.levelling import Filled, fill_by_scarcity, fill_site
from rollout.planning.numbering import into_waves
from rollout.planning.pilot import Dated, place_pilot
from rollout.planning.problem import (
    MachineToPlace,
    Move,
    Obstacle,
    Placement,
    Problem,
    Solution,
    Unplaced,
    Why,
)
from rollout.planning.reasons import relaxations, why_left
from rollout.planning.room import Cell, Room, cells_of

Progress = Callable[[int, int], None]


def solve(problem: Problem, progress: Progress = lambda done, total: None) -> Solution:
    """The plan for `problem`. `progress` is told (machines looked at, all machines)."""
    total = len(problem.machines)
    room = Room(problem)
    kept, affected = keep_dates(room)
    unplaced = [
        Unplaced(machine.id, machine.asset_tag, machine.site, machine.obstacle)
        for machine in problem.machines
        if machine.obstacle is not None
    ]
    waiting = [
        machine
        for machine in problem.machines
        if machine.obstacle is None and machine.id not in kept
    ]
    cells = cells_of(sorted(waiting, key=lambda m: (m.asset_tag, m.id)))
    pilot = place_pilot(room, cells)
    start = _start_of_others(room, pilot)
    done = total - len(waiting) + len(pilot)
    progress(done, total)
    filled: dict[str, Filled] = {}
    for number, site in enumerate(_tightest_first(room, cells)):
        filled[site] = _fill(room, cells[site], start, number)
        done += sum(len(cell.machines) for cell in cells[site])
        progress(done, total)
    made_room = improvement.move_for_others(room, filled, kept, start)
    left: dict[str, list[tuple[Cell, int, Obstacle]]] = {}
    others: list[Dated] = list(made_room)
    for site, part in filled.items():
        others += _dated(room, part)
        for cell, number in zip(part.cells, part.left, strict=True):
            if number:
                why = why_left(room, cell, start)
                left.setdefault(site, []).append((cell, number, why))
                unplaced += [
                    Unplaced(m.id, m.asset_tag, m.site, why) for m in cell.machines[-number:]
                ]
    placements, waves = into_waves(room, pilot, others)
    unplaced.sort(key=lambda entry: (entry.asset_tag, entry.machine_id))
    progress(total, total)
    affected |= {machine.id: Why.MAKES_ROOM for _, machine in made_room}
    return Solution(
        placements=placements,
        unplaced=unplaced,
        waves=waves,
        kept=[_kept(machine) for machine in kept.values() if machine.id not in affected],
        moves=_moves(problem, placements, affected),
        relaxations=relaxations(room, left, start),
    )


def _fill(room: Room, cells: Sequence[Cell], start: int, number: int) -> Filled:
    departments = {cell.department for cell in cells}
    before = room.snapshot([cells[0].site], departments)
    best = fill_site(room, cells, start, number=number)
    if not best.missing:
        return best
    for attempt in (fill_by_scarcity, improvement.by_linear_program):
        after = room.snapshot([cells[0].site], departments)
        room.restore(before)
        other = attempt(room, cells, start)
        if other.missing < best.missing:
            best = other
        else:
            room.restore(after)
        if not best.missing:
            break
    return best


def _tightest_first(room: Room, cells: dict[str, list[Cell]]) -> list[str]:
    """Sites that need most of their room choose first what all of them share."""

    def need(site: str) -> tuple[float, str]:
        machines = sum(len(cell.machines) for cell in cells[site])
        return (-machines / max(1, int(room.of_site(site)[0].sum())), site)

    return sorted(cells, key=need)


def _start_of_others(room: Room, pilot: Sequence[Dated]) -> int:
    """The position of the first day for machines outside the pilot."""
    problem = room.problem
    start = room.start(max(problem.first, problem.others_from or problem.first))
    if not pilot:
        return start
    return max(start, max(day for day, _ in pilot) + problem.soak_working_days + 1)


def _dated(room: Room, filled: Filled) -> list[Dated]:
    found: list[Dated] = []
    for cell, taken in zip(filled.cells, filled.taken, strict=True):
        days = room.np.repeat(room.np.arange(len(room.days)), taken).tolist()
        found += zip(days, cell.machines, strict=False)
    return found


def _kept(machine: MachineToPlace) -> Placement:
    assert machine.current is not None  # noqa: S101  (only dated machines are kept)
    day, wave = machine.current.day, machine.current.wave
    return Placement(machine.id, machine.asset_tag, machine.site, day, wave)


def _moves(
    problem: Problem, placements: Sequence[Placement], affected: dict[int, Why]
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
