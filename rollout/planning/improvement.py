"""For sites where not everybody fits: a linear program, and moves that make room for others."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

from rollout.planning.in_force import by_site
from rollout.planning.levelling import Filled, add, fill_by_scarcity
from rollout.planning.problem import MachineToPlace
from rollout.planning.room import Cell, Room

if TYPE_CHECKING:
    from rollout.planning.pilot import Dated
    from rollout.planning.room import Days

LARGEST = 60_000
"""Variables of one site's program; beyond it the order of scarcity has to do."""
_LATENESS = 0.5
"""What a day at the end costs, where a machine without a day costs 1."""


def by_linear_program(room: Room, cells: Sequence[Cell], start: int) -> Filled:
    """Days for `cells` of one site so that as many as possible have one, early ones preferred.

    The program is solved with fractions and rounded day by day; what rounding leaves over is
    filled in where there is room.
    """
    np = room.np
    if any(room.problem.canary.get(cell.generation) for cell in cells):
        return fill_by_scarcity(room, cells, start)
    plain = [index for index, cell in enumerate(cells) if not cell.refresh]
    possible = {index: room.for_cell(cells[index], start) for index in plain}
    entries = sum(int((days > 0).sum()) for days in possible.values())
    if not 0 < entries <= LARGEST:
        return fill_by_scarcity(room, cells, start)
    wanted = _program(room, cells, possible)
    filled = Filled(
        cells,
        [np.zeros(len(room.days), dtype=np.int64) for _ in cells],
        [len(cell.machines) for cell in cells],
    )
    for index, share in wanted.items():
        rounded = np.diff(np.floor(np.cumsum(share) + 1e-6).astype(np.int64), prepend=0)
        add(room, filled, index, start, np.maximum(rounded, 0))
    for index in range(len(cells)):
        if filled.left[index]:
            add(room, filled, index, start, None)
    return filled


def _program(
    room: Room, cells: Sequence[Cell], possible: Mapping[int, "Days"]
) -> dict[int, "Days"]:
    """How many machines of each cell each day takes, in fractions."""
    # Imported here: half a second that only plans with a shortage have to pay.
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    np = room.np
    size = len(room.days)
    departments = {name: n for n, name in enumerate(sorted({c.department for c in cells}))}
    ranks = {order: rank for rank, order in enumerate(sorted({c.order for c in cells}), start=1)}
    total, reimage = room.of_site(cells[0].site)
    site = np.minimum(np.minimum(total, reimage), room.everywhere)
    limits = [np.maximum(site, 0)]
    limits += [np.maximum(room.of_department(name), 0) for name in departments]
    limits.append(np.array([len(cells[index].machines) for index in possible], dtype=np.int64))
    rows, columns, cost, upper = [], [], [], []
    column = 0
    last = size * (1 + len(departments))
    for number, (index, days) in enumerate(possible.items()):
        at = days.nonzero()[0]
        ids = np.arange(column, column + at.size)
        column += at.size
        department = size * (1 + departments[cells[index].department])
        rows += [at, department + at, np.full(at.size, last + number)]
        columns += [ids, ids, ids]
        cost.append(-1 + _LATENESS * at / size / ranks[cells[index].order])
        upper.append(np.minimum(days[at], len(cells[index].machines)))
    matrix = csr_array(
        (np.ones(3 * column), (np.concatenate(rows), np.concatenate(columns))),
        shape=(last + len(possible), column),
    )
    bounds = np.column_stack([np.zeros(column), np.concatenate(upper)])
    answer = linprog(
        np.concatenate(cost),
        A_ub=matrix,
        b_ub=np.concatenate(limits),
        bounds=bounds,
        method="highs-ds",
    )
    if answer.x is None:  # the solver gave up: what is there already stands
        return {}
    found: dict[int, Days] = {}
    column = 0
    for index, days in possible.items():
        at = days.nonzero()[0]
        share = np.zeros(size)
        share[at] = answer.x[column : column + at.size]
        column += at.size
        found[index] = share
    return found


def move_for_others(
    room: Room,
    filled: Mapping[str, Filled],
    kept: MutableMapping[int, MachineToPlace],
    start: int,
) -> list["Dated"]:
    """Move dates that nobody has been told, one for each machine that has none otherwise.

    The moved machines leave `kept`; they are returned with their new days.
    """
    moved: list[Dated] = []
    if not any(part.missing for part in filled.values()):
        return moved
    dated = by_site(kept)
    for site, part in filled.items():
        if part.missing and site in dated:
            for machine, day in _chains(room, part, dated[site], start):
                del kept[machine.id]
                moved.append((day, machine))
    return moved


def _chains(
    room: Room, part: Filled, dated: Sequence[MachineToPlace], start: int
) -> Iterator[tuple[MachineToPlace, int]]:
    movable: dict[int, dict[tuple[object, ...], list[MachineToPlace]]] = {}
    for machine in dated:
        assert machine.current is not None  # noqa: S101  (only dated machines are kept)
        day = room.position(machine.current.day)
        if day is not None and day >= start and not machine.current.announced:
            key = (machine.generation, machine.department, machine.refresh, machine.own)
            movable.setdefault(day, {}).setdefault(key, []).append(machine)
    for index, cell in enumerate(part.cells):
        while part.left[index]:
            step = next(_swaps(room, cell, movable, start), None)
            if step is None:
                break
            machine, old, new = step
            part.taken[index][old] += 1
            part.left[index] -= 1
            yield machine, new


def _swaps(
    room: Room,
    cell: Cell,
    movable: dict[int, dict[tuple[object, ...], list[MachineToPlace]]],
    start: int,
) -> Iterator[tuple[MachineToPlace, int, int]]:
    np = room.np
    for day in sorted(movable):
        one = np.zeros(len(room.days), dtype=np.int64)
        one[day] = 1
        for machines in movable[day].values():
            if not machines:
                continue
            machine = machines[-1]
            leaving = Cell(
                machine.site,
                machine.order,
                machine.generation,
                machine.department,
                machine.refresh,
                machine.own,
            )
            room.take(leaving, -one)
            if room.fill(cell, 1, room.for_cell(cell, start) * one).any():
                elsewhere = room.for_cell(leaving, start)
                elsewhere[day] = 0
                taken = room.fill(leaving, 1, elsewhere)
                if taken.any():
                    machines.pop()
                    yield machine, day, int(taken.nonzero()[0][0])
                    return
                room.take(cell, -one)
            room.take(leaving, one)
