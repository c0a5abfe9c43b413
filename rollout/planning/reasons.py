"""Why a machine has no day, and the least that would give it one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from rollout.planning.levelling import Filled, add
from rollout.planning.problem import Obstacle, Relaxation, SiteRule
from rollout.planning.room import Cell, Room

SITES_LOOKED_AT = 40
"""The relaxations of the sites that miss most; trying them costs as much as planning them."""
_MORE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 4096)
_LONGER = 120
"""Working days after the cutover that are tried."""


def why_left(room: Room, cell: Cell, start: int) -> Obstacle:
    """The narrowest limit that keeps the rest of `cell` out."""
    np = room.np
    rule = room.problem.sites.get(cell.site, SiteRule(0))
    if rule.machines_per_day == 0:
        return Obstacle.SITE_WITHOUT_CAPACITY
    suits = np.ones(len(room.days), dtype=np.int64)
    suits[:start] = 0
    if not suits.any():
        return Obstacle.NO_DAY_LEFT
    if cell.own is not None:
        suits *= room.of_own(cell.own)
        if not suits.any():
            return Obstacle.OWN_DATES if cell.own.pinned is None else Obstacle.PINNED_DAY
    suits *= room.days_of_department(cell.department)
    if not suits.any():
        return Obstacle.DEPARTMENT_DATES
    suits *= room.days_of_site(cell.site)
    if not suits.any():
        return Obstacle.SITE_NOT_VISITED
    if cell.refresh and not (room.of_stock(cell.generation)[suits.astype(bool)] > 0).any():
        return Obstacle.NO_SUCCESSOR
    total, reimage = room.of_site(cell.site)
    site = total if cell.refresh else np.minimum(total, reimage)
    for left, obstacle in (
        (site, Obstacle.NO_DAY_LEFT),
        (room.of_department(cell.department), Obstacle.DEPARTMENT_FULL),
        (room.everywhere, Obstacle.EVERYWHERE_FULL),
    ):
        suits *= left > 0
        if not suits.any():
            return obstacle
    return Obstacle.NO_SUCCESSOR if cell.refresh else Obstacle.NO_DAY_LEFT


def relaxations(
    room: Room, left: Mapping[str, Sequence[tuple[Cell, int, Obstacle]]], start: int
) -> list[Relaxation]:
    """For each site and obstacle, the least more a day or the fewest days later that would do."""
    counted: Counter[tuple[str, Obstacle]] = Counter()
    cells: dict[tuple[str, Obstacle], list[tuple[Cell, int]]] = {}
    for site, entries in left.items():
        for cell, number, obstacle in entries:
            counted[site, obstacle] += number
            cells.setdefault((site, obstacle), []).append((cell, number))
    found = []
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    for rank, ((site, obstacle), number) in enumerate(ranked):
        more = later = None
        if obstacle in _HELPED and rank < SITES_LOOKED_AT:
            more = _more_per_day(room, site, cells[site, obstacle], start)
            later = _days_later(room, site, cells[site, obstacle])
        found.append(Relaxation(site, obstacle, number, more, later))
    return found


_HELPED = frozenset(
    {Obstacle.NO_DAY_LEFT, Obstacle.DEPARTMENT_FULL, Obstacle.SITE_WITHOUT_CAPACITY}
)


def _more_per_day(
    room: Room, site: str, entries: Sequence[tuple[Cell, int]], start: int
) -> int | None:
    np = room.np
    cells = [cell for cell, _ in entries]
    kept = room.snapshot([site], {cell.department for cell in cells})
    visited = room.days_of_site(site).astype(bool)

    def enough(more: int) -> bool:
        for left in room.of_site(site):
            left[visited] += more
        trial = Filled(
            cells,
            [np.zeros(len(room.days), dtype=np.int64) for _ in cells],
            [number for _, number in entries],
        )
        for index in range(len(cells)):
            add(room, trial, index, start, None)
        room.restore(kept)
        return not trial.missing

    return next((more for more in _MORE if enough(more)), None)


def _days_later(room: Room, site: str, entries: Sequence[tuple[Cell, int]]) -> int | None:
    """Working days after the last one that take the rest, at the site's and departments' pace."""
    problem = room.problem
    first = problem.last + timedelta(days=1)
    longer = Room(
        replace(
            problem,
            machines=(),
            taken=(),
            first=first,
            last=first + timedelta(days=_LONGER * 7 // 5),
            department_sizes=room.sizes,
        )
    )
    last = -1
    for cell, number in entries:
        trial = Filled([cell], [longer.np.zeros(len(longer.days), dtype=longer.np.int64)], [number])
        add(longer, trial, 0, 0, None)
        if trial.missing:
            return None
        last = max(last, int(trial.taken[0].nonzero()[0][-1]))
    return last + 1
