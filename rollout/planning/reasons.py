"""Why a machine has no day, and the least that would give it one."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from rollout.planning.limits import positions
from rollout.planning.problem import Obstacle, Relaxation, SiteRule
from rollout.planning.room import Cell, Parcels, Room

SITES_LOOKED_AT = 40
"""The relaxations of the sites that miss most; trying them costs as much as planning them."""
_MOST = 4096
"""More machines a day than this are no help that anybody could give."""
_LONGER = 120
"""Working days after the cutover that are tried."""


class Left(NamedTuple):
    """Machines of a cell that have no day, and why."""

    cell: Cell
    machines: int
    why: Obstacle


def why_left(room: Room, cell: Cell, start: int) -> Obstacle:
    """The narrowest limit that keeps the rest of `cell` out."""
    if room.problem.sites.get(cell.site, SiteRule(0)).machines_per_day == 0:
        return Obstacle.SITE_WITHOUT_CAPACITY
    suits = room.suitable.since(start)
    own = Obstacle.OWN_DATES
    dates = room.suitable.all
    if cell.own is not None:
        dates = room.suitable.for_machine(cell.own)
        own = own if cell.own.pinned is None else Obstacle.PINNED_DAY
    for days, obstacle in (
        (room.suitable.all, Obstacle.NO_DAY_LEFT),
        (dates, own),
        (room.suitable.for_department(cell.department), Obstacle.DEPARTMENT_DATES),
        (room.suitable.for_site(cell.site), Obstacle.SITE_NOT_VISITED),
    ):
        suits &= days
        if not suits:
            return obstacle
    reimages = None if cell.refresh else room.reimages_of_site(cell.site)
    limits = (
        (room.of_stock(cell.generation) if cell.refresh else None, Obstacle.NO_SUCCESSOR),
        (room.of_site(cell.site), Obstacle.NO_DAY_LEFT),
        (reimages, Obstacle.NO_DAY_LEFT),
        (room.of_department(cell.department), Obstacle.DEPARTMENT_FULL),
        (None if cell.refresh else room.everywhere, Obstacle.EVERYWHERE_FULL),
    )
    for limit, obstacle in limits:
        if limit is not None:
            suits &= limit.open
            if not suits:
                return obstacle
    return Obstacle.NO_DAY_LEFT


def relaxations(room: Room, left: Mapping[str, Sequence[Left]], start: int) -> list[Relaxation]:
    """For each site and obstacle, the least more a day or the fewest days later that would do."""
    found: dict[tuple[str, Obstacle], list[Left]] = {}
    for site, entries in left.items():
        for entry in entries:
            found.setdefault((site, entry.why), []).append(entry)

    def most_first(key: tuple[str, Obstacle]) -> tuple[int, str, Obstacle]:
        return (-sum(entry.machines for entry in found[key]), *key)

    given = []
    for rank, (site, why) in enumerate(sorted(found, key=most_first)):
        entries = found[site, why]
        more = later = None
        if rank < SITES_LOOKED_AT:
            if why in _HELPED_BY_MORE:
                more = _more_per_day(room, site, entries, start)
            if why in _HELPED_BY_MORE or why in _HELPED_BY_DAYS:
                later = _days_later(room, entries)
        machines = sum(entry.machines for entry in entries)
        given.append(Relaxation(site, why, machines, more, later))
    return given


_HELPED_BY_MORE = frozenset({Obstacle.NO_DAY_LEFT, Obstacle.SITE_WITHOUT_CAPACITY})
_HELPED_BY_DAYS = frozenset(
    {Obstacle.DEPARTMENT_FULL, Obstacle.EVERYWHERE_FULL, Obstacle.SITE_NOT_VISITED}
)


def _more_per_day(room: Room, site: str, entries: Sequence[Left], start: int) -> int | None:
    """Searched by halves: whoever has room with some more has it with yet more, too."""
    if not _is_enough(room, site, entries, start, _MOST):
        return None
    return 1 + bisect_left(
        range(1, _MOST), True, key=lambda more: _is_enough(room, site, entries, start, more)
    )


def _is_enough(room: Room, site: str, entries: Sequence[Left], start: int, more: int) -> bool:
    limits = [room.of_site(site)]
    reimages = room.reimages_of_site(site)
    if reimages is not None:
        limits.append(reimages)
    visited = list(positions(room.suitable.for_site(site)))
    for limit in limits:
        for day in visited:
            limit.take(day, -more)
    taken: list[tuple[Cell, Parcels]] = []
    missing = 0
    for cell, machines, _ in entries:
        found = cell.fill(machines, cell.days & room.suitable.since(start))
        missing += machines - sum(found.values())
        taken.append((cell, found))
    for cell, found in taken:
        for day, machines in found.items():
            cell.take(day, -machines)
    for limit in limits:
        for day in visited:
            limit.take(day, more)
    return not missing


def _days_later(room: Room, entries: Sequence[Left]) -> int | None:
    """Working days after the last one that take the rest, at the site's and departments' pace."""
    problem = room.problem
    first = problem.last + timedelta(days=1)
    longer = Room(
        replace(
            problem,
            machines=(),
            taken=(),
            canary={},
            first=first,
            last=first + timedelta(days=_LONGER * 7 // 5),
            department_sizes=room.sizes,
        )
    )
    last = 0
    for entry in entries:
        cell = longer.cell(entry.cell.machines[0])
        found = cell.fill(entry.machines, cell.days)
        if sum(found.values()) < entry.machines:
            return None
        last = max(last, *found)
    return last + 1
