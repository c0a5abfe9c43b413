"""The planner beside a plain earliest-deadline greedy and a linear bound, and the forecast.

Generated organisations (`_organisations.py`) at four sizes, each in a process of its own. `tight`:
every site moves just what an even load needs, so that the order in which machines are placed
decides who is left over. `roomy`: 1.6 times that, where the load can be even and dates can stay.
`short`: 0.9 times, where nobody can place everybody and the bound says how many at least are left.
`narrow`: 1.1 times, and a blast radius that all sites have to share. The greedy keeps the same
rules with the same bookkeeping, its pilot is whoever comes first. Times are processor seconds: the
machine is shared.
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from _organisations import CALENDAR, FIRST, LAST, organisation, with_room
from _planning_bound import BY_PREFECTURE, COARSE, FULL, Bound

from rollout.planning.calendar import Span
from rollout.planning.checker import violations
from rollout.planning.forecast import Cohort, Observed, outlook
from rollout.planning.problem import (
    Current,
    DepartmentRule,
    MachineToPlace,
    OwnDates,
    Problem,
    Solution,
    Why,
)
from rollout.planning.room import Room
from rollout.planning.solver import solve

RESULTS = Path(__file__).with_name("results")
SIZES = (5_000, 20_000, 100_000, 1_000_000)
BOUNDS = {5_000: FULL, 20_000: BY_PREFECTURE}
DAYS = list(CALENDAR.between(FIRST, LAST))
CHECKED = 100_000
"""Up to here plans that were made again are checked, too; the first plan always is."""
NOTICE = timedelta(days=14)


def plain_greedy(problem: Problem) -> Counter[date]:
    """Machines by day: each, by deadline and asset tag, on the earliest day with room."""
    room = Room(problem)
    load: Counter[date] = Counter()
    pilot, soaked = problem.pilot_size, room.suitable.since(problem.soak_working_days + 1)
    for machine in sorted(problem.machines, key=lambda m: (_deadline(problem, m), m.asset_tag)):
        cell = room.cell(machine)
        found = cell.fill(1, 1) if pilot and not machine.refresh else {}
        pilot -= len(found)
        for day in found or cell.fill(1, soaked):
            load[room.days[day]] += 1
    return load


def _deadline(problem: Problem, machine: MachineToPlace) -> date:
    own = machine.own or OwnDates()
    rule = problem.departments.get(machine.department, DepartmentRule())
    days = (own.pinned, own.not_after, rule.not_after, *(window.last for window in own.windows))
    return min((day for day in days if day), default=LAST)


def reached(load: Counter[date], machines: float) -> int | None:
    """The working day, from 1, by which so many are moved; None: never."""
    done = 0
    for number, day in enumerate(DAYS, start=1):
        done += load[day]
        if done >= machines:
            return number
    return None


def by_day(solution: Solution) -> Counter[date]:
    """Machines by day."""
    return Counter(placement.day for placement in solution.placements)


def evenness(solution: Solution) -> float:
    """Peak over mean of the days on which others than the pilot are moved."""
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    load = Counter(p.day for p in solution.placements if p.wave not in pilots)
    days = list(CALENDAR.between(min(load), max(load)))
    return max(load.values()) / (sum(load.values()) / len(days))


def visits(problem: Problem, solution: Solution) -> float:
    """Days with a journey over the fewest that would do, of all far sites together."""
    days: dict[str, set[date]] = defaultdict(set)
    machines: Counter[str] = Counter()
    for placed in solution.placements:
        if problem.sites[placed.site].few_visits:
            days[placed.site].add(placed.day)
            machines[placed.site] += 1
    fewest = sum(-(-n // problem.sites[site].machines_per_day) for site, n in machines.items())
    return sum(len(found) for found in days.values()) / fewest


def in_force(problem: Problem, solution: Solution) -> Problem:
    """Four weeks later: dates of the next fortnight are announced, one machine in a hundred is
    away on its day."""
    today = FIRST + timedelta(weeks=4)
    dates = {placement.machine_id: placement for placement in solution.placements}
    machines = []
    for machine in problem.machines:
        found = dates.get(machine.id)
        if found is None or found.day >= today:
            if found is not None:
                current = Current(found.day, found.wave, announced=found.day <= today + NOTICE)
                machine = replace(machine, current=current)
                if machine.id % 100 == 0:
                    own = machine.own or OwnDates()
                    away = (*own.absences, Span(found.day, found.day + timedelta(days=6)))
                    machine = replace(machine, own=own._replace(pinned=None, absences=away))
            machines.append(machine)
    return replace(
        problem, machines=machines, first=today, pilot_size=0, canary={},
        department_sizes=Counter(m.department for m in problem.machines),
        first_wave=len(solution.waves) + 1,
        deliveries=_what_is_left(problem, dates.keys() - {m.id for m in machines}),
    )  # fmt: skip


def _what_is_left(problem: Problem, moved: set[int]) -> dict[str, dict[date, int]]:
    used = Counter(m.generation for m in problem.machines if m.id in moved and m.refresh)
    found = {}
    for generation, delivered in problem.deliveries.items():
        found[generation] = dict(delivered)
        found[generation][min(delivered)] -= used[generation]
    return found


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` returns, and the processor seconds it took."""
    began = time.process_time()
    return work(), time.process_time() - began


