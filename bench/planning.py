"""The planner beside a plain earliest-deadline greedy, and the forecast, in one run.

Generated organisations: sites of about 330 machines and some ten times larger, a third of the
machines with a window of their own, a freeze, and just the capacity that is needed (1.6 times
that where the even load is measured). Both sides keep the same rules, the pilot's soak as well;
the independent checker runs over the planner's side up to 20,000
machines. Times are processor seconds: the machine is shared.
"""

import argparse
import json
import os
import platform
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.checker import violations
from rollout.planning.forecast import Cohort, Observed, outlook
from rollout.planning.problem import (
    Current,
    MachineToPlace,
    OwnDates,
    Problem,
    SiteRule,
    Solution,
)
from rollout.planning.room import Cell, Room
from rollout.planning.solver import solve

RESULTS = Path(__file__).with_name("results")
FIRST, LAST = date(2022, 11, 1), date(2023, 4, 30)
CALENDAR = WorkCalendar(frozen=(Span(date(2023, 3, 20), date(2023, 4, 14)),))


def organisation(count: int, room: float) -> Problem:
    """`count` machines; `room` times the capacity that they need."""
    chance = random.Random(count)
    sites = max(15, count // 330)
    windows = [
        OwnDates(windows=(Span(FIRST + timedelta(days=7 * week),
                               FIRST + timedelta(days=7 * week + 27)),))
        for week in range(0, 19, 3)
    ]  # fmt: skip
    machines = []
    sizes: Counter[str] = Counter()
    for number in range(count):
        # Half of the machines stand in every tenth site, as in a head office.
        site = chance.randrange(sites)
        if chance.random() < 0.5:
            site -= site % 10
        generation = chance.randrange(17, 22)
        machines.append(
            MachineToPlace(
                number,
                f"DK{generation}-{number:07d}",
                f"site{site:05d}",
                f"bureau d{site}-{chance.randrange(7)}",
                f"DK{generation}",
                22 - generation,
                own=chance.choice(windows) if chance.random() < 0.3 else None,
            )
        )
        sizes[machines[-1].site] += 1
    days = CALENDAR.count(FIRST, LAST)
    rules = {
        site: SiteRule(max(1, int(number / days * room + 1))) for site, number in sizes.items()
    }
    return Problem(
        machines, CALENDAR, FIRST, LAST, rules,
        department_share=0.3, pilot_size=10, soak_working_days=3, reserve_working_days=5,
    )  # fmt: skip


def plain_greedy(problem: Problem) -> int:
    """How many an earliest-deadline greedy leaves over; its pilot is whoever comes first."""
    room = Room(problem)
    left = 0

    def deadline(machine: MachineToPlace) -> tuple[date, str]:
        windows = machine.own.windows if machine.own else ()
        return (windows[0].last if windows else LAST, machine.asset_tag)

    groups: dict[tuple[object, ...], Cell] = {}
    for machine in sorted(problem.machines, key=deadline):
        key = (deadline(machine)[0], machine.site, machine.department, machine.own)
        cell = groups.get(key)
        if cell is None:
            cell = groups[key] = Cell(machine.site, 0, "", machine.department, False, machine.own)
        cell.machines.append(machine)
    start = 1 + problem.soak_working_days
    pilot = problem.pilot_size
    for cell in groups.values():
        taken = room.np.zeros(len(room.days), dtype=room.np.int64)
        if pilot:
            first = room.for_cell(cell)
            first[1:] = 0
            taken += room.fill(cell, min(pilot, len(cell.machines)), first)
            pilot -= int(taken.sum())
        rest = len(cell.machines) - int(taken.sum())
        taken += room.fill(cell, rest, room.for_cell(cell, start))
        left += len(cell.machines) - int(taken.sum())
    return left


def lower_bound(problem: Problem) -> int:
    """No plan has fewer working days for 99 % of the machines: each site's pace allows no more.

    It is the linear program without windows and departments, whose answer is a sum.
    """
    sizes = Counter(machine.site for machine in problem.machines)
    wanted = 0.99 * len(problem.machines)
    day = 0
    while sum(min(n, problem.sites[s].machines_per_day * day) for s, n in sizes.items()) < wanted:
        day += 1
    return day


def p99_day(problem: Problem, solution: Solution) -> int:
    """The working day, counted from 1, by which 99 % of all machines are moved."""
    load = Counter(placement.day for placement in solution.placements)
    done, number = 0, 0
    for number, day in enumerate(CALENDAR.between(FIRST, LAST), start=1):
        done += load[day]
        if done >= 0.99 * len(problem.machines):
            return number
    return number + 1


def evenness(problem: Problem, solution: Solution) -> float:
    """Peak over mean of the days on which others than the pilot are moved."""
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    load = Counter(p.day for p in solution.placements if p.wave not in pilots)
    days = list(CALENDAR.between(min(load), max(load)))
    return max(load.values()) / (sum(load.values()) / len(days))


def replan(problem: Problem, solution: Solution) -> tuple[float, int, int]:
    """Seconds, unaffected dates that moved, and machines after 1 % fell out of their day."""
    dates = {placement.machine_id: placement for placement in solution.placements}
    machines = []
    for machine in problem.machines:
        found = dates.get(machine.id)
        if found is not None:
            missed = machine.id % 100 == 0
            current = Current(found.day, found.wave, announced=True, missed=missed)
            machine = replace(machine, current=current)
        machines.append(machine)
    again = replace(problem, machines=machines, pilot_size=0,
                    first_wave=len(solution.waves) + 1)  # fmt: skip
    began = time.process_time()
    second = solve(again)
    seconds = time.process_time() - began
    unaffected = sum(move.machine_id % 100 != 0 for move in second.moves)
    return seconds, unaffected, len(dates)


def measure(count: int) -> dict[str, float]:
    """Everything at one size."""
    tight = organisation(count, 1.0)
    began = time.process_time()
    solution = solve(tight)
    seconds = time.process_time() - began
    unplaced = len(solution.unplaced)
    broken = len(violations(tight, solution)) if count <= 20_000 else -1
    greedy = plain_greedy(tight)
    p99, bound = p99_day(tight, solution), lower_bound(tight)
    del tight, solution
    loose = organisation(count, 1.6)
    easy = solve(loose)
    even = evenness(loose, easy)
    again, unaffected, dated = replan(loose, easy)
    cohorts = [Cohort(site, {}, rule.machines_per_day) for site, rule in loose.sites.items()]
    due: dict[str, Counter[date]] = {cohort.name: Counter() for cohort in cohorts}
    for placement in easy.placements:
        due[placement.site][placement.day] += 1
    cohorts = [replace(cohort, due=dict(due[cohort.name])) for cohort in cohorts]
    days = list(CALENDAR.between(FIRST, LAST + timedelta(days=180)))
    began = time.process_time()
    outlook(cohorts, Observed(950, 30, 20, [95, 99, 101, 105] * 2), days, LAST)
    forecast = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "machines": count, "seconds": seconds, "unplaced": unplaced,
        "greedy_unplaced": greedy, "p99": p99, "bound": bound, "violations": broken,
        "peak_to_mean": even, "replan_seconds": again, "unaffected_moved": unaffected,
        "dated": dated, "forecast_seconds": forecast, "gigabytes": memory,
    }  # fmt: skip


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5,000 machines only")
    quick = parser.parse_args().quick
    sizes = (5_000,) if quick else (5_000, 20_000, 100_000, 1_000_000)
    outlook([Cohort("x", {FIRST: 1}, 1)], Observed(9, 1, 0, [3, 3, 3]), [FIRST], LAST, trials=10)
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    rows = []
    for count in sizes:
        row = measure(count)
        rows.append(row)
        print(", ".join(f"{name} {value:,.2f}".removesuffix(".00") for name, value in row.items()))
    small, large = rows[0], rows[-1]
    aims = [
        ("seconds to plan the largest", large["seconds"], "s", "< 10", large["seconds"] < 10),
        ("memory", large["gigabytes"], "GB", "< 2", large["gigabytes"] < 2),
        ("unplaced beside plain greedy", max(_share(r) for r in rows), "times", "<= 0.5",
         all(_share(r) <= 0.5 for r in rows)),
        ("p99 day after the bound at 5k", small["p99"] - small["bound"], "days", "<= 5",
         small["p99"] - small["bound"] <= 5),
        ("peak over mean with room", max(r["peak_to_mean"] for r in rows), "times", "<= 1.35",
         all(r["peak_to_mean"] <= 1.35 for r in rows)),
        ("unaffected dates moved", sum(r["unaffected_moved"] for r in rows), "dates", "= 0",
         not any(r["unaffected_moved"] for r in rows)),
        ("10,000 trials", max(r["forecast_seconds"] for r in rows), "s", "< 1",
         all(r["forecast_seconds"] < 1 for r in rows)),
        ("rules broken", sum(max(0, r["violations"]) for r in rows), "rules", "= 0",
         not any(r["violations"] > 0 for r in rows)),
    ]  # fmt: skip
    result = {
        "bench": "planning",
        "aims": [
            {"name": name, "value": round(value, 3), "unit": unit, "aim": aim, "holds": holds}
            for name, value, unit, aim, holds in aims
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    kept = {**result, "at": datetime.now(UTC).isoformat(timespec="seconds"), "sizes": rows,
            "host": platform.platform(), "python": platform.python_version()}  # fmt: skip
    name = "planning-quick.json" if quick else "planning.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if all(aim["holds"] for aim in result["aims"]) else 1  # type: ignore[index]


def _share(row: dict[str, float]) -> float:
    # Greedy without a rest: every machine that the planner leaves over counts in full.
    return row["unplaced"] / max(1.0, row["greedy_unplaced"])


if __name__ == "__main__":
    sys.exit(main())
