"""What is left of every limit, day by day, while a plan is being filled.

Days are positions in the list of working days; arrays have one number per day.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from rollout.planning.calendar import Span
from rollout.planning.problem import MachineToPlace, OwnDates, Problem, SiteRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Days = NDArray[Any]

PLENTY = 10**9


@dataclass(frozen=True, slots=True)
class Cell:
    """Machines that no rule tells apart."""

    site: str
    order: int
    generation: str
    department: str
    refresh: bool
    own: OwnDates | None
    machines: list[MachineToPlace] = field(default_factory=list)


def cells_of(machines: Iterable[MachineToPlace]) -> dict[str, list[Cell]]:
    """The cells by site, in turn: generation order, then department."""
    found: dict[tuple[Any, ...], Cell] = {}
    for machine in machines:
        key = (
            machine.site,
            machine.order,
            machine.generation,
            machine.department,
            machine.refresh,
            machine.own,
        )
        cell = found.get(key)
        if cell is None:
            cell = found[key] = Cell(*key)
        cell.machines.append(machine)
    by_site: dict[str, list[Cell]] = {}
    for cell in found.values():
        by_site.setdefault(cell.site, []).append(cell)
    for cells in by_site.values():
        # Those who can go on few days only choose before those who can go on any.
        cells.sort(key=lambda c: (c.order, c.generation, c.own is None, c.department, repr(c.own)))
    return dict(sorted(by_site.items()))


class Room:
    """The limits of a problem and what is left of them."""

    def __init__(self, problem: Problem) -> None:
        import numpy

        self.np = numpy
        self.problem = problem
        self.days = list(problem.calendar.between(problem.first, problem.last))
        size = len(self.days)
        self.total: dict[str, Days] = {}
        self.reimage: dict[str, Days] = {}
        self.department: dict[str, Days] = {}
        self.stock: dict[str, Days] = {}
        self.began: dict[tuple[str, str], list[int]] = {}
        limit = PLENTY
        if problem.blast_radius is not None:
            limit = problem.blast_radius * problem.reimages_per_day
        self.everywhere: Days = numpy.full(size, limit, dtype=numpy.int64)
        self._own: dict[OwnDates, Days] = {}
        self._weekdays = numpy.array([day.weekday() for day in self.days], dtype=numpy.int64)
        self.sizes = problem.department_sizes or _sizes(problem.machines)
        self._position = {day: position for position, day in enumerate(self.days)}
        for taken in problem.taken:
            self._take_away(taken.site, taken.department, taken.generation, taken.refresh,
                            taken.day, taken.machines)  # fmt: skip

    def position(self, day: date) -> int | None:
        """Where `day` is among the working days; None when it is none."""
        return self._position.get(day)

    def start(self, day: date) -> int:
        """The position of the first working day from `day` on."""
        return bisect_left(self.days, day)

    def of_site(self, site: str) -> tuple["Days", "Days"]:
        """What is left at a site: machines, and reimages among them."""
        if site not in self.total:
            rule = self.problem.sites.get(site, SiteRule(0))
            per_day, reimages = daily_limits(rule, self.problem)
            shape = len(self.days)
            self.total[site] = self.days_of_site(site) * per_day
            self.reimage[site] = self.np.full(shape, reimages, dtype=self.np.int64)
        return self.total[site], self.reimage[site]

    def of_department(self, name: str) -> "Days":
        """What is left of a department's share, nothing on its blackout days."""
        if name not in self.department:
            share = max(1, int(self.sizes.get(name, 0) * self.problem.department_share))
            self.department[name] = self.days_of_department(name) * share
        return self.department[name]

    def days_of_department(self, name: str) -> "Days":
        """1 on the days that suit the department, else 0."""
        rule = self.problem.departments.get(name)
        if rule is None:
            return self.np.ones(len(self.days), dtype=self.np.int64)
        mask = self._within(rule.not_before, rule.not_after)
        for span in rule.blackouts:
            self._clear(mask, span)
        return mask

    def days_of_site(self, site: str) -> "Days":
        """1 on the days on which the site is visited, else 0."""
        rule = self.problem.sites.get(site, SiteRule(0))
        mask = self.np.ones(len(self.days), dtype=self.np.int64)
        if rule.weekdays is not None:
            mask[~self.np.isin(self._weekdays, list(rule.weekdays))] = 0
        return mask

    def of_own(self, own: OwnDates) -> "Days":
        """1 on the days that suit the machine itself, else 0."""
        if own not in self._own:
            mask = self._within(own.not_before, own.not_after)
            if own.pinned is not None:
                mask *= self._within(own.pinned, own.pinned)
            for window in own.windows:
                mask *= self._within(window.first, window.last)
            for span in own.absences:
                self._clear(mask, span)
            self._own[own] = mask
        return self._own[own]

    def _within(self, first: date | None, last: date | None) -> "Days":
        mask = self.np.ones(len(self.days), dtype=self.np.int64)
        if first is not None:
            mask[: bisect_left(self.days, first)] = 0
        if last is not None:
            mask[len(self._upto(last)) :] = 0
        return mask

    def _upto(self, last: date) -> range:
        end = bisect_left(self.days, last)
        return range(end + (end < len(self.days) and self.days[end] == last))

    def _clear(self, mask: "Days", span: Span) -> None:
        mask[bisect_left(self.days, span.first) : len(self._upto(span.last))] = 0

    def for_cell(self, cell: Cell, start: int = 0, *, canary: bool = True) -> "Days":
        """How many machines of `cell` each day could take, from position `start` on.

        The days limit each other only for refreshes, whose stock is shared over time.
        """
        np = self.np
        total, reimage = self.of_site(cell.site)
        room: Days = np.minimum(total, self.of_department(cell.department))
        if not cell.refresh:
            np.minimum(room, reimage, out=room)
            np.minimum(room, self.everywhere, out=room)
        if cell.own is not None:
            room *= self.of_own(cell.own)
        np.maximum(room, 0, out=room)
        room[:start] = 0
        if not (canary and self.problem.canary):
            return room
        return self._with_canary(cell, room)

    def _with_canary(self, cell: Cell, room: "Days") -> "Days":
        canary = self.problem.canary.get(cell.generation, 0)
        if not canary:
            return room
        began = self.began.get((cell.site, cell.generation))
        if began is None:
            possible = room.nonzero()[0]
            if possible.size:
                room[possible[0]] = min(int(room[possible[0]]), canary)
            return room
        room[: max(began[0], 0)] = 0
        if began[0] >= 0:
            room[began[0]] = min(int(room[began[0]]), max(0, canary - began[1]))
        return room

    def fill(self, cell: Cell, count: int, room: "Days") -> "Days":
        """Take up to `count` places, the earliest first; how many on each day."""
        np = self.np
        taken: Days
        if cell.refresh:
            taken = self._from_stock(cell.generation, count, room)
        else:
            upto = np.minimum(np.cumsum(room), count)
            taken = np.diff(upto, prepend=0)
        self.take(cell, taken)
        return taken

    def _from_stock(self, generation: str, count: int, room: "Days") -> "Days":
        np = self.np
        ceiling = np.minimum.accumulate(self.of_stock(generation)[::-1])[::-1]
        taken: Days = np.zeros(len(self.days), dtype=np.int64)
        used = 0
        for day in room.nonzero()[0]:
            fits = min(int(room[day]), int(ceiling[day]) - used, count - used)
            if fits > 0:
                taken[day] = fits
                used += fits
        return taken

    def of_stock(self, generation: str) -> "Days":
        """Successors delivered up to each day and not yet used."""
        if generation not in self.stock:
            deliveries = self.problem.deliveries.get(generation, {})
            self.stock[generation] = self.np.array(
                [sum(n for on, n in deliveries.items() if on <= day) for day in self.days],
                dtype=self.np.int64,
            )
        left: Days = self.stock[generation]
        return left

    def take(self, cell: Cell, taken: "Days") -> None:
        """Use up `taken` places; negative numbers give them back."""
        total, reimage = self.of_site(cell.site)
        total -= taken
        self.of_department(cell.department)[:] -= taken
        if cell.refresh:
            self.of_stock(cell.generation)[:] -= self.np.cumsum(taken)
        else:
            reimage -= taken
            self.everywhere -= taken
        if self.problem.canary.get(cell.generation):
            days = taken.nonzero()[0]
            if days.size:
                self._begin(cell.site, cell.generation, int(days[0]), int(taken[days[0]]))

    def _begin(self, site: str, generation: str, day: int, machines: int) -> None:
        began = self.began.setdefault((site, generation), [day, 0])
        if day == began[0]:
            began[1] += machines
        elif day < began[0]:
            began[:] = [day, machines]

    def _take_away(
        self, site: str, department: str, generation: str, refresh: bool, day: date, count: int
    ) -> None:
        position = self.position(day)
        if position is None:
            if self.problem.canary.get(generation) and day < self.problem.first:
                self.began[site, generation] = [-1, 0]
            if refresh:
                self.of_stock(generation)[self.start(day) :] -= count
            return
        one = self.np.zeros(len(self.days), dtype=self.np.int64)
        one[position] = count
        self.take(Cell(site, 0, generation, department, refresh, None), one)

    def snapshot(self, sites: Sequence[str], departments: Iterable[str]) -> "Snapshot":
        """What is needed to undo later takings at `sites`."""
        return Snapshot(
            {site: tuple(part.copy() for part in self.of_site(site)) for site in sites},
            {name: self.of_department(name).copy() for name in departments},
            self.everywhere.copy(),
            {name: left.copy() for name, left in self.stock.items()},
            {key: list(value) for key, value in self.began.items() if key[0] in sites},
        )

    def restore(self, kept: "Snapshot") -> None:
        """Undo everything since `kept` was made."""
        for site, (total, reimage) in kept.sites.items():
            self.total[site], self.reimage[site] = total.copy(), reimage.copy()
            for key in [key for key in self.began if key[0] == site]:
                del self.began[key]
        for name, left in kept.departments.items():
            self.department[name] = left.copy()
        self.everywhere = kept.everywhere.copy()
        self.stock = {name: left.copy() for name, left in kept.stock.items()}
        self.began |= {key: list(value) for key, value in kept.began.items()}


@dataclass(frozen=True)
class Snapshot:
    """What was left at some moment."""

    sites: Mapping[str, tuple["Days", ...]]
    departments: Mapping[str, "Days"]
    everywhere: "Days"
    stock: Mapping[str, "Days"]
    began: Mapping[tuple[str, str], list[int]]


def daily_limits(rule: SiteRule, problem: Problem) -> tuple[int, int]:
    """Machines and reimages that one day of a site bears."""
    per_day = rule.machines_per_day
    if rule.at_once is not None:
        per_day = min(per_day, rule.at_once * problem.turns_per_day)
    reimages = PLENTY if rule.spares is None else rule.spares
    if rule.network_at_once is not None:
        reimages = min(reimages, rule.network_at_once * problem.reimages_per_day)
    return per_day, reimages


def _sizes(machines: Iterable[MachineToPlace]) -> dict[str, int]:
    found: dict[str, int] = {}
    for machine in machines:
        found[machine.department] = found.get(machine.department, 0) + 1
    return found
