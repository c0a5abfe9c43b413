"""`plan forecast`: whether the cutover holds."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from rollout.application import standing as stand
from rollout.application.planning.problem import calendar_of
from rollout.application.standing import Pile, Standing
from rollout.domain.machine import MachineVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.planning.calendar import WorkCalendar
from rollout.planning.forecast import Outlook, outlook
from rollout.planning.observed import Lack, Missing, Observed
from rollout.settings import Settings
from rollout.store import forecasts
from rollout.store.database import Database
from rollout.store.tables import DayForecast

HORIZON = timedelta(days=180)
"""How far beyond the cutover a finish is looked for."""


@dataclass(frozen=True)
class Forecast:
    """The forecast of one day; `outlook` is None when `missing` says why, or nothing is left."""

    day: date
    cutover: date
    done: int
    left: int
    undated: int
    required_per_day: float | None
    actual_per_day: float | None
    observed: Observed
    missing: Missing | None
    outlook: Outlook | None


def sentence(missing: Missing) -> str:
    """Why nothing can be computed, in the language in force."""
    return _(missing.lack.meaning).format(found=missing.found, needed=missing.needed)


def kept(database: Database) -> list[DayForecast]:
    """The last forecast of each day, the oldest first."""
    with database.read() as session:
        return forecasts.kept(session)


def kept_reason(row: DayForecast) -> str | None:
    """Why a kept row has no days, in the language in force; its numbers are not kept."""
    if row.missing is None:
        return None
    try:
        lack = Lack(row.missing)
    except ValueError:  # rows of the first version hold a sentence
        return row.missing
    return _(_KEPT[lack])


_KEPT = {
    Lack.FEW_DAYS: msgid("too few working days with outcomes"),
    Lack.FEW_OUTCOMES: msgid("too few outcomes"),
    Lack.NOTHING_FINISHED: msgid("no machine has been finished in these days"),
}


def forecast(database: Database, settings: Settings, *, now: datetime, seed: int = 1) -> Forecast:
    """The forecast as of `now`, from the dates in force and the outcomes of the last days.

    It is kept as that day's row. The same tables, moment and seed give the same forecast.
    """
    with database.read() as session:
        found = made_from(standing_now(session, settings, now), settings, seed=seed)
    with database.write() as session:
        forecasts.keep(session, _row(found, now))
    return found


def keep_daily(database: Database, settings: Settings, now: datetime) -> str:
    """The night's work: keep a forecast of today, unless somebody asked for one already today.

    Returns what there is to say about it.
    """
    today = now.astimezone(settings.programme.zone).date()
    with database.read() as session:
        known = forecasts.of_day(session, today)
    if known is not None:
        return _("the forecast of {day} was kept before").format(day=today)
    found = forecast(database, settings, now=now)
    if found.missing is not None:
        return _("not computable yet: {reason}").format(reason=sentence(found.missing))
    if found.outlook is None:
        return _("nothing is left to forecast")
    return _("finish {p50} (P50); probability of the cutover {share}").format(
        p50=found.outlook.p50 or "–", share=f"{found.outlook.probability:.0%}"
    )


def standing_now(session: Session, settings: Settings, now: datetime) -> Standing:
    """Where the programme stands at the moment `now`."""
    zone = settings.programme.zone
    today = now.astimezone(zone).date()
    first = min(stand.window(calendar_of(settings), today), default=today)
    happened: dict[tuple[date, str], Counter[MachineVerb]] = {}
    for outcome in forecasts.outcomes(session, datetime.combine(first, time(), zone)):
        if outcome.at <= now:
            day = outcome.at.astimezone(zone).date()
            happened.setdefault((day, outcome.site), Counter())[outcome.verb] += 1
    return Standing(
        today=today,
        piles=[pile(row) for row in forecasts.left(session)],
        done=forecasts.done(session),
        happened=happened,
        dated=forecasts.dated(session, first, today),
    )


def pile(row: forecasts.Left) -> Pile:
    """A row of what is left, as the forecast takes it."""
    return Pile(
        row.site or "",
        row.day,
        row.parked,
        row.machines,
        row.wave,
        f"{row.bureau or ''} {row.division or ''}".strip(),
    )


def made_from(
    standing: Standing,
    settings: Settings,
    *,
    seed: int = 1,
    trials: int = 10_000,
    goal: int | None = None,
    band: bool = False,
    seen: Observed | None = None,
) -> Forecast:
    """The forecast from a standing; with a `goal` of when so many more machines are done, with
    `band` of how many are done by each day.

    `seen` is what the last days brought, when days that are not in force say nothing of it.
    """
    calendar, cutover = calendar_of(settings), settings.programme.cutover
    today = standing.today
    if seen is None:
        seen = stand.observed(standing, stand.window(calendar, today), settings)
    coming = _coming(calendar, today, cutover)
    in_time = sum(day < cutover for day in coming)
    left = standing.left
    missing = seen.missing() if left else None
    found = None
    if left and missing is None and not coming:
        # Everything is closed or frozen for as long as we look.
        found = Outlook(None, None, None, 0.0, ())
    elif left and missing is None:
        groups = stand.cohorts(standing, coming, cutover, settings)
        found = outlook(
            groups, seen, coming, cutover, trials=trials, seed=seed, goal=goal, band=band
        )
    return Forecast(
        day=today,
        cutover=cutover,
        done=standing.done,
        left=left,
        undated=standing.undated,
        required_per_day=round(left / in_time, 1) if in_time else None,
        actual_per_day=round(sum(seen.by_day) / len(seen.by_day), 1) if seen.by_day else None,
        observed=seen,
        missing=missing,
        outlook=found,
    )


def _coming(calendar: WorkCalendar, today: date, cutover: date) -> list[date]:
    return list(calendar.between(today, max(cutover, today) + HORIZON))


def _row(made: Forecast, now: datetime) -> DayForecast:
    found = made.outlook
    worst = found.endangered[0] if found and found.endangered else None
    return DayForecast(
        day=made.day,
        made_at=now,
        cutover=made.cutover,
        done=made.done,
        remaining=made.left,
        missing=made.missing.lack.value if made.missing else None,
        p10=found.p10 if found else None,
        p50=found.p50 if found else None,
        p90=found.p90 if found else None,
        probability=found.probability if found else None,
        endangered_by=worst.name if worst else None,
        endangered_kind=worst.kind.value if worst else None,
        required_per_day=made.required_per_day,
        actual_per_day=made.actual_per_day,
    )
