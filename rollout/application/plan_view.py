"""A plan as screens and listings show it: by wave, day and site."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.planning.problem import Obstacle
from rollout.store import plans
from rollout.store.tables import Plan


@dataclass(frozen=True)
class WavePlan:
    """A wave of a plan with its machines by site."""

    number: int
    pilot: bool
    first_day: date
    last_day: date
    machines: int
    sites: Mapping[str, int]


@dataclass(frozen=True)
class DayPlan:
    """A day of a plan with its machines by site."""

    day: date
    machines: int
    sites: Mapping[str, int]


@dataclass(frozen=True)
class PlanView:
    """A plan as it is shown; `state` is proposed or committed."""

    plan_id: int
    state: str
    created_at: datetime
    created_by: str
    committed_at: datetime | None
    committed_by: str | None
    placed: int
    waves: Sequence[WavePlan]
    days: Sequence[DayPlan]
    sites: Mapping[str, int]
    unplaced: Sequence[tuple[str, Obstacle]]


def view(plan: Plan, groups: Sequence[plans.SlotGroup]) -> PlanView:
    """`plan` with its machines by wave, day and site."""
    sites = _by_site(groups)
    return PlanView(
        plan_id=plan.id or 0,
        state=plan.state,
        created_at=plan.created_at,
        created_by=plan.created_by,
        committed_at=plan.committed_at,
        committed_by=plan.committed_by,
        placed=sum(sites.values()),
        waves=by_wave(groups),
        days=_by_day(groups),
        sites=sites,
        unplaced=[(tag, Obstacle(reason)) for tag, reason in plans.unplaced(plan)],
    )


def by_wave(groups: Sequence[plans.SlotGroup]) -> list[WavePlan]:
    """The waves of a plan, in order of number."""
    found: dict[int, list[plans.SlotGroup]] = {}
    for group in groups:
        found.setdefault(group.wave, []).append(group)
    return [
        WavePlan(
            number=number,
            pilot=members[0].pilot,
            first_day=min(group.day for group in members),
            last_day=max(group.day for group in members),
            machines=sum(group.machines for group in members),
            sites=_by_site(members),
        )
        for number, members in sorted(found.items())
    ]


def _by_day(groups: Sequence[plans.SlotGroup]) -> list[DayPlan]:
    found: dict[date, list[plans.SlotGroup]] = {}
    for group in groups:
        found.setdefault(group.day, []).append(group)
    return [
        DayPlan(day, sum(group.machines for group in members), _by_site(members))
        for day, members in sorted(found.items())
    ]


def _by_site(groups: Sequence[plans.SlotGroup]) -> dict[str, int]:
    sites: Counter[str] = Counter()
    for group in groups:
        sites[group.site] += group.machines
    return dict(sorted(sites.items()))
