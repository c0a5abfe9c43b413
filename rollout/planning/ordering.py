"""The order of generations at a site, put right where machines can simply change places.

Filling a site keeps the order by itself; chains of moves and full departments disturb it. Two
machines without dates of their own change places when the later generation goes first and every
limit holds afterwards. Refreshes follow their deliveries and are left alone.
"""

from collections.abc import Iterable

from rollout.planning.levelling import Filled
from rollout.planning.room import Cell, Parcels

_Entry = tuple[int, int]
"""The position of a day, and the index of a cell."""


def restore_order(sites: Iterable[Filled]) -> None:
    """Exchange machines until no two of a site could change places to come into their order."""
    waiting = list(sites)
    changed = True
    while changed:
        # A department may stand at several sites: what one of them frees, another can use.
        waiting = [part for part in waiting if _disordered(part)]
        changed = sum(_exchange(part) for part in waiting) > 0


def _free(part: Filled) -> list[int]:
    return [n for n, cell in enumerate(part.cells) if cell.free and not cell.refresh]


def _disordered(part: Filled) -> bool:
    latest = -1
    of_order = latest_of_order = -1
    for index in _free(part):  # cells are in turn
        cell, days = part.cells[index], [day for day, n in part.taken[index].items() if n]
        if not days:
            continue
        if cell.order != of_order:
            of_order, latest = cell.order, max(latest, latest_of_order)
        if min(days) < latest:
            return True
        latest_of_order = max(latest_of_order, *days)
    return False


def _exchange(part: Filled) -> bool:
    """Change places at one site; whether any machine did."""
    changed = False
    entries = [(day, index) for index in _free(part) for day, n in part.taken[index].items() if n]
    late = sorted(entries, key=lambda entry: (-entry[0], entry[1]))
    early = sorted(entries, key=lambda entry: (entry[0], -part.cells[entry[1]].order, entry[1]))
    for behind in late:
        for ahead in early:
            if ahead[0] >= behind[0] or not part.taken[behind[1]].get(behind[0]):
                break
            if _change_places(part, behind, ahead):
                changed = True
    return changed


def _change_places(part: Filled, behind: _Entry, ahead: _Entry) -> bool:
    (late, index), (early, other) = behind, ahead
    older, newer = part.cells[index], part.cells[other]
    if older.order >= newer.order or not _canaries_allow(older, newer, early):
        return False
    number = min(part.taken[index][late], part.taken[other].get(early, 0))
    if older.department != newer.department:
        number = min(number, older.limits[1].left[early], newer.limits[1].left[late])
    if number <= 0:
        return False
    older.take(late, -number)
    newer.take(early, -number)
    older.take(early, number)
    newer.take(late, number)
    _move(part.taken[index], late, early, number)
    _move(part.taken[other], early, late, number)
    return True


def _canaries_allow(older: Cell, newer: Cell, early: int) -> bool:
    if older.canary is not None and (older.canary.first is None or early <= older.canary.first):
        return False
    return newer.canary is None or newer.canary.first != early


def _move(taken: Parcels, day: int, to: int, number: int) -> None:
    taken[day] -= number
    if not taken[day]:
        del taken[day]
    taken[to] = taken.get(to, 0) + number
