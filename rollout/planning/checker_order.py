"""The part of the checker that looks after the order of generations at each site.

The order is a goal, not a wall: dates of their own, full departments and machines that would have
no day otherwise come before it. What a plan must not have is a machine of a later generation
before one of an earlier, when the two could change places and every rule would still be kept.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from rollout.domain.words import msgid
from rollout.planning.problem import MachineToPlace, Problem, Solution
from rollout.planning.rules import Rule, Violation, found


class _Kind(NamedTuple):
    order: int
    day: date
    department: str
    generation: str


def out_of_turn(
    problem: Problem,
    machines: Mapping[int, MachineToPlace],
    solution: Solution,
    is_working: Callable[[date], bool],
) -> Iterator[Violation]:
    """Reimages without dates of their own that go too late, among those dated anew."""
    load, began = _found(problem, machines, solution, is_working)
    sizes = problem.department_sizes or Counter(m.department for m in problem.machines)
    share = {name: number * problem.department_share for name, number in sizes.items()}
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    sites: dict[str, dict[_Kind, str]] = defaultdict(dict)
    for placed in solution.placements:
        machine = machines.get(placed.machine_id)
        if machine is None or placed.wave in pilots or machine.refresh:
            continue
        if machine.own or machine.current or machine.department in problem.departments:
            continue
        kind = _Kind(machine.order, placed.day, machine.department, machine.generation)
        sites[machine.site][kind] = machine.asset_tag
    for site, kinds in sorted(sites.items()):
        ranked = sorted(kinds)
        for late in ranked:
            for early in ranked:
                if early.order > late.order and early.day < late.day:
                    late_waits = _waits(share, load, late.department, early)
                    early_waits = _waits(share, load, early.department, late)
                    if late.department != early.department and (late_waits or early_waits):
                        continue
                    if _canary(problem, began, site, late, early):
                        continue
                    goes = msgid("{site}: {generation} goes on {day}")
                    earlier = found(goes, site=site, generation=early.generation, day=early.day)
                    yield Violation(Rule.GENERATION_ORDER, kinds[late], late.day, earlier)
                    break


def _found(
    problem: Problem,
    machines: Mapping[int, MachineToPlace],
    solution: Solution,
    is_working: Callable[[date], bool],
) -> tuple[Counter[tuple[str, date]], dict[tuple[str, str], date]]:
    """Machines of each department by day; the first day of each generation at each site."""
    load: Counter[tuple[str, date]] = Counter()
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    for taken in problem.taken:
        load[taken.department, taken.day] += taken.machines
        day = taken.day
        while problem.first <= day <= problem.last and not is_working(day):
            day += timedelta(days=1)
        days[taken.site, taken.generation].append(day)
    for placed in (*solution.placements, *solution.kept):
        machine = machines.get(placed.machine_id)
        if machine is not None:
            load[machine.department, placed.day] += 1
            days[machine.site, machine.generation].append(placed.day)
    return load, {key: min(found) for key, found in days.items()}


def _waits(
    share: Mapping[str, float], load: Counter[tuple[str, date]], department: str, other: _Kind
) -> bool:
    """Whether the share of `department` is used up on the day of `other`."""
    number = load[department, other.day] + 1
    return number > 1 and number > share.get(department, 0)


def _canary(
    problem: Problem,
    began: Mapping[tuple[str, str], date],
    site: str,
    late: _Kind,
    early: _Kind,
) -> bool:
    """Whether the exchange would touch the first day of either generation, which has its limit."""
    if problem.canary.get(late.generation) and early.day <= began[site, late.generation]:
        return True
    return bool(problem.canary.get(early.generation) and early.day == began[site, early.generation])
