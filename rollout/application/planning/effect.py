"""What a proposal, or a move of machines, does to the forecast: before, and after.

Both come from the same outcomes, the same luck (the seed) and the same moment, so that what differs
is the days' doing. Nothing is kept: the forecast of the day is that of the days in force.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from rollout.application.planning.forecasting import Forecast, made_from, pile, standing_now
from rollout.application.standing import Pile, Standing
from rollout.settings import Settings
from rollout.store import forecasts, plans
from rollout.store.database import Database
from rollout.store.forecasts import Left
from rollout.store.tables import Plan


class Compared(NamedTuple):
    """The forecast without a change of days, and with it."""

    before: Forecast
    after: Forecast


class NewPlace(NamedTuple):
    """The day and the wave that a machine is to get."""

    day: date
    wave: int


def of_proposal(database: Database, settings: Settings, *, now: datetime) -> Compared | None:
    """The days in force, and with the proposal; None while nothing is proposed."""
    with database.read() as session:
        plan = plans.proposed(session)
        if plan is None:
            return None
        standing = standing_now(session, settings, now)
        return _compared(standing, standing, _with_proposal(session, plan), settings)


def of_move(
    database: Database,
    settings: Settings,
    places: Mapping[int, NewPlace | None],
    *,
    now: datetime,
) -> Compared:
    """What is proposed, else in force, and the same with machines (by id) at other places.

    None: the place that is in force.
    """
    with database.read() as session:
        standing = standing_now(session, settings, now)
        plan = plans.proposed(session)
        before: Sequence[Left] = forecasts.left(session)
        if plan is not None:
            before = _with_proposal(session, plan)
        after = _moved(session, before, places, plan)
        return _compared(standing, replace(standing, piles=_piles(before)), after, settings)


def _compared(
    now: Standing, before: Standing, after: Iterable[Left], settings: Settings
) -> Compared:
    first = made_from(now, settings)
    old = first if before is now else made_from(before, settings, seen=first.observed)
    new = made_from(replace(now, piles=_piles(after)), settings, seen=first.observed)
    return Compared(old, new)


def _with_proposal(session: Session, plan: Plan, ids: Collection[int] | None = None) -> list[Left]:
    """What is left, all or these, by the days that it would have; some lose theirs."""
    moves = plans.remarks(plan).get("moves", [])
    lost = set(plans.ids_of(session, [m["asset_tag"] for m in moves if m["to"] is None]))
    rows = forecasts.left(session, plan.id)
    if ids is not None:
        lost &= set(ids)
        rows = forecasts.left_of(session, ids, plan.id)
    gone = forecasts.left_of(session, lost)
    return _exchanged(rows, gone, [row._replace(day=None, wave=None) for row in gone])


def _moved(
    session: Session,
    before: Iterable[Left],
    places: Mapping[int, NewPlace | None],
    plan: Plan | None,
) -> list[Left]:
    groups: dict[NewPlace | None, list[int]] = {}
    for machine_id, place in places.items():
        groups.setdefault(place, []).append(machine_id)
    gone: Sequence[Left] = forecasts.left_of(session, places)
    if plan is not None:
        gone = _with_proposal(session, plan, places.keys())
    come: list[Left] = []
    for place, ids in groups.items():
        rows = forecasts.left_of(session, ids)
        come += [row._replace(day=place.day, wave=place.wave) if place else row for row in rows]
    return _exchanged(before, gone, come)


def _exchanged(rows: Iterable[Left], gone: Iterable[Left], come: Iterable[Left]) -> list[Left]:
    counted: Counter[Left] = Counter()
    for row in (*rows, *come):
        counted[row._replace(machines=0)] += row.machines
    for row in gone:
        counted[row._replace(machines=0)] -= row.machines
    return [row._replace(machines=number) for row, number in counted.items() if number > 0]


def _piles(rows: Iterable[Left]) -> list[Pile]:
    return [pile(row) for row in rows]