def replan(problem: Problem, solution: Solution) -> dict[str, Any]:
    """Planning again after the absences of `in_force`.

    `rescued`: machines without a day if no date of another may move, and with one if it may.
    """
    again = in_force(problem, solution)
    second, seconds = timed(lambda: solve(again))
    gave_way = [move for move in second.moves if move.why is Why.MAKES_ROOM]
    fixed = [m if m.current is None else replace(m, current=m.current._replace(announced=True))
             for m in again.machines]  # fmt: skip
    without = len(solve(replace(again, machines=fixed)).unplaced) if gave_way else 0
    checked = len(problem.machines) <= CHECKED
    return {
        "seconds": seconds,
        "dates": sum(machine.current is not None for machine in again.machines),
        "affected": len(second.moves) - len(gave_way),
        "unaffected_moved": len(gave_way),
        "rescued": without - len(second.unplaced) if gave_way else 0,
        "announced_moved": sum(move.announced for move in gave_way),
        "unplaced": len(second.unplaced),
        "violations": len(violations(again, second)) if checked else None,
    }


def forecast(problem: Problem, solution: Solution) -> float:
    """Seconds of 10,000 trials over the whole plan."""
    due: dict[str, Counter[date]] = defaultdict(Counter)
    for placement in solution.placements:
        due[placement.site][placement.day] += 1
    cohorts = [Cohort(site, dict(due[site]), rule.machines_per_day)
               for site, rule in problem.sites.items()]  # fmt: skip
    days = list(CALENDAR.between(FIRST, LAST + timedelta(days=180)))
    observed = Observed(950, 30, 20, by_day=[95, 99, 101, 105] * 2)
    return timed(lambda: outlook(cohorts, observed, days, LAST))[1]


