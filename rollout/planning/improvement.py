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
    short = {site: part for site, part in filled.items() if part.missing}
    movable: dict[str, list[Group]] = {site: [] for site in short}
    for group in kept:
        if group.cell.site in short and group.day >= start and not group.current.announced:
            movable[group.cell.site].append(group)
    moved: list[Moved] = []
    for site, part in short.items():
        for groups in ([], movable[site]) if movable[site] else ([],):
            _Board(part, groups, room.suitable.since(start), moved).shorten()
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


@dataclass(slots=True)
class _Seen:
    """Cells that look for a place, and days on which there is nobody left to ask."""

    cells: dict[int, _Link | None] = field(default_factory=dict)
    days: dict[object, int] = field(default_factory=dict)

    def copy(self) -> "_Seen":
        return _Seen(dict(self.cells), dict(self.days))


class _Board:
    """Who is where at one site."""

    def __init__(
        self, part: Filled, groups: Sequence[Group], since: int, moved: list[Moved]
    ) -> None:
        self._part = part
        self._since = since
        self._moved = moved
        self._at: dict[int, list[_Holder]] = {}
        # What a search without success has seen, no later one needs to see again.
        self._hopeless = _Seen()
        for index, cell in enumerate(part.cells):
            for day in part.taken[index]:
                self._at.setdefault(day, []).append(_Holder(cell, day, index))
        for group in groups:
            self._at.setdefault(group.day, []).append(_Holder(group.cell, group.day, -1, group))

    def shorten(self) -> None:
        """Find a place for as many of the machines left over as possible."""
        for index, cell in enumerate(self._part.cells):
            while self._part.left[index]:
                chain = self._search(cell)
                if chain is None or not self._follow(chain, index):
                    break

    def _search(self, cell: Cell) -> tuple[list[_Link], int] | None:
        """The shortest chain from `cell`, and the free day at its end."""
        if id(cell) in self._hopeless.cells:
            return None
        seen = self._hopeless.copy()
        seen.cells[id(cell)] = None
        waiting = deque([cell])
        while waiting:
            asking = waiting.popleft()
            for holder in self._holders(asking, seen.days):
                other = holder.cell
                if id(other) in seen.cells:
                    continue
                seen.cells[id(other)] = _Link(asking, holder)
                free = next((d for d in positions(other.open_days() & self._since)
                             if other.fits(d) > 0), None)  # fmt: skip
                if free is not None:
                    return _chain(seen, other), free
                waiting.append(other)
        self._hopeless = seen
        return None

    def _holders(self, cell: Cell, asked: dict[object, int]) -> Iterator[_Holder]:
        """Machines whose leaving would give `cell` a place."""
        days = cell.days & self._since
        _, department, *others = cell.limits
        own_kind = days
        for limit in others:
            own_kind &= limit.open
        kind = cell.generation if cell.refresh else ""
        for key, blocked in (
            (None, days & department.open & own_kind),
            (kind, days & department.open & ~own_kind),
            ((cell.department, kind), days & ~department.open),
        ):
            for day in positions(blocked & ~asked.get(key, 0)):
                if cell.canary is not None and not cell.canary.allows(day):
                    continue
                asked[key] = asked.get(key, 0) | 1 << day
                for holder in self._at.get(day, ()):
                    if self._number(holder) and _gives_way(holder, cell, key):
                        yield holder

    def _number(self, holder: _Holder) -> int:
        if holder.group is not None:
            return len(holder.group.machines)
        return self._part.taken[holder.index].get(holder.day, 0)

    def _follow(self, chain: tuple[list[_Link], int], index: int) -> bool:
        """Move along `chain`; False, and nothing moved, when a limit is in the way."""
        links, free = chain
        most = min(self._part.left[index], *(self._number(link.holder) for link in links))
        for number in sorted({most, 1}, reverse=True):
            if _take(links, free, number):
                target = free
                for link in reversed(links):
                    self._change(link.holder, target, number)
                    target = link.holder.day
                self._place(index, target, number)
                self._part.left[index] -= number
                return True
        return False

    def _change(self, holder: _Holder, target: int, number: int) -> None:
        if holder.group is not None:
            for _ in range(number):
                machine = holder.group.machines.pop()
                self._moved.append(Moved(target, machine, holder.cell))
            return
        taken = self._part.taken[holder.index]
        taken[holder.day] -= number
        self._place(holder.index, target, number)

    def _place(self, index: int, day: int, number: int) -> None:
        taken = self._part.taken[index]
        if day not in taken:
            holder = _Holder(self._part.cells[index], day, index)
            self._at.setdefault(day, []).append(holder)
        taken[day] = taken.get(day, 0) + number


def _gives_way(holder: _Holder, cell: Cell, key: object) -> bool:
    other = holder.cell
    if other.canary is not None and other.canary.first == holder.day:
        return False  # the next day would be the first, and hold too many
    if key is None:
        return True
    if isinstance(key, tuple) and other.department != cell.department:
        return False
    return other.refresh == cell.refresh and (
        not cell.refresh or other.generation == cell.generation
    )


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
