"""Cells, and what is left for them of every limit while a plan is being filled."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from rollout.planning.limits import Canary, Places, Stock, positions
from rollout.planning.problem import MachineToPlace, OwnDates, Problem, SiteRule
from rollout.planning.suitable import SuitableDays

Parcels = dict[int, int]
"""Machines by the position of their day."""


@dataclass(eq=False, slots=True)
class Cell:
    """Machines that no rule tells apart: the unit in which a plan is made.

    `days` suit every one of them; `limits` are those whose places they use. `free`: neither the
    machine nor its department has dates of its own. `turn` sorts the cells of a site: generations
    in their order, a department in one go, machines with dates of their own after the others.
    """

    site: str
    order: int
    generation: str
    department: str
    refresh: bool
    own: OwnDates | None
    days: int
    free: bool
    limits: tuple[Places, ...]
    canary: Canary | None
    turn: tuple[Any, ...]
    machines: list[MachineToPlace] = field(default_factory=list)

    def open_days(self) -> int:
        """The days that suit and have a place left."""
        days = self.days
        for limit in self.limits:
            days &= limit.open
        return days

    def fits(self, day: int) -> int:
        """How many more may go on `day`, if the day suits at all."""
        places = min([limit.left[day] for limit in self.limits])
        if self.canary is not None:
            places = min(places, self.canary.allows(day))
        return places

    def take(self, day: int, machines: int) -> None:
        """Use up places of `day`; a negative number gives them back."""
        for limit in self.limits:
            limit.take(day, machines)
        if self.canary is not None:
            self.canary.take(day, machines)

    def fill(self, machines: int, days: int, quota: Places | None = None) -> Parcels:
        """Take up to `machines` places on `days`, the earliest first; how many on each.

        Days that do not suit the cell are left out; `machines` is at least 1.
        """
        days &= self.open_days()
        if quota is not None:
            days &= quota.open
        taken: Parcels = {}
        for day in positions(days):
            number = min(machines, self.fits(day))
            if quota is not None:
                number = min(number, quota.left[day])
            if number <= 0:
                continue
            if quota is not None:
                quota.take(day, number)
            self.take(day, number)
            taken[day] = number
            machines -= number
            if not machines:
                break
        return taken


cell_key = attrgetter("site", "order", "generation", "department", "refresh", "own")
"""What tells the cell of a machine from others."""


class Room:
    """The limits of a problem, what is left of them, and the cells that share them.

    Places that `problem.taken` uses are gone from the beginning.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.days = list(problem.calendar.between(problem.first, problem.last))
        self.suitable = SuitableDays(problem, self.days)
        self.sizes = problem.department_sizes or _sizes(problem.machines)
        self._position = {day: position for position, day in enumerate(self.days)}
        self._cells: dict[tuple[Any, ...], Cell] = {}
        self._words: dict[OwnDates | None, str] = {None: ""}
        self._sites: dict[str, Places] = {}
        self._reimages: dict[str, Places | None] = {}
        self._departments: dict[str, Places] = {}
        self._stocks: dict[str, Stock] = {}
        self._canaries: dict[tuple[str, str], Canary | None] = {}
        self.everywhere: Places | None = None
        if problem.blast_radius is not None:
            most = problem.blast_radius * problem.reimages_per_day
            self.everywhere = Places([most] * len(self.days))
        self._take_what_is_taken()

    def cell(self, machine: MachineToPlace) -> Cell:
        """The cell of `machine`; the machine is not put into it."""
        key = cell_key(machine)
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = self._new_cell(*key)
        return found

    def position(self, day: date) -> int | None:
        """Where `day` is among the working days; None when it is none."""
        return self._position.get(day)

    def start(self, day: date) -> int:
        """The position of the first working day from `day` on."""
        return bisect_left(self.days, day)

    def per_day(self, site: str) -> int:
        """Machines that a day with a visit takes at a site when nobody has a date yet."""
        return daily_limits(self._rule(site), self.problem)[0]

    def of_site(self, site: str) -> Places:
        """Machines that each day of a site can still take; none on days without a visit."""
        found = self._sites.get(site)
        if found is None:
            places = self._places(self.suitable.for_site(site), self.per_day(site))
            found = self._sites[site] = places
        return found

    def of_department(self, name: str) -> Places:
        """What is left of a department's share on each day."""
        found = self._departments.get(name)
        if found is None:
            share = max(1, int(self.sizes.get(name, 0) * self.problem.department_share))
            found = self._departments[name] = self._places(self.suitable.all, share)
        return found

    def of_stock(self, generation: str) -> Stock:
        """Successors of `generation` that are there on each day and promised to nobody."""
        found = self._stocks.get(generation)
        if found is None:
            deliveries = sorted(self.problem.deliveries.get(generation, {}).items())
            there, waiting = [], 0
            for day in self.days:
                while deliveries and deliveries[0][0] <= day:
                    waiting += deliveries.pop(0)[1]
                there.append(waiting)
            found = self._stocks[generation] = Stock(there)
        return found

    def reimages_of_site(self, site: str) -> Places | None:
        """Reimages that each day of a site can still take; None without such a limit."""
        if site not in self._reimages:
            most = daily_limits(self._rule(site), self.problem)[1]
            self._reimages[site] = None if most is None else self._places(self.suitable.all, most)
        return self._reimages[site]

    def _new_cell(
        self,
        site: str,
        order: int,
        generation: str,
        department: str,
        refresh: bool,
        own: OwnDates | None,
    ) -> Cell:
        suitable = self.suitable
        days = suitable.for_site(site) & suitable.for_department(department)
        days &= suitable.for_machine(own)
        words = self._words.get(own)
        if words is None:
            words = self._words[own] = repr(own)
        free = own is None and department not in self.problem.departments
        limits = self._limits(site, department, generation, refresh)
        canary = self._canary(site, generation)
        turn = (order, department, generation, refresh, own is not None, words)
        return Cell(
            site, order, generation, department, refresh, own, days, free, limits, canary, turn
        )

    def _limits(
        self, site: str, department: str, generation: str, refresh: bool
    ) -> tuple[Places, ...]:
        found: list[Places | None] = [self.of_site(site), self.of_department(department)]
        if refresh:
            found.append(self.of_stock(generation))
        else:
            found += [self.reimages_of_site(site), self.everywhere]
        return tuple(limit for limit in found if limit is not None)

    def _canary(self, site: str, generation: str) -> Canary | None:
        most = self.problem.canary.get(generation, 0)
        if not most:
            return None
        return self._canaries.setdefault((site, generation), Canary(most))

    def _rule(self, site: str) -> SiteRule:
        return self.problem.sites.get(site, SiteRule(0))

    def _places(self, days: int, each: int) -> Places:
        return Places([each if days >> n & 1 else 0 for n in range(len(self.days))])

    def _take_what_is_taken(self) -> None:
        for site, department, generation, refresh, day, machines in self.problem.taken:
            position = self.start(day)
            if day < self.problem.first:
                # Its canary has sung: the generation began there before this plan does.
                self._canaries[site, generation] = None
            elif position < len(self.days):
                canary = self._canary(site, generation)
                if canary is not None:
                    canary.take(position, machines)
            if self.position(day) is not None:
                for limit in self._limits(site, department, generation, refresh):
                    limit.take(position, machines)
            elif refresh and position < len(self.days):
                self.of_stock(generation).take(position, machines)


def daily_limits(rule: SiteRule, problem: Problem) -> tuple[int, int | None]:
    """Machines and reimages that one day of a site bears; None: reimages have no limit there."""
    per_day = rule.machines_per_day
    if rule.at_once is not None:
        per_day = min(per_day, rule.at_once * problem.turns_per_day)
    limits = [] if rule.spares is None else [rule.spares]
    if rule.network_at_once is not None:
        limits.append(rule.network_at_once * problem.reimages_per_day)
    return per_day, min(limits, default=None)


def cells_by_site(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """`cells` in turn, each site for itself."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.site, []).append(cell)
    for of_site in found.values():
        of_site.sort(key=lambda cell: cell.turn)
    return dict(sorted(found.items()))


def _sizes(machines: Iterable[MachineToPlace]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for machine in machines:
        found[machine.department] = found.get(machine.department, 0) + 1
    return found
