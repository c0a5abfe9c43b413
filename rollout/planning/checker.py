"""Does a plan keep every rule? Written apart from the solver and sharing none of its code, so
that a slip there is seen here. It reads the rules as they were configured, machine by machine.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache

from rollout.domain.words import msgid
from rollout.planning.checker_order import out_of_turn
from rollout.planning.problem import MachineToPlace, Placement, Problem, Solution
from rollout.planning.rules import Found, Rule, Violation, found

__all__ = ["Rule", "Violation", "violations"]


def violations(problem: Problem, solution: Solution) -> list[Violation]:
    """Every rule that the new and the kept dates of `solution` break, in the order of days."""
    machines = {machine.id: machine for machine in problem.machines}
    dated = [*solution.placements, *solution.kept]
    broken = [
        *_counted(machines.values(), solution),
        *(v for placement in dated for v in _alone(problem, machines, placement)),
        *_loads(problem, machines, dated),
        *_stock(problem, machines, dated),
        *_canary(problem, machines, solution),
        *out_of_turn(problem, machines, solution, lambda day: _is_working(problem, day)),
        *_waves(problem, solution),
        *_pilot(problem, machines, solution),
        *_announced(solution),
    ]
    return sorted(broken, key=lambda v: (v.day or date.min, v.asset_tag, v.rule))


def _counted(machines: Iterable[MachineToPlace], solution: Solution) -> Iterator[Violation]:
    seen = Counter(p.machine_id for p in solution.placements)
    seen.update(p.machine_id for p in solution.kept)
    seen.update(u.machine_id for u in solution.unplaced)
    tags = {machine.id: machine.asset_tag for machine in machines}
    for machine_id, tag in tags.items():
        if seen[machine_id] != 1:
            yield Violation(
                Rule.COUNTED, tag, None, found(msgid("{times} times"), times=seen[machine_id])
            )
    for machine_id in seen.keys() - tags.keys():
        yield Violation(Rule.COUNTED, str(machine_id), None, found(msgid("nobody knows it")))


def _alone(
    problem: Problem, machines: dict[int, MachineToPlace], placed: Placement
) -> Iterator[Violation]:
    """Rules that need no other machine."""
    machine = machines.get(placed.machine_id)
    if machine is None:
        return
    day, tag = placed.day, machine.asset_tag
    if machine.obstacle is not None:
        yield Violation(Rule.IMPOSSIBLE, tag, day, found("{obstacle}", obstacle=machine.obstacle))
    if placed.site != machine.site:
        yield Violation(
            Rule.SITE,
            tag,
            day,
            found(
                msgid("planned at {planned}, stands at {stands}"),
                planned=placed.site,
                stands=machine.site,
            ),
        )
    if not problem.first <= day <= problem.last:
        yield Violation(Rule.PERIOD, tag, day, _span(problem.first, problem.last))
    if day.isoweekday() > 5:
        yield Violation(Rule.WEEKEND, tag, day, Found())
    if _is_holiday(day):
        yield Violation(Rule.HOLIDAY, tag, day, Found())
    for rule, spans in ((Rule.CLOSED, problem.calendar.closed),
                        (Rule.FROZEN, problem.calendar.frozen)):  # fmt: skip
        for span in spans:
            if span.first <= day <= span.last:
                yield Violation(rule, tag, day, _span(span.first, span.last))
    site = problem.sites.get(machine.site)
    if site is not None and site.weekdays is not None and day.weekday() not in site.weekdays:
        yield Violation(Rule.SITE_WEEKDAY, tag, day, found("{site}", site=machine.site))
    yield from _own(machine, day)
    dates = problem.departments.get(machine.department)
    if dates is not None:
        if dates.not_before is not None and day < dates.not_before:
            yield Violation(Rule.DEPARTMENT_DATES, tag, day, _not_before(dates.not_before))
        if dates.not_after is not None and day > dates.not_after:
            yield Violation(Rule.DEPARTMENT_DATES, tag, day, _not_after(dates.not_after))
        for span in dates.blackouts:
            if span.first <= day <= span.last:
                yield Violation(Rule.DEPARTMENT_DATES, tag, day, _span(span.first, span.last))


def _span(first: date, last: date) -> Found:
    return found(msgid("{first} to {last}"), first=first, last=last)


def _not_before(day: date) -> Found:
    return found(msgid("not before {day}"), day=day)


def _not_after(day: date) -> Found:
    return found(msgid("not after {day}"), day=day)


def _at(number: int, site: str) -> Found:
    return found(msgid("{number} at {site}"), site=site, number=number)


def _own(machine: MachineToPlace, day: date) -> Iterator[Violation]:
    own, tag = machine.own, machine.asset_tag
    if own is None:
        return
    if own.pinned is not None and day != own.pinned:
        yield Violation(Rule.PINNED, tag, day, found("{day}", day=own.pinned))
    for window in own.windows:
        if day < window.first or day > window.last:
            yield Violation(Rule.WINDOW, tag, day, _span(window.first, window.last))
    for span in own.absences:
        if span.first <= day <= span.last:
            yield Violation(Rule.ABSENCE, tag, day, _span(span.first, span.last))
    if own.not_before is not None and day < own.not_before:
        yield Violation(Rule.TOO_EARLY, tag, day, _not_before(own.not_before))
    if own.not_after is not None and day > own.not_after:
        yield Violation(Rule.LEASE, tag, day, _not_after(own.not_after))


def _loads(
    problem: Problem, machines: dict[int, MachineToPlace], dated: Sequence[Placement]
) -> Iterator[Violation]:
    """Rules on how many there are on one day; the last ones of the day are named."""
    all_at: Counter[tuple[str, date]] = Counter()
    reimaged: Counter[tuple[str, date]] = Counter()
    everywhere: Counter[date] = Counter()
    departments: Counter[tuple[str, date]] = Counter()
    last: dict[tuple[str, date], str] = {}
    for taken in problem.taken:
        all_at[taken.site, taken.day] += taken.machines
        departments[taken.department, taken.day] += taken.machines
        if not taken.refresh:
            reimaged[taken.site, taken.day] += taken.machines
            everywhere[taken.day] += taken.machines
    reimaged_last: dict[date, str] = {}
    reimaged_here: dict[tuple[str, date], str] = {}
    departments_touched: dict[tuple[str, date], str] = {}
    for placed in dated:
        machine = machines.get(placed.machine_id)
        if machine is None:
            continue
        key = (machine.site, placed.day)
        all_at[key] += 1
        departments[machine.department, placed.day] += 1
        departments_touched[machine.department, placed.day] = machine.asset_tag
        if not machine.refresh:
            reimaged[key] += 1
            everywhere[placed.day] += 1
            reimaged_last[placed.day] = reimaged_here[key] = machine.asset_tag
        last[key] = machine.asset_tag
    for (site, day), tag in sorted(last.items()):
        limit, here = problem.sites.get(site), all_at[site, day]
        if here > (limit.machines_per_day if limit else 0):
            yield Violation(Rule.SITE_PER_DAY, tag, day, _at(here, site))
        if limit is None:
            continue
        if limit.at_once is not None and here > limit.at_once * problem.turns_per_day:
            yield Violation(Rule.SITE_AT_ONCE, tag, day, _at(here, site))
    for (site, day), tag in sorted(reimaged_here.items()):
        limit, rewritten = problem.sites.get(site), reimaged[site, day]
        if limit is None:
            continue
        most = limit.network_at_once
        if most is not None and rewritten > most * problem.reimages_per_day:
            yield Violation(Rule.SITE_NETWORK, tag, day, _at(rewritten, site))
        if limit.spares is not None and rewritten > limit.spares:
            yield Violation(Rule.SITE_SPARES, tag, day, _at(rewritten, site))
    most = problem.blast_radius
    for day, tag in sorted(reimaged_last.items()):
        if most is not None and everywhere[day] > most * problem.reimages_per_day:
            yield Violation(
                Rule.BLAST_RADIUS,
                tag,
                day,
                found(msgid("{number} on this day"), number=everywhere[day]),
            )
    sizes = problem.department_sizes or Counter(m.department for m in problem.machines)
    for (name, day), tag in sorted(departments_touched.items()):
        number = departments[name, day]
        if number > 1 and number > sizes.get(name, 0) * problem.department_share:
            yield Violation(
                Rule.DEPARTMENT_SHARE,
                tag,
                day,
                found(
                    msgid("{number} of {all}: {department}"),
                    number=number,
                    all=sizes.get(name, 0),
                    department=name,
                ),
            )


def _stock(
    problem: Problem, machines: dict[int, MachineToPlace], dated: Sequence[Placement]
) -> Iterator[Violation]:
    used: dict[str, list[tuple[date, int, str]]] = defaultdict(list)
    for taken in problem.taken:
        if taken.refresh:
            used[taken.generation].append((taken.day, taken.machines, ""))
    for placed in dated:
        machine = machines.get(placed.machine_id)
        if machine is not None and machine.refresh:
            used[machine.generation].append((placed.day, 1, machine.asset_tag))
    for generation, entries in used.items():
        handed = 0
        for day, number, tag in sorted(entries):
            handed += number
            there = sum(n for on, n in problem.deliveries.get(generation, {}).items() if on <= day)
            if handed > there and tag:
                yield Violation(
                    Rule.SUCCESSORS,
                    tag,
                    day,
                    found(
                        msgid("{generation}: {needed} are needed, {there} are there"),
                        generation=generation,
                        needed=handed,
                        there=there,
                    ),
                )


def _canary(
    problem: Problem, machines: dict[int, MachineToPlace], solution: Solution
) -> Iterator[Violation]:
    """Dates in force are not judged: when the canary itself falls out, the others stay."""
    by_day: dict[tuple[str, str], Counter[date]] = defaultdict(Counter)
    tags: dict[tuple[str, str, date], str] = {}
    for taken in problem.taken:
        by_day[taken.site, taken.generation][taken.day] += taken.machines
    new = {placed.machine_id for placed in solution.placements}
    for placed in (*solution.placements, *solution.kept):
        machine = machines.get(placed.machine_id)
        if machine is not None:
            by_day[machine.site, machine.generation][placed.day] += 1
            if machine.id in new:
                tags[machine.site, machine.generation, placed.day] = machine.asset_tag
    for (site, generation), days in sorted(by_day.items()):
        most = problem.canary.get(generation, 0)
        first = min(days)
        tag = tags.get((site, generation, first))
        if most and tag and days[first] > most:
            yield Violation(
                Rule.CANARY,
                tag,
                first,
                found(
                    msgid("{number} {generation} at {site}, at most {most}"),
                    site=site,
                    number=days[first],
                    generation=generation,
                    most=most,
                ),
            )


def _waves(problem: Problem, solution: Solution) -> Iterator[Violation]:
    members: dict[int, list[Placement]] = defaultdict(list)
    for placed in solution.placements:
        members[placed.wave].append(placed)
    opened = {wave.number: wave for wave in problem.open_waves}
    for wave in solution.waves:
        inside = sorted(members.pop(wave.number, []), key=lambda p: (p.day, p.asset_tag))
        days = [placed.day for placed in inside]
        tag = inside[-1].asset_tag if inside else ""
        if wave.joined:
            size = opened[wave.number].size + len(days)
            fits = bool(days) and wave.first_day <= days[0] and days[-1] <= wave.last_day
        else:
            size = len(days)
            fits = bool(days) and (wave.first_day, wave.last_day) == (days[0], days[-1])
        if not fits or wave.size != len(days):
            yield Violation(
                Rule.WAVE_DAYS, tag, wave.first_day, found(msgid("wave {wave}"), wave=wave.number)
            )
        if size > problem.machines_per_wave:
            yield Violation(
                Rule.WAVE_SIZE,
                tag,
                wave.first_day,
                found(msgid("wave {wave} has {number}"), wave=wave.number, number=size),
            )
    for number, left in members.items():
        yield Violation(
            Rule.WAVE_DAYS,
            left[0].asset_tag,
            left[0].day,
            found(msgid("there is no wave {wave}"), wave=number),
        )


def _pilot(
    problem: Problem, machines: dict[int, MachineToPlace], solution: Solution
) -> Iterator[Violation]:
    pilots = [wave for wave in solution.waves if wave.pilot]
    able = [p for p in solution.placements if not machines[p.machine_id].refresh]
    starts = problem.others_from
    if pilots:
        pilot = pilots[0]
        tag = max((p.asset_tag for p in solution.placements if p.wave == pilot.number), default="")
        if len(pilots) > 1 or pilot.size > problem.pilot_size:
            yield Violation(
                Rule.PILOT,
                tag,
                pilot.first_day,
                found(msgid("the pilot has {number}"), number=pilot.size),
            )
        if pilot.number != problem.first_wave:
            yield Violation(
                Rule.PILOT,
                tag,
                pilot.first_day,
                found(msgid("it is wave {wave}"), wave=pilot.number),
            )
        starts, left = pilot.last_day + timedelta(days=1), problem.soak_working_days
        while left and starts <= problem.last:
            left -= _is_working(problem, starts)
            starts += timedelta(days=1)
        if left:
            starts = problem.last + timedelta(days=1)
    elif problem.pilot_size and able and not problem.pilot_departments:
        yield Violation(Rule.PILOT, able[0].asset_tag, None, found(msgid("there is no pilot")))
    if starts is None:
        return
    numbers = {wave.number for wave in pilots}
    for placed in solution.placements:
        if placed.wave not in numbers and placed.day < starts:
            yield Violation(
                Rule.PILOT,
                placed.asset_tag,
                placed.day,
                found(msgid("others begin on {day}"), day=starts),
            )


def _announced(solution: Solution) -> Iterator[Violation]:
    for move in solution.moves:
        if move.announced and move.why.value == "makes_room":
            yield Violation(
                Rule.ANNOUNCED,
                move.asset_tag,
                move.from_day,
                found(msgid("to {day}"), day=move.to_day),
            )


def _is_working(problem: Problem, day: date) -> bool:
    spans = (*problem.calendar.closed, *problem.calendar.frozen)
    return (
        day.isoweekday() <= 5
        and not _is_holiday(day)
        and not any(span.first <= day <= span.last for span in spans)
    )


@lru_cache(maxsize=4096)
def _is_holiday(day: date) -> bool:
    import jpholiday

    return bool(jpholiday.is_holiday(day))
