"""A plan as screens and listings show it: by wave, day, site and department."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.planning.problem import Obstacle, Relaxation
from rollout.store import plan_views, plans
from rollout.store.database import Database
from rollout.store.plan_views import Member as Member  # a front end lists them
from rollout.store.plan_views import Place
from rollout.store.tables import Plan


class NoSuchSite(RolloutError):
    """The plan has nothing there."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            _("the plan has no machine at {site}: it has {known}").format(
                site=name, known=", ".join(sorted(known))
            )
        )


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


class GroupPlan(NamedTuple):
    """A site or department: its machines, from when to when, on how many days, at most a day."""

    name: str
    machines: int
    first_day: date
    last_day: date
    days: int
    peak: int


@dataclass(frozen=True)
class PlanView:
    """A plan as it is shown; `state` is proposed or committed.

    A proposal is shown with the dates that stay: the programme as it will be. `new` counts the
    dates that the proposal gives, 0 once it is in force.
    """

    plan_id: int
    state: str
    created_at: datetime
    created_by: str
    committed_at: datetime | None
    committed_by: str | None
    placed: int
    new: int
    waves: Sequence[WavePlan]
    days: Sequence[DayPlan]
    sites: Sequence[GroupPlan]
    departments: Sequence[GroupPlan]
    unplaced: Sequence[tuple[str, Obstacle]]
    relaxations: Sequence[Relaxation]


def view(session: Session, plan: Plan, sites: Collection[str] = ()) -> PlanView:
    """`plan` with its machines by wave, day, site and department; with `sites` only those there.

    Raises NoSuchSite.
    """
    said = plans.remarks(plan)
    plan_id = plan.id or 0
    places = plan_views.in_force(session)
    new = 0
    if plan.state == "proposed":
        dated = plan_views.proposed(session, plan_id)
        dropped = [move["asset_tag"] for move in said.get("moves", []) if move["to"] is None]
        places -= plan_views.in_force_of_plan(session, plan_id)
        places -= plan_views.in_force_of(session, dropped)
        places += dated
        new = sum(number for place, number in dated.items() if not sites or place.site in sites)
    if sites:
        known = {place.site for place in places}
        for name in sites:
            if name not in known:
                raise NoSuchSite(name, known)
        places = Counter({p: number for p, number in places.items() if p.site in sites})
    return PlanView(
        plan_id=plan_id,
        state=plan.state,
        created_at=plan.created_at,
        created_by=plan.created_by,
        committed_at=plan.committed_at,
        committed_by=plan.committed_by,
        placed=places.total(),
        new=new,
        waves=by_wave(places),
        days=_by_day(places),
        sites=_groups(places, lambda place: place.site),
        departments=_groups(places, lambda place: f"{place.bureau} {place.division}".strip()),
        unplaced=[(tag, Obstacle(reason)) for tag, reason in plans.unplaced(plan) if not sites],
        relaxations=[
            Relaxation(**{**entry, "obstacle": Obstacle(entry["obstacle"])})
            for entry in said.get("relaxations", [])
            if not sites or entry["site"] in sites
        ],
    )


def members(database: Database, site: str, day: date) -> list[Member]:
    """The machines of one day at one site, as the proposal has it when there is one."""
    with database.read() as session:
        plan = plans.proposed(session)
        dropped: set[str] = set()
        if plan is not None:
            moves = plans.remarks(plan).get("moves", [])
            dropped = {move["asset_tag"] for move in moves if move["to"] is None}
        found = plan_views.members(session, site, day, plan.id if plan is not None else None)
        return [member for member in found if member.asset_tag not in dropped]


def by_wave(places: Mapping[Place, int]) -> list[WavePlan]:
    """The waves of a plan, in order of number."""
    found: dict[int, list[Place]] = {}
    for place in places:
        found.setdefault(place.wave, []).append(place)
    return [
        WavePlan(
            number=number,
            pilot=members[0].pilot,
            first_day=min(place.day for place in members),
            last_day=max(place.day for place in members),
            machines=sum(places[place] for place in members),
            sites=_by_site(members, places),
        )
        for number, members in sorted(found.items())
    ]


def _by_day(places: Mapping[Place, int]) -> list[DayPlan]:
    found: dict[date, list[Place]] = {}
    for place in places:
        found.setdefault(place.day, []).append(place)
    return [
        DayPlan(day, sum(places[place] for place in members), _by_site(members, places))
        for day, members in sorted(found.items())
    ]


def _by_site(members: Iterable[Place], places: Mapping[Place, int]) -> dict[str, int]:
    sites: Counter[str] = Counter()
    for place in members:
        sites[place.site] += places[place]
    return dict(sorted(sites.items()))


def _groups(places: Mapping[Place, int], name_of: Callable[[Place], str]) -> list[GroupPlan]:
    """The largest first."""
    found: dict[str, Counter[date]] = {}
    for place, machines in places.items():
        found.setdefault(name_of(place), Counter())[place.day] += machines
    groups = [
        GroupPlan(name, days.total(), min(days), max(days), len(days), max(days.values()))
        for name, days in found.items()
    ]
    return sorted(groups, key=lambda group: (-group.machines, group.name))
