"""What no plan can beat: a linear program in which machines may be divided.

It knows sites, departments, days and the soak, and forgets canaries, waves and whole numbers; so
no plan places more machines than it does, nor as many by a day.
"""

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy
from scipy.optimize import linprog
from scipy.sparse import csr_array

from rollout.planning.limits import positions
from rollout.planning.problem import Problem
from rollout.planning.room import Cell, Room

FULL, BY_PREFECTURE, COARSE = "full", "by prefecture", "coarse"


class Bound:
    """The program of a problem, in one of three sizes.

    `FULL`: all of it, as one program. `BY_PREFECTURE`: one program for each, as if every delivery
    were large enough for all. `COARSE`: also without departments' shares and the dates of single
    machines. Each forgets more, so its bound is weaker, and true.
    """

    def __init__(self, problem: Problem, kind: str) -> None:
        room = Room(problem)
        self._machines = len(problem.machines)
        self._days = len(room.days)
        parts: dict[str, Counter[tuple[Cell, int]]] = defaultdict(Counter)
        cells: dict[tuple[object, ...], Cell] = {}
        for machine in problem.machines:
            cell = room.cell(machine)
            days, department = cell.days, machine.department
            if kind == COARSE:
                days, department = room.suitable.for_department(department), ""
            days &= room.of_site(machine.site).open
            stock = ""
            if machine.refresh:
                stock = machine.generation if kind == FULL else "some"
                days &= room.of_stock(machine.generation).open
            cell = cells.setdefault((machine.site, department, stock, days), cell)
            parts["" if kind == FULL else machine.site[:3]][cell, days] += 1
        self._programs = [_Program(room, part, kind) for part in parts.values()]

    def most(self, until: int | None = None) -> float:
        """How many machines can be placed before position `until`, or at all."""
        return sum(program.most(self._days if until is None else until)
                   for program in self._programs)  # fmt: skip

    def first_day_with(self, share: float, guess: int) -> int | None:
        """The first working day, from 1, by which that share of all machines can be placed."""
        wanted = share * self._machines - 1e-6
        if self.most() < wanted:
            return None
        day = min(guess, self._days)
        while day < self._days and self.most(day) < wanted:
            day += 1
        while day > 1 and self.most(day - 1) >= wanted:
            day -= 1
        return day


class _Program:
    """Variables are (group, day); rows are what the days have room for."""

    def __init__(self, room: Room, groups: Counter[tuple[Cell, int]], kind: str) -> None:
        self._days: list[int] = []
        self._limits: list[float] = []
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._named: dict[tuple[object, int], int] = {}
        self._answers: dict[int, float] = {}
        soaked = room.problem.soak_working_days + 1
        for (cell, days), number in groups.items():
            group = self._row(number)
            limits = cell.limits[:1] if kind == COARSE else cell.limits[:2]
            if not cell.refresh:
                limits += cell.limits[2:]
            for day in positions(days):
                column = len(self._days)
                self._days.append(day)
                self._put(group, column)
                if day < soaked:
                    self._limit("pilot", 0, column, lambda _: room.problem.pilot_size)
                for limit in limits:
                    self._limit(id(limit), day, column, limit.left.__getitem__)
                if cell.refresh and kind == FULL:
                    self._successors(room, cell, day, column)
        self._matrix = csr_array(
            (numpy.ones(len(self._rows)), (self._rows, self._columns)),
            shape=(len(self._limits), len(self._days)),
        )

    def most(self, until: int) -> float:
        if until not in self._answers:
            answer = linprog(
                numpy.where(numpy.array(self._days) < until, -1.0, 0.0),
                A_ub=self._matrix,
                b_ub=numpy.array(self._limits, dtype=float),
                bounds=(0, None),
                method="highs-ipm",
            )
            assert answer.status == 0, answer.message
            self._answers[until] = float(-answer.fun)
        return self._answers[until]

    def _successors(self, room: Room, cell: Cell, day: int, column: int) -> None:
        """Before each delivery, and at the end: as many as have come until then."""
        there = room.of_stock(cell.generation).left
        for before in range(day, len(there)):
            if before + 1 == len(there) or there[before] != there[before + 1]:
                self._limit(cell.generation, before, column, there.__getitem__)

    def _limit(self, name: object, day: int, column: int, left: Callable[[int], int]) -> None:
        row = self._named.get((name, day))
        if row is None:
            row = self._named[name, day] = self._row(left(day))
        self._put(row, column)

    def _row(self, limit: float) -> int:
        self._limits.append(limit)
        return len(self._limits) - 1

    def _put(self, row: int, column: int) -> None:
        self._rows.append(row)
        self._columns.append(column)
