"""The burn-up: how many machines are done by day, as planned, as it was, and as forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from rollout.settings import Settings
from rollout.store import forecasts, plan_views
from rollout.store.database import Database
from rollout.store.tables import DayForecast

_MORNING = timedelta(hours=12)
"""What was counted before noon, as the nights do, is what the evening before had reached."""


@dataclass(frozen=True)
class BurnUp:
    """Machines done at the end of a day, each line in the order of its days.

    `plan` counts the days in force. `actual` is what was counted for each forecast, and today's
    number; `total` are the machines that take part. `band` is the newest forecast when it has a
    finish, else None.
    """

    today: date
    cutover: date
    total: int
    plan: Sequence[tuple[date, int]]
    actual: Sequence[tuple[date, int]]
    band: DayForecast | None

    @property
    def done(self) -> int:
        """Today."""
        return self.actual[-1][1]

    @property
    def planned(self) -> int:
        """What the days in force say of today."""
        return next((number for day, number in reversed(self.plan) if day <= self.today), 0)


def burn_up(database: Database, settings: Settings, now: datetime) -> BurnUp:
    """As of `now`; nothing is computed anew."""
    zone = settings.programme.zone
    today = now.astimezone(zone).date()
    with database.read() as session:
        dated = plan_views.by_day(session)
        kept = [row for row in forecasts.kept(session) if row.day <= today]
        done = forecasts.done(session)
        left = forecasts.left_count(session)
    newest = kept[-1] if kept else None
    reached = {(row.made_at.astimezone(zone) - _MORNING).date(): row.done for row in kept}
    return BurnUp(
        today=today,
        cutover=settings.programme.cutover,
        total=done + left,
        plan=list(zip(dated, accumulate(dated.values()), strict=True)),
        actual=[*((day, count) for day, count in reached.items() if day < today), (today, done)],
        band=newest if newest is not None and newest.p50 is not None else None,
    )
