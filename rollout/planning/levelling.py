"""Filling one site: an even load first, then whatever room there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.planning.problem import SiteRule
from rollout.planning.room import Cell, Room

if TYPE_CHECKING:
    from rollout.planning.room import Days

_PACES: tuple[float | None, ...] = (1.0, 1.1, 1.3, 1.6, None)
"""Of the even load; None fills the days up."""
_PHASE = 0.618
"""Small sites do not all begin on the same day."""


@dataclass
class Filled:
    """How many machines of each cell each day takes, and how many have none."""

    cells: Sequence[Cell]
    taken: list["Days"]
    left: list[int]

    @property
    def missing(self) -> int:
        """Machines without a day."""
        return sum(self.left)


def fill_site(room: Room, cells: Sequence[Cell], start: int, *, number: int = 0) -> Filled:
    """Give `cells` of one site days from position `start` on; `number` is the site's."""
    np = room.np
    filled = Filled(
        cells,
        [np.zeros(len(room.days), dtype=np.int64) for _ in cells],
        [len(cell.machines) for cell in cells],
    )
    rule = room.problem.sites.get(cells[0].site, SiteRule(0)) if cells else SiteRule(0)
    # Where each day is a journey, few full days are better than many half empty ones.
    paces = (None,) if rule.few_visits or rule.weekdays is not None else _PACES
    turn = _narrow_first(room, cells, start)
    for pace in paces:
        if not filled.missing:
            break
        quota = None if pace is None else _quota(room, cells[0].site, filled, start, pace, number)
        for index in turn:
            if filled.left[index]:
                add(room, filled, index, start, quota)
    return filled


def _narrow_first(room: Room, cells: Sequence[Cell], start: int) -> list[int]:
    """Who can go on few days only chooses first; the others fill up the even load around them."""
    many = (len(room.days) - start) // 2

    def is_free(cell: Cell) -> bool:
        return cell.own is None or int(room.of_own(cell.own)[start:].sum()) > many

    return sorted(range(len(cells)), key=lambda index: is_free(cells[index]))


def add(room: Room, filled: Filled, index: int, start: int, quota: "Days | None") -> None:
    """The earliest days for what is left of one cell, within `quota`."""
    cell = filled.cells[index]
    days = room.for_cell(cell, start)
    if quota is not None:
        room.np.minimum(days, quota, out=days)
    taken = room.fill(cell, filled.left[index], days)
    if quota is not None:
        quota -= taken
    filled.taken[index] += taken
    filled.left[index] -= int(taken.sum())


def fill_by_scarcity(room: Room, cells: Sequence[Cell], start: int) -> Filled:
    """Give days first to those who have the fewest: for sites where not everybody fits."""
    np = room.np
    filled = Filled(
        cells,
        [np.zeros(len(room.days), dtype=np.int64) for _ in cells],
        [len(cell.machines) for cell in cells],
    )
    possible = [room.for_cell(cell, start) for cell in cells]
    turn = sorted(
        range(len(cells)),
        key=lambda i: (
            int(possible[i].nonzero()[0][-1]) if possible[i].any() else -1,
            int(possible[i].sum()) - len(cells[i].machines),
            i,
        ),
    )
    for index in turn:
        add(room, filled, index, start, None)
    return filled


def _quota(room: Room, site: str, filled: Filled, start: int, pace: float, number: int) -> "Days":
    """An even share of what is left for each working day of the site."""
    np = room.np
    weight: Days = np.maximum(room.of_site(site)[0], 0)
    weight[:start] = 0
    end = len(room.days) - room.problem.reserve_working_days
    if weight[:end].any():
        weight[end:] = 0
    total = int(weight.sum())
    if not total:
        return weight
    even = np.cumsum(weight) * (filled.missing * pace / total) + (1 - 1e-6 - (number * _PHASE) % 1)
    quota: Days = np.diff(np.floor(even + 1e-9).astype(np.int64), prepend=0)
    return quota
