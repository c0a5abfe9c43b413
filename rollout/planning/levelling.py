"""Filling one site: an even load first, then whatever room there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollout.planning.journeys import Journeys
from rollout.planning.limits import Places, positions
from rollout.planning.room import Cell, Parcels, Room

_PACES = (1.0, 1.1, 1.3, 1.6)
"""Of the even load; who has no day then takes any that has room."""
_NARROW = 4
"""Whoever can go on a quarter of the days or fewer is bound to few."""
_PHASE = 0.618
"""Small sites do not all begin on the same day."""


@dataclass
class Filled:
    """What each cell of a site has been given: its machines by day, and how many have none."""

    cells: Sequence[Cell]
    taken: list[Parcels]
    left: list[int]

    @property
    def missing(self) -> int:
        """Machines without a day."""
        return sum(self.left)

    def add(self, index: int, days: int, quota: Places | None = None) -> None:
        """The earliest of `days` for what is left of one cell, within `quota`."""
        found = self.cells[index].fill(self.left[index], days, quota)
        taken = self.taken[index]
        for day, machines in found.items():
            taken[day] = taken.get(day, 0) + machines
            self.left[index] -= machines


def nothing_yet(cells: Sequence[Cell]) -> Filled:
    """`cells` of one site, all of their machines without a day."""
    return Filled(cells, [{} for _ in cells], [len(cell.machines) for cell in cells])


def fill_site(
    room: Room, journeys: Journeys, cells: Sequence[Cell], start: int, number: int
) -> Filled:
    """Give `cells` of one site days from position `start` on; `number` is the site's."""
    filled = nothing_yet(cells)
    since = room.suitable.since(start)
    turn = _narrow_first(cells, since)
    for quota in _quotas(room, journeys, filled, since, number):
        if not filled.missing:
            break
        for index in turn:
            if filled.left[index]:
                filled.add(index, since, quota)
    for index in turn:
        if filled.left[index]:
            filled.add(index, since)
    if journeys.leads_to(cells[0].site):
        for taken in filled.taken:
            journeys.count(taken)
    return filled


def _narrow_first(cells: Sequence[Cell], since: int) -> list[int]:
    """Who can go on few days only chooses first; the others fill up the even load around them."""
    few = since.bit_count() // _NARROW
    narrow: list[int] = []
    others: list[int] = []
    for index, cell in enumerate(cells):
        bound = not cell.free and (cell.days & since).bit_count() <= few
        (narrow if bound else others).append(index)
    narrow.sort(key=lambda index: (cells[index].days & since).bit_length())
    return narrow + others


def _quotas(
    room: Room, journeys: Journeys, filled: Filled, since: int, number: int
) -> Iterator[Places]:
    """Made one after the other, each for what the one before has left over."""
    for pace in _PACES:
        if journeys.leads_to(filled.cells[0].site):
            yield _visits(room, journeys, filled, since)
        else:
            yield _even(room, journeys, filled, since, pace, number)


def _even(
    room: Room, journeys: Journeys, filled: Filled, since: int, pace: float, number: int
) -> Places:
    """What each day of the site lacks to an even share of all that it has to move.

    Where dates are in force already, newcomers so get the earliest day that is not above it.
    """
    name = filled.cells[0].site
    site, per_day = room.of_site(name), room.per_day(name)
    days = list(positions(_before_reserve(room, room.suitable.for_site(name) & since)))
    weight = sum(journeys.calm[day] for day in days)
    used = sum(per_day - site.left[day] for day in days)
    each = (filled.missing + used) * pace / weight if weight else 0.0
    quota = [0] * len(room.days)
    due, given = 1 - 1e-6 - (number * _PHASE) % 1, 0
    for day in days:
        due += journeys.calm[day] * each
        share = int(due + 1e-9) - given
        given += share
        quota[day] = share - (per_day - site.left[day])
    return Places(quota)


def _visits(room: Room, journeys: Journeys, filled: Filled, since: int) -> Places:
    """Full days: those on which somebody goes there anyway, then a run of days on which the
    fewest machines of other far sites are moved.
    """
    site = room.of_site(filled.cells[0].site)
    days = list(positions(_before_reserve(room, site.open & since)))
    most = max(site.left, default=0)
    used = [day for day in days if site.left[day] < most]
    wanted = filled.missing - sum(site.left[day] for day in used)
    free = [day for day in days if site.left[day] == most]
    chosen = (
        [*used, *_quietest(journeys, free, -(-wanted // most))] if most and wanted > 0 else used
    )
    quota = [0] * len(room.days)
    for day in chosen:
        quota[day] = site.left[day]
    return Places(quota)


def _quietest(journeys: Journeys, days: Sequence[int], length: int) -> Sequence[int]:
    """The `length` days in a row with the fewest machines of sites reached by a journey."""
    begins = range(max(1, len(days) - length + 1))
    load = [sum(journeys.load[day] for day in days[at : at + length]) for at in begins]
    at = load.index(min(load))
    return days[at : at + length]


def _before_reserve(room: Room, days: int) -> int:
    """Without the days that are kept free before the cutover, when there are others."""
    end = max(0, len(room.days) - room.problem.reserve_working_days)
    return days & ((1 << end) - 1) or days
