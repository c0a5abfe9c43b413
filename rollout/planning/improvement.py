"""Chains of moves at sites where not everybody has a day.

A machine without a day takes the place of another, which takes that of a third, until one of them
finds a free place: an augmenting path, as in the matching of machines to days. The shortest chain
is taken. Dates of the new plan are moved before dates that are in force, announced dates never.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rollout.planning.in_force import Group
from rollout.planning.levelling import Filled
from rollout.planning.limits import positions
from rollout.planning.problem import MachineToPlace
from rollout.planning.room import Cell, Room

_PATIENCE = 3_000_000
"""Machines asked beyond their own site, in all searches together: some seconds. Then chains stay at
their sites; it takes more than 20,000 machines and far too few places everywhere to get there.
"""


class Moved(NamedTuple):
    """A machine whose date in force gives way, and the position of its new day."""

    day: int
    machine: MachineToPlace
    cell: Cell


def make_room(
    room: Room, filled: Mapping[str, Filled], kept: Sequence[Group], start: int
) -> list[Moved]:
    """Days for machines that have none, by moving others; the dates in force that moved.

    Those machines are taken out of their groups in `kept`.
    """
    moved: list[Moved] = []
    if any(part.missing for part in filled.values()):
        movable: dict[str, list[Group]] = {}
        for group in kept:
            if group.day >= start and not group.current.announced:
                movable.setdefault(group.cell.site, []).append(group)
        for groups in ({}, movable) if movable else ({},):
            _Board(room, filled, groups, start, moved).shorten()
    return moved


@dataclass(eq=False, slots=True)
class _Holder:
    """Machines of one cell on one day that could go elsewhere."""

    cell: Cell
    day: int
    index: int
    group: Group | None = None


class _Link(NamedTuple):
    """`cell` takes the place of `holder`."""

    cell: Cell
    holder: _Holder


class _Asked(NamedTuple):
    """Whom to ask for a place: at a site or everywhere, of a kind, of a department, or anybody."""

    site: str | None
    kind: str | None = None
    department: str | None = None


_REIMAGES = ""
"""The kind of all reimages; a refresh is of its generation's kind, with which it shares a stock."""


@dataclass(slots=True)
class _Seen:
    """Cells that look for a place, and days on which there is nobody left to ask."""

    cells: dict[int, _Link | None] = field(default_factory=dict)
    days: dict[_Asked, int] = field(default_factory=dict)

    def add(self, other: "_Seen") -> None:
        self.cells |= other.cells
        for key, days in other.days.items():
            self.days[key] = self.days.get(key, 0) | days


