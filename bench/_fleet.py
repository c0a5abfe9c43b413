"""A fleet of any size in the middle of its programme, written by SQL itself: a million in seconds.

Half of the waves are done, one in twenty is at work with some machines in trouble, the rest has
its dates, and so has the first, so that what is seen first can still be moved; the forecasts of
the last hundred days were kept.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from rollout.store import migrate
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import DayForecast, Person, Site, Wave

NOW = datetime(2023, 2, 1, 1, 30, tzinfo=UTC)
CUTOVER = date(2023, 5, 1)
WAVE = 200
SITES = 15
_TODAY = NOW.date()
_DAYS = 130

_MACHINES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :machines),
fleet AS (SELECT i, 1 + (i - 1) / :wave AS w, (i - 1) % :wave AS m FROM n),
stood AS (
  SELECT i, w, m,
    CASE WHEN w = 1 THEN 'planned' WHEN w <= :done THEN 'migrated'
         WHEN w <= :at_work THEN CASE m % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'silent'
              WHEN 2 THEN 'capturing' WHEN 3 THEN 'reimaging' WHEN 4 THEN 'planned'
              ELSE 'migrated' END
         ELSE 'planned' END AS state FROM fleet)
INSERT INTO machines (id, asset_tag, serial, computer_name, generation, model, site_id, floor,
  owner_id, purpose, remark, in_ledger, state, step, attempt, state_since, version, wave_id,
  planned_day)
SELECT i, printf('DK20-%07d', i), 'S' || i, 'PC' || i, 'DK' || (17 + i % 5), '', 1 + i % :sites, '',
  1 + i % 1000, '', '', 1, state,
  CASE state WHEN 'failed' THEN 'capture' WHEN 'capturing' THEN 'capture'
    WHEN 'silent' THEN 'reimage' WHEN 'reimaging' THEN 'reimage' END,
  1, :now, 1, w, date(:first, (w * :days / :waves) || ' days') FROM stood
"""


def write(path: Path, machines: int) -> Database:
    """Make the database; an orderly end of the writing process is all that keeps it."""
    database = Database(f"sqlite:///{path}", durable=False)
    migrate.upgrade(database)
    waves = -(-machines // WAVE)
    done, at_work = waves // 2, waves // 2 + max(1, waves // 20)
    first = _TODAY - timedelta(days=_DAYS // 2)
    with database.write() as session:
        connection = session.connection()
        connection.execute(
            insert(Site), [{"id": n, "key": f"庁舎{n}"} for n in range(1, SITES + 1)]
        )
        connection.execute(
            insert(Person),
            [{"id": n, "staff_number": f"{n}", "name": f"職員{n}"} for n in range(1, 1001)],
        )
        connection.execute(
            insert(Wave),
            [
                {
                    "id": n,
                    "number": n,
                    "first_day": first + timedelta(days=n * _DAYS // waves),
                    "last_day": first + timedelta(days=n * _DAYS // waves),
                    "state": _state(n, done, at_work),
                    "state_since": NOW,
                    "submitted_by": "a",
                    "approved_by": "b",
                }
                for n in range(1, waves + 1)
            ],
        )
        connection.execute(
            text(_MACHINES),
            {"machines": machines, "wave": WAVE, "done": done, "at_work": at_work, "days": _DAYS,
             "sites": SITES, "waves": waves, "first": first.isoformat(),
             "now": instant_text(NOW)},
        )  # fmt: skip
        connection.execute(
            insert(DayForecast), [_forecast(machines, back) for back in range(100, -1, -1)]
        )
    return database


def _state(wave: int, done: int, at_work: int) -> str:
    if wave == 1:
        return "planned"
    return "done" if wave <= done else "running" if wave <= at_work else "planned"


def _forecast(machines: int, back: int) -> dict[str, object]:
    day = _TODAY - timedelta(days=back)
    done = machines * max(0, _DAYS // 2 - back) // _DAYS
    return {
        "day": day,
        "made_at": NOW - timedelta(days=back),
        "cutover": CUTOVER,
        "done": done,
        "remaining": machines - done,
        "p10": CUTOVER - timedelta(days=30),
        "p50": CUTOVER - timedelta(days=20),
        "p90": CUTOVER + timedelta(days=3),
        "probability": 0.8,
        "required_per_day": machines / _DAYS,
        "actual_per_day": machines / _DAYS,
    }