def measure(count: int) -> dict[str, Any]:
    """Everything at one size."""
    problem = organisation(count, 1.0)
    sizes = {"machines": count, "sites": len(problem.sites)}
    found = sizes | _tight(problem) | {"roomy": _roomy(with_room(problem, 1.6))}
    if count in BOUNDS:
        found["short"] = _unplaced(with_room(problem, 0.9), BY_PREFECTURE)
    if BOUNDS.get(count) == FULL:
        few = replace(problem, blast_radius=count * 3 // 500, reimages_per_day=1)
        found["narrow"] = _unplaced(with_room(few, 1.1), FULL)
    return found


def _tight(problem: Problem) -> dict[str, Any]:
    count = len(problem.machines)
    solution, seconds = timed(lambda: solve(problem))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    load = by_day(solution)
    greedy, greedy_seconds = timed(lambda: plain_greedy(problem))
    kind = BOUNDS.get(count, COARSE)
    bound = Bound(problem, kind)
    p99 = reached(load, 0.99 * count)
    return {
        "seconds": seconds,
        "gigabytes": memory,
        "greedy_seconds": greedy_seconds,
        "bound": kind,
        "unplaced": {"planner": len(solution.unplaced), "greedy": count - greedy.total(),
                     "bound": count - bound.most()},
        "p99_day": {"planner": p99, "greedy": reached(greedy, 0.99 * count),
                    "bound": bound.first_day_with(0.99, (p99 or len(DAYS)) - 2)},
        "last_day": {"planner": reached(load, load.total()),
                     "greedy": reached(greedy, greedy.total())},
        "visits": visits(problem, solution),
        "violations": len(violations(problem, solution)),
        "replan": replan(problem, solution),
    }  # fmt: skip


def _roomy(problem: Problem) -> dict[str, Any]:
    count = len(problem.machines)
    solution, seconds = timed(lambda: solve(problem))
    return {
        "seconds": seconds,
        "unplaced": {"planner": len(solution.unplaced),
                     "greedy": count - plain_greedy(problem).total()},
        "peak_to_mean": evenness(solution),
        "visits": visits(problem, solution),
        "replan": replan(problem, solution),
        "forecast_seconds": forecast(problem, solution),
    }  # fmt: skip


def _unplaced(problem: Problem, kind: str) -> dict[str, Any]:
    count = len(problem.machines)
    return {
        "planner": len(solve(problem).unplaced),
        "greedy": count - plain_greedy(problem).total(),
        "bound": count - Bound(problem, kind).most(),
    }


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5,000 machines only")
    parser.add_argument("--size", type=int, help="one size, as JSON")
    chosen = parser.parse_args()
    if chosen.size:
        # Imported before anything is timed: half a second that every program pays once.
        outlook([Cohort("x", {FIRST: 1}, 1)], Observed(9, 1, 0, by_day=[3, 3, 3]), [FIRST], LAST,
                trials=10)  # fmt: skip
        print(json.dumps(measure(chosen.size)))
        return 0
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    rows = []
    for count in SIZES[:1] if chosen.quick else SIZES:
        command = [sys.executable, __file__, "--size", str(count)]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(found.stdout, parse_float=lambda text: round(float(text), 3)))
        print(json.dumps(rows[-1]), flush=True)
    result = {"bench": "planning", "aims": _aims(rows)}
    RESULTS.mkdir(exist_ok=True)
    kept = {**result, "at": datetime.now(UTC).isoformat(timespec="seconds"), "sizes": rows,
            "host": platform.platform(), "python": platform.python_version()}  # fmt: skip
    name = "planning-quick.json" if chosen.quick else "planning.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in result["aims"]) else 1


def _aims(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    small, large = rows[0], rows[-1]
    p99 = small["p99_day"]
    days = (p99["planner"] or math.inf) - (p99["bound"] or math.inf)
    share = max(_share(row["unplaced"]) for row in rows)
    peak = max(row["roomy"]["peak_to_mean"] for row in rows)
    again = [row["roomy"]["replan"] for row in rows]
    moved = sum(part["unaffected_moved"] - part["rescued"] for part in again)
    trials = max(row["roomy"]["forecast_seconds"] for row in rows)
    broken = sum(row["violations"] for row in rows)
    broken += sum(part["violations"] or 0 for row in rows
                  for part in (row["replan"], row["roomy"]["replan"]))  # fmt: skip
    return [
        {"name": name, "value": round(value, 3), "unit": unit, "aim": aim, "holds": holds}
        for name, value, unit, aim, holds in (
            ("seconds to plan the largest", large["seconds"], "s", "< 10", large["seconds"] < 10),
            ("memory", large["gigabytes"], "GB", "< 2", large["gigabytes"] < 2),
            ("unplaced beside plain greedy", share, "times", "<= 0.5", share <= 0.5),
            ("p99 day after the bound at 5k", days, "days", "<= 5", days <= 5),
            ("peak over mean with room", peak, "times", "<= 1.35", peak <= 1.35),
            (
                "unaffected dates moved where another day was free",
                moved,
                "dates",
                "= 0",
                moved <= 0,
            ),
            ("10,000 trials", trials, "s", "< 1", trials < 1),
            ("rules broken", broken, "rules", "= 0", not broken),
        )
    ]


def _share(unplaced: dict[str, float]) -> float:
    # Greedy without a rest: every machine that the planner leaves over counts in full.
    return unplaced["planner"] / max(1.0, unplaced["greedy"])


if __name__ == "__main__":
    sys.exit(main())
