"""Generated organisations for the planner's benchmark: prefectures of 5,000 machines side by side.

A prefecture has a main building with two fifths of the machines and fourteen offices, two of them
far away and visited on two days of the week only; 110 divisions that each sit in one of these
places; DK20 and DK21 to be reimaged, then DK17 to DK19 to be replaced by successors that arrive
in four deliveries. Three of ten divisions are closed to us during the assembly's sessions, some
begin late or end early. One machine in nine has dates of its own: absences, training, windows,
pinned days; most leases of the old generations end before the cutover.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.problem import DepartmentRule, MachineToPlace, OwnDates, Problem, SiteRule

FIRST, LAST = date(2022, 11, 1), date(2023, 4, 30)
CALENDAR = WorkCalendar(
    closed=(Span(date(2022, 12, 29), date(2023, 1, 3)),),
    frozen=(Span(date(2023, 3, 20), date(2023, 4, 14)),),
)
PREFECTURE = 5_000
SITES_OF_PREFECTURE = 15
_SESSIONS = (
    Span(date(2022, 11, 28), date(2022, 12, 20)),
    Span(date(2023, 2, 20), date(2023, 3, 17)),
)
_FAR = frozenset({13, 14})
_SHARES = [0.40, *[0.055] * 8, *[0.03] * 4, 0.02, 0.02]
_GENERATIONS = {"DK17": 0.10, "DK18": 0.15, "DK19": 0.20, "DK20": 0.25, "DK21": 0.30}
_LEASES = {"DK17": date(2023, 4, 30), "DK18": date(2023, 4, 21), "DK19": date(2023, 3, 17)}
_DELIVERED = (date(2022, 11, 7), date(2022, 12, 12), date(2023, 1, 23), date(2023, 2, 20))
REFRESHED = frozenset(_LEASES)
SOAK = 3


def organisation(count: int, room: float) -> Problem:
    """`count` machines; each site moves `room` times what an even load would need."""
    chance = random.Random(count)
    machines: list[MachineToPlace] = []
    departments: dict[str, DepartmentRule] = {}
    places: dict[str, str] = {}
    for prefecture in range(-(-count // PREFECTURE)):
        divisions = _divisions(chance, prefecture)
        names = list(divisions)
        for name, (site, rule) in divisions.items():
            places[name] = site
            if rule is not None:
                departments[name] = rule
        for _ in range(min(PREFECTURE, count - len(machines))):
            machines.append(_machine(chance, len(machines), chance.choice(names), places))
    deliveries = {
        name: dict(zip(_DELIVERED, _quarters(number), strict=True))
        for name, number in Counter(m.generation for m in machines).items()
        if name in REFRESHED
    }
    problem = Problem(
        machines, CALENDAR, FIRST, LAST, {}, departments,
        department_share=0.3, deliveries=deliveries, canary={"DK20": 2, "DK21": 2},
        pilot_size=10, soak_working_days=SOAK, reserve_working_days=5,
    )  # fmt: skip
    return with_room(problem, room)


def with_room(problem: Problem, room: float) -> Problem:
    """The same machines where each site moves `room` times what an even load would need."""
    return replace(problem, sites=_rules(problem.machines, room))


def _divisions(
    chance: random.Random, prefecture: int
) -> dict[str, tuple[str, DepartmentRule | None]]:
    places = chance.choices(range(15), _SHARES, k=95)
    found: dict[str, tuple[str, DepartmentRule | None]] = {}
    for number, place in enumerate([*range(15), *places]):
        kind, rule = chance.random(), None
        if kind < 0.3:
            rule = DepartmentRule(blackouts=_SESSIONS[: 1 + (kind < 0.2)])
        elif kind < 0.36:
            rule = DepartmentRule(not_before=date(2023, 1, 16))
        elif kind < 0.42:
            rule = DepartmentRule(not_after=date(2023, 1, 31))
        found[f"{prefecture:03d}局 {number:03d}課"] = (f"{prefecture:03d}-{place:02d}", rule)
    return found


def _machine(
    chance: random.Random, number: int, department: str, places: dict[str, str]
) -> MachineToPlace:
    generation = chance.choices(list(_GENERATIONS), list(_GENERATIONS.values()))[0]
    refresh = generation in REFRESHED
    own = _own(chance)
    if refresh and chance.random() < 0.7:
        own = (own or OwnDates())._replace(not_after=_LEASES[generation])
    return MachineToPlace(
        number,
        f"{generation}-{number:07d}",
        places[department],
        department,
        generation,
        2 if refresh else 1,
        refresh=refresh,
        own=own,
    )


def _own(chance: random.Random) -> OwnDates | None:
    kind = chance.random()
    if kind > 0.11:
        return None
    monday = date(2022, 11, 7) + timedelta(weeks=chance.randrange(18))
    if kind < 0.06:
        return OwnDates(absences=(Span(monday, monday + timedelta(days=chance.choice([4, 11]))),))
    if kind < 0.095:
        return OwnDates(not_before=monday)
    if kind < 0.105:
        return OwnDates(windows=(Span(monday, monday + timedelta(days=18)),))
    return OwnDates(pinned=CALENDAR.following(monday, until=LAST))


def _quarters(number: int) -> list[int]:
    return [number - 3 * (number // 4), *[number // 4] * 3]


def _rules(machines: Sequence[MachineToPlace], room: float) -> dict[str, SiteRule]:
    days = list(CALENDAR.between(FIRST, LAST))[SOAK + 1 :]
    visited = sum(day.weekday() in (1, 3) for day in days)
    sizes = Counter(machine.site for machine in machines)
    reimages = Counter(machine.site for machine in machines if not machine.refresh)
    rules = {}
    for site, number in sizes.items():
        if int(site[-2:]) in _FAR:
            per_day = -(-number * room // visited)
            rules[site] = SiteRule(int(per_day), weekdays=frozenset({1, 3}), few_visits=True)
        else:
            per_day = -(-number * room // len(days))
            spares = int(-(-reimages[site] * room * 1.3 // len(days)))
            rules[site] = SiteRule(int(per_day), spares=spares)
    return rules
