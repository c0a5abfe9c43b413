"""Problems for the planner's tests: any that hypothesis can think of, and small plain ones."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.problem import (
    Current,
    DepartmentRule,
    MachineToPlace,
    Obstacle,
    OpenWave,
    OwnDates,
    Problem,
    SiteRule,
    Solution,
    Taken,
)

YEAR_END = WorkCalendar(closed=(Span(date(2022, 12, 29), date(2023, 1, 3)),))
FISCAL_YEAR_END = WorkCalendar(frozen=(Span(date(2023, 3, 27), date(2023, 4, 3)),))
PERIODS = [
    (date(2022, 12, 19), date(2023, 1, 20), YEAR_END),
    (date(2023, 3, 20), date(2023, 4, 14), FISCAL_YEAR_END),  # both sides of 1 April
    (date(2023, 4, 24), date(2023, 5, 19), WorkCalendar()),  # Golden Week
    (date(2024, 2, 19), date(2024, 3, 8), WorkCalendar()),  # a leap day
    (date(2022, 12, 19), date(2022, 12, 20), YEAR_END),
    (date(2022, 12, 29), date(2023, 1, 3), YEAR_END),  # no working day at all
]
SITES = ["本庁", "四日市", "尾鷲", "閉鎖"]
DEPARTMENTS = ["総務部 税務課", "総務部 人事課", "土木部"]
ORDER = {"DK17": 5, "DK20": 1, "DK21": 1}


@st.composite
def spans(draw: st.DrawFn, first: date, last: date) -> Span:
    begin = first + timedelta(days=draw(st.integers(0, (last - first).days)))
    return Span(begin, begin + timedelta(days=draw(st.integers(0, 5))))


@st.composite
def own_dates(draw: st.DrawFn, first: date, last: date) -> OwnDates | None:
    if draw(st.integers(0, 3)):
        return None
    some_day = st.integers(0, (last - first).days).map(lambda n: first + timedelta(days=n))
    kind = draw(st.sampled_from(["pinned", "window", "absence", "training", "lease"]))
    if kind == "pinned":
        return OwnDates(pinned=draw(some_day))
    if kind == "window":
        return OwnDates(windows=(draw(spans(first, last)),))
    if kind == "absence":
        return OwnDates(absences=(draw(spans(first, last)),))
    if kind == "training":
        return OwnDates(not_before=draw(some_day))
    return OwnDates(not_after=draw(some_day))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    first, last, calendar = draw(st.sampled_from(PERIODS))
    machines = []
    for number in range(1, draw(st.integers(0, 50)) + 1):
        generation = draw(st.sampled_from(sorted(ORDER)))
        machines.append(
            MachineToPlace(
                id=number,
                asset_tag=f"{generation}-{number:06d}",
                site=draw(st.sampled_from(SITES)),
                department=draw(st.sampled_from(DEPARTMENTS)),
                generation=generation,
                order=ORDER[generation],
                obstacle=draw(st.sampled_from([None] * 9 + [Obstacle.NO_SERIAL])),
                refresh=generation == "DK17",
                own=draw(own_dates(first, last)),
            )
        )
    limit = st.none() | st.integers(1, 3)
    taken = [
        Taken(
            draw(st.sampled_from(SITES)),
            draw(st.sampled_from(DEPARTMENTS)),
            generation := draw(st.sampled_from(sorted(ORDER))),
            generation == "DK17",
            first + timedelta(days=draw(st.integers(-5, (last - first).days))),
            draw(st.integers(1, 3)),
        )
        for _ in range(draw(st.sampled_from([0, 0, 1, 4])))
    ]
    rules = {
        site: SiteRule(
            draw(st.integers(0, 6)),
            draw(limit),
            draw(limit),
            draw(st.none() | st.integers(0, 3)),
            draw(st.none() | st.just(frozenset({1, 3}))),
            draw(st.booleans()),
        )
        for site in SITES[:3]
    }
    return Problem(
        machines=machines,
        calendar=calendar,
        first=first,
        last=last,
        sites=rules | {"閉鎖": SiteRule(0)},
        departments={
            DEPARTMENTS[0]: DepartmentRule(
                blackouts=(draw(spans(first, last)),),
                not_before=draw(st.none() | st.just(first + timedelta(days=1))),
            )
        },
        department_share=draw(st.sampled_from([0.1, 0.3, 1.0])),
        turns_per_day=draw(st.integers(1, 2)),
        reimages_per_day=draw(st.integers(1, 2)),
        blast_radius=draw(st.sampled_from([None, 1, 4])),
        deliveries={"DK17": {first: draw(st.integers(0, 2)), last: draw(st.integers(0, 9))}},
        taken=taken,
        canary={"DK20": draw(st.integers(0, 2)), "DK17": draw(st.integers(0, 1))},
        pilot_size=draw(st.integers(0, 6)),
        soak_working_days=draw(st.integers(0, 4)),
        reserve_working_days=draw(st.integers(0, 4)),
        machines_per_wave=(most := draw(st.integers(1, 15))),
        first_wave=draw(st.integers(3, 5)),
        open_waves=[
            OpenWave(number, span.first, span.last, draw(st.integers(0, most)), draw(st.booleans()))
            for number in range(1, draw(st.sampled_from([1, 1, 2, 3])))
            for span in [draw(spans(first, last))]
        ],
    )


def in_force(problem: Problem, solution: Solution, announced: int = 0) -> Problem:
    """`problem` once `solution` was committed, with the first machines told their date."""
    dates = {p.machine_id: p for p in solution.placements}
    machines = [
        replace(m, current=Current(d.day, d.wave, n < announced)) if (d := dates.get(m.id)) else m
        for n, m in enumerate(problem.machines)
    ]
    pilots = [wave for wave in solution.waves if wave.pilot]
    soaked = problem.others_from
    if pilots:
        after = [d for d in problem.calendar.between(problem.first, problem.last)
                 if d > pilots[0].last_day]  # fmt: skip
        soaked = (after[problem.soak_working_days :] or [problem.last + timedelta(days=1)])[0]
    return replace(
        problem,
        machines=machines,
        pilot_size=0,
        others_from=soaked,
        first_wave=max((wave.number for wave in solution.waves), default=0) + 1,
    )


def plain(count: int, site: str = "本庁", first_id: int = 1) -> list[MachineToPlace]:
    return [
        MachineToPlace(n, f"DK20-{n:06d}", site, f"部{n % 7}", "DK20", 1)
        for n in range(first_id, first_id + count)
    ]


def small(machines: list[MachineToPlace], per_day: int = 5, **other: object) -> Problem:
    first, last = date(2023, 1, 10), date(2023, 2, 9)
    rules = {site: SiteRule(per_day) for site in {m.site for m in machines}}
    given_ = {"machines": machines, "calendar": WorkCalendar(), "first": first, "last": last,
              "sites": rules}  # fmt: skip
    return Problem(**(given_ | other))  # type: ignore[arg-type]