class _Board:
    """Who is where."""

    def __init__(
        self,
        room: Room,
        filled: Mapping[str, Filled],
        groups: Mapping[str, Sequence[Group]],
        start: int,
        moved: list[Moved],
    ) -> None:
        self._filled = filled
        self._groups = groups
        self._everywhere = room.everywhere
        self._since = room.suitable.since(start)
        self._moved = moved
        self._sites: dict[str, dict[int, list[_Holder]]] = {}
        self._reimaged: dict[int, list[_Holder]] | None = None
        self._patience = _PATIENCE
        # What a search without success has seen, no later one needs to see again.
        self._hopeless = _Seen()

    def shorten(self) -> None:
        """Find a place for as many of the machines left over as possible."""
        for part in self._filled.values():
            for index, cell in enumerate(part.cells):
                while part.left[index]:
                    chain = self._search(cell)
                    if chain is None or not self._follow(chain, part, index):
                        break

    def _search(self, cell: Cell) -> tuple[list[_Link], int] | None:
        """The shortest chain from `cell`, and the free day at its end."""
        if id(cell) in self._hopeless.cells:
            return None
        seen = _Seen({id(cell): None})
        waiting = deque([cell])
        while waiting:
            asking = waiting.popleft()
            for holder in self._holders(asking, seen.days):
                other = holder.cell
                if id(other) in seen.cells or id(other) in self._hopeless.cells:
                    continue
                seen.cells[id(other)] = _Link(asking, holder)
                free = next((d for d in positions(other.open_days() & self._since)
                             if other.fits(d) > 0), None)  # fmt: skip
                if free is not None:
                    return _chain(seen, other), free
                waiting.append(other)
        self._hopeless.add(seen)
        return None

    def _holders(self, cell: Cell, asked: dict[_Asked, int]) -> Iterator[_Holder]:
        """Machines whose leaving would give `cell` a place."""
        for key, blocked in self._blocked(cell):
            left = blocked & ~asked.get(key, 0) & ~self._hopeless.days.get(key, 0)
            for day in positions(left):
                if cell.canary is not None and not cell.canary.allows(day):
                    continue
                asked[key] = asked.get(key, 0) | 1 << day
                there = self._all_reimages() if key.site is None else self._at(key.site)
                if key.site is None:
                    self._patience -= len(there.get(day, ()))
                for holder in there.get(day, ()):
                    if self._number(holder) and _gives_way(holder, key):
                        yield holder

    def _blocked(self, cell: Cell) -> Iterator[tuple[_Asked, int]]:
        """Sets of days on which a full limit keeps `cell` out, each with whom to ask there:
        anybody of the site; those who use the same limits; of those, the department's; anybody.
        """
        days = cell.days & self._since
        _, department, *others = cell.limits
        own_kind = days
        for limit in others:
            own_kind &= limit.open
        yield _Asked(cell.site), days & department.open & own_kind
        kind = cell.generation if cell.refresh else _REIMAGES
        yield _Asked(cell.site, kind), days & department.open & ~own_kind
        yield _Asked(cell.site, kind, cell.department), days & ~department.open
        if self._everywhere is not None and not cell.refresh and self._patience > 0:
            narrow = days & ~self._everywhere.open
            for limit in cell.limits:
                if limit is not self._everywhere:
                    narrow &= limit.open
            yield _Asked(None, _REIMAGES), narrow

    def _at(self, site: str) -> dict[int, list[_Holder]]:
        """Who is where at `site`."""
        found = self._sites.get(site)
        if found is None:
            found = self._sites[site] = {}
            part = self._filled.get(site)
            for index, cell in enumerate(part.cells if part else ()):
                for day in part.taken[index] if part else ():
                    found.setdefault(day, []).append(_Holder(cell, day, index))
            for group in self._groups.get(site, ()):
                found.setdefault(group.day, []).append(_Holder(group.cell, group.day, -1, group))
        return found

    def _all_reimages(self) -> dict[int, list[_Holder]]:
        if self._reimaged is None:
            self._reimaged = {}
            for site in sorted(self._filled.keys() | self._groups.keys()):
                for day, holders in self._at(site).items():
                    reimaged = [holder for holder in holders if not holder.cell.refresh]
                    self._reimaged.setdefault(day, []).extend(reimaged)
        return self._reimaged

    def _number(self, holder: _Holder) -> int:
        if holder.group is not None:
            return len(holder.group.machines)
        return self._filled[holder.cell.site].taken[holder.index].get(holder.day, 0)

    def _follow(self, chain: tuple[list[_Link], int], part: Filled, index: int) -> bool:
        """Move along `chain`; False, and nothing moved, when a limit is in the way."""
        links, free = chain
        most = min(part.left[index], *(self._number(link.holder) for link in links))
        for number in sorted({most, 1}, reverse=True):
            if _take(links, free, number):
                target = free
                for link in reversed(links):
                    self._change(link.holder, target, number)
                    target = link.holder.day
                self._place(part.cells[index], index, target, number)
                part.left[index] -= number
                return True
        return False

    def _change(self, holder: _Holder, target: int, number: int) -> None:
        if holder.group is not None:
            for _ in range(number):
                machine = holder.group.machines.pop()
                self._moved.append(Moved(target, machine, holder.cell))
            return
        self._filled[holder.cell.site].taken[holder.index][holder.day] -= number
        self._place(holder.cell, holder.index, target, number)

    def _place(self, cell: Cell, index: int, day: int, number: int) -> None:
        taken = self._filled[cell.site].taken[index]
        if day not in taken:
            holder = _Holder(cell, day, index)
            self._at(cell.site).setdefault(day, []).append(holder)
            if self._reimaged is not None and not cell.refresh:
                self._reimaged.setdefault(day, []).append(holder)
        taken[day] = taken.get(day, 0) + number


def _gives_way(holder: _Holder, asked: _Asked) -> bool:
    cell = holder.cell
    if cell.canary is not None and cell.canary.first == holder.day:
        return False  # the next day would be the first, and hold too many
    if asked.kind is not None and asked.kind != (cell.generation if cell.refresh else _REIMAGES):
        return False
    return asked.department is None or asked.department == cell.department


def _chain(seen: _Seen, last: Cell) -> list[_Link]:
    links = []
    link = seen.cells[id(last)]
    while link is not None:
        links.append(link)
        link = seen.cells[id(link.cell)]
    return links[::-1]


def _take(links: Sequence[_Link], free: int, number: int) -> bool:
    """Use the places along a chain, from its end to its beginning; all of them or none."""
    done: list[tuple[Cell, int, int]] = []
    target = free
    for link in reversed(links):
        cell, day = link.holder.cell, link.holder.day
        cell.take(day, -number)
        done.append((cell, day, -number))
        if not _enter(cell, target, number, done):
            return False
        target = day
    return _enter(links[0].cell, target, number, done)


def _enter(cell: Cell, day: int, number: int, done: list[tuple[Cell, int, int]]) -> bool:
    if cell.fits(day) < number:
        for other, at, machines in reversed(done):
            other.take(at, -machines)
        return False
    cell.take(day, number)
    done.append((cell, day, number))
    return True
