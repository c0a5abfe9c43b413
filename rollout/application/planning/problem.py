"""What the planner is asked: the ledger, the dates in force and the configuration, put together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from sqlmodel import Session

from rollout.domain.text import match_key
from rollout.domain.wave import WaveState
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
    Taken,
)
from rollout.settings import DateRange, DepartmentRules, Generation, Settings
from rollout.settings.planning import WEEKDAYS
from rollout.store import own_dates, plan_inputs

_ANNOUNCED = (WaveState.APPROVED.value,)


def calendar_of(settings: Settings) -> WorkCalendar:
    """The working days of the programme."""
    return WorkCalendar(
        closed=_spans(settings.calendar.closed), frozen=_spans(settings.calendar.freeze)
    )


def problem_of(
    session: Session, settings: Settings, rows: Sequence[plan_inputs.Waiting], today: date
) -> Problem:
    """Everything that `rollout plan` decides on, seen from `today`."""
    calendar = calendar_of(settings)
    last = settings.programme.cutover - timedelta(days=1)
    soak = settings.pilot.soak_working_days
    pilot_ends = plan_inputs.last_day_of_pilots(session)
    others_from = None
    if pilot_ends is not None:
        # With no working day left after the soak, nothing but the pilot can be moved.
        others_from = calendar.following(pilot_ends, soak, until=last) or settings.programme.cutover
    taken = plan_inputs.taken(session)
    names = {_department(row.bureau, row.division) for row in rows}
    agreed = _Agreed.read(session, settings)
    machines = [_to_place(row, settings, agreed, today) for row in rows]
    keys = {machine.site for machine in machines} | {row.site or "" for row in taken}
    limits = settings.limits
    generations = {row.generation for row in rows} | {row.generation for row in taken}
    return Problem(
        machines=machines,
        calendar=calendar,
        first=max(settings.programme.start, today),
        last=last,
        sites={key: _site(settings, key) for key in keys if key},
        departments={name: rule for name in names if (rule := _dates(settings, name))},
        department_sizes=_sizes(session),
        department_share=limits.department_share_per_day,
        turns_per_day=limits.turns_per_day,
        reimages_per_day=limits.reimages_per_day,
        blast_radius=limits.blast_radius,
        taken=[
            Taken(
                row.site or _site_of(settings, row.bureau, row.division),
                _department(row.bureau, row.division),
                row.generation,
                settings.generation(row.generation).path == "refresh",
                row.day,
                row.machines,
            )
            for row in taken
        ],
        deliveries={name: settings.generation(name).successors for name in generations},
        canary={
            name: settings.generation(name).canary
            for name in generations
            if settings.generation(name).canary
        },
        pilot_size=settings.pilot.size if pilot_ends is None else 0,
        pilot_departments=frozenset(settings.pilot.departments),
        pilot_machines=frozenset(settings.pilot.machines),
        soak_working_days=soak,
        reserve_working_days=limits.reserve_working_days,
        machines_per_wave=limits.machines_per_wave,
        first_wave=plan_inputs.last_wave_number(session) + 1,
        open_waves=_open_waves(session, settings),
        others_from=others_from,
    )


def unused_rules(session: Session, settings: Settings) -> list[tuple[str, str]]:
    """Tables of the configuration that no machine of the ledger belongs to: (table, name)."""
    sites = plan_inputs.sites(session)
    departments = {
        name
        for bureau, division, _ in plan_inputs.department_sizes(session)
        for name in (bureau or "", _department(bureau, division))
    }
    tags = plan_inputs.known_tags(session, [*settings.machines, *settings.pilot.machines])
    return [
        *(("sites", name) for name in settings.sites if name not in sites),
        *(("departments", name) for name in settings.departments if name not in departments),
        *(("machines", name) for name in settings.machines if name not in tags),
        *(("pilot.machines", name) for name in settings.pilot.machines if name not in tags),
        *(("pilot.departments", n) for n in settings.pilot.departments if n not in departments),
    ]


def _spans(ranges: Sequence[DateRange]) -> tuple[Span, ...]:
    return tuple(Span(found.first, found.last) for found in ranges)


def _department(bureau: str | None, division: str | None) -> str:
    return f"{bureau or ''} {division or ''}".strip()


def _rules(settings: Settings, department: str) -> DepartmentRules | None:
    """Those of the division, else of its bureau."""
    found = settings.departments.get(department)
    return found or settings.departments.get(department.partition(" ")[0])


def _dates(settings: Settings, department: str) -> DepartmentRule | None:
    rules = _rules(settings, department)
    if rules is None:
        return None
    return DepartmentRule(_spans(rules.blackouts), rules.not_before, rules.not_after)


def _site_of(settings: Settings, bureau: str | None, division: str | None) -> str:
    rules = _rules(settings, _department(bureau, division))
    return rules.site or "" if rules else ""


def _site(settings: Settings, key: str) -> SiteRule:
    limits = settings.site(key)
    return SiteRule(
        limits.machines_per_day,
        limits.at_once,
        limits.network_at_once,
        limits.spares,
        frozenset(WEEKDAYS.index(day) for day in limits.weekdays) if limits.weekdays else None,
        limits.few_visits,
    )


def _sizes(session: Session) -> dict[str, int]:
    found: Counter[str] = Counter()
    for bureau, division, number in plan_inputs.department_sizes(session):
        found[_department(bureau, division)] += number
    return dict(found)


def _open_waves(session: Session, settings: Settings) -> list[OpenWave]:
    sizes: dict[int, OpenWave] = {}
    for row in plan_inputs.unseen_waves(session):
        before = sizes.get(row.number)
        sizes[row.number] = OpenWave(
            row.number,
            row.first_day,
            row.last_day,
            row.machines + (before.size if before else 0),
            settings.generation(row.generation).path == "refresh",
        )
    return list(sizes.values())


@dataclass(frozen=True)
class _Agreed:
    """What was imported about single machines and people, by id."""

    machines: Mapping[int, own_dates.Agreed]
    people: Mapping[int, own_dates.Agreed]
    absences: Mapping[int, Sequence[own_dates.Away]]
    trained: Mapping[int, date]
    """The last day of the demanded training of those who have had all of it."""

    @classmethod
    def read(cls, session: Session, settings: Settings) -> Self:
        keys = {match_key(course) for course in settings.courses}
        return cls(
            own_dates.of_machines(session),
            own_dates.of_people(session),
            own_dates.absences(session),
            own_dates.trained(session, keys, settings.training.pass_score),
        )


def _to_place(
    row: plan_inputs.Waiting, settings: Settings, agreed: _Agreed, today: date
) -> MachineToPlace:
    policy = settings.generation(row.generation)
    site = row.site or _site_of(settings, row.bureau, row.division)
    return MachineToPlace(
        id=row.id,
        asset_tag=row.asset_tag,
        site=site,
        department=_department(row.bureau, row.division),
        generation=row.generation,
        order=policy.order,
        obstacle=_obstacle(row, policy, site),
        refresh=policy.path == "refresh",
        own=_own(row, policy, settings, agreed),
        current=_current(row, settings, today),
    )


def _obstacle(row: plan_inputs.Waiting, policy: Generation, site: str) -> Obstacle | None:
    if not row.in_ledger:
        return Obstacle.GONE
    if policy.path == "refresh" and not policy.successors:
        return Obstacle.REFRESH
    if not site:
        return Obstacle.NO_SITE
    if not row.serial:
        return Obstacle.NO_SERIAL
    if not row.computer_name:
        return Obstacle.NO_NAME
    return None


def _own(
    row: plan_inputs.Waiting, policy: Generation, settings: Settings, agreed: _Agreed
) -> OwnDates | None:
    """What the configuration and the imported lists say together; the configuration pins."""
    nothing = own_dates.Agreed()
    machine = settings.machines.get(row.asset_tag)
    person = settings.people.get(row.staff_number or "")
    machine_dates = agreed.machines.get(row.id, nothing)
    person_dates = agreed.people.get(row.owner_id or 0, nothing)
    configured = [found.window for found in (machine, person) if found and found.window]
    listed = [
        Span(dates.window_first, dates.window_last)
        for dates in (machine_dates, person_dates)
        if dates.window_first and dates.window_last
    ]
    away = [Span(*entry[:2]) for entry in agreed.absences.get(row.owner_id or 0, ())]
    due = [day for day in (person.trained_on if person else None, person_dates.day) if day]
    done = agreed.trained.get(row.owner_id or 0)
    # Whoever has had the training need not wait for the day on which it was due.
    trained = done or max(due, default=None)
    own = OwnDates(
        pinned=(machine.pinned if machine else None) or machine_dates.day,
        windows=(*_spans(configured), *listed),
        absences=tuple(sorted({*_spans(person.absences if person else ()), *away}, key=_first)),
        not_before=trained + timedelta(days=1) if trained else None,
        not_after=row.lease_to if policy.path == "refresh" else None,
    )
    return own if own != OwnDates() else None


def _first(span: Span) -> tuple[date, date]:
    return span.first, span.last


def _current(row: plan_inputs.Waiting, settings: Settings, today: date) -> Current | None:
    if row.day is None or row.wave is None:
        return None
    told = today + timedelta(days=settings.notice.days_before)
    return Current(
        row.day,
        row.wave,
        announced=row.wave_state in _ANNOUNCED or row.day <= told,
        missed=row.day < today,
    )
