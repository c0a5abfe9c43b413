"""The forecast held against a programme that was played through the real tables."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import databases
import pytest
from sqlmodel import Session, col, select

from rollout.application.burn_up import burn_up
from rollout.application.operators import Operator
from rollout.application.planning import forecasting, plans
from rollout.application.planning.backtesting import NothingToCompare, backtest
from rollout.application.planning.forecasting import forecast, standing_now
from rollout.application.planning.problem import calendar_of
from rollout.application.planning.replay import working_days
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.planning.observed import Lack
from rollout.settings import Calendar, DateRange, OperatorRole, Settings, load
from rollout.store import forecasts, history, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Site

BEFORE = datetime(2022, 10, 20, 1, tzinfo=UTC)
PLANNER = Operator("planner", OperatorRole.OPERATOR)
CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-03-01
[limits]
reserve_working_days = 10
[sites."本庁"]
machines_per_day = 8
at_once = 8
[sites."津"]
machines_per_day = 3
[sites."尾鷲"]
machines_per_day = 2
[pilot]
size = 6
soak_working_days = 2
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path, configuration: Settings) -> Iterator[Database]:
    """180 machines at three sites, with a plan in force."""
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        session.add_all(Site(id=n, key=key) for n, key in enumerate(("本庁", "津", "尾鷲"), 1))
        session.flush()
        session.add_all(
            Machine(id=n, asset_tag=f"DK20-{n:06d}", serial=f"S{n}", computer_name=f"PC{n}",
                    generation="DK20", site_id=1 + (n % 6 > 3) + (n % 6 > 4), state_since=BEFORE)
            for n in range(1, 181)
        )  # fmt: skip
    plans.solve(opened, configuration, operator=PLANNER, now=BEFORE)
    plans.commit(opened, operator=PLANNER, now=BEFORE)
    yield opened
    opened.close()


class Played:
    """A programme day by day: who is due is tried; who failed is taken up again."""

    def __init__(self, database: Database, settings: Settings, *, seed: int = 1) -> None:
        self.database, self.settings = database, settings
        self.days = list(
            calendar_of(settings).between(date(2022, 11, 1), settings.programme.cutover)
        )
        self._random = Random(seed)

    def until(self, last: date, *, good: float = 0.92, again: float = 0.5) -> None:
        """Play up to `last`: a passage succeeds with the chance `good`."""
        while self.days and self.days[0] <= last:
            day = self.days.pop(0)
            with self.database.write() as session:
                at = datetime.combine(day, time(5), UTC)
                failed = _ids(session, Machine.state == MachineState.FAILED.value)
                back = [machine for machine in failed if self._random.random() < again]
                _move(session, back, [MachineVerb.RETRY], at)
                due = _ids(
                    session,
                    col(Machine.planned_day) <= day,
                    Machine.state == MachineState.PLANNED.value,
                )
                came_through = [machine for machine in due if self._random.random() < good]
                fell = [machine for machine in due if machine not in set(came_through)]
                _move(session, came_through, _PASSAGE, at)
                _move(session, fell, [MachineVerb.BEGIN, MachineVerb.FAIL], at)


_PASSAGE = [
    verb
    for step in Step
    if step is not Step.ENABLE
    for verb in (MachineVerb.BEGIN, MachineVerb.FINISH)
] + [MachineVerb.HAND_OVER]


def _ids(session: Session, *conditions: object) -> list[int]:
    rows = session.exec(select(Machine.id).where(*conditions).order_by(col(Machine.id)))  # type: ignore[arg-type]
    return [machine for machine in rows if machine is not None]


def _move(session: Session, ids: list[int], verbs: list[MachineVerb], at: datetime) -> None:
    for verb in verbs:
        if ids:
            transitions.apply(session, Machine, ids, verb, actor="daemon", at=at)


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(14), UTC)


def test_a_programme_that_goes_on_as_it_began_is_foretold(
    database: Database, configuration: Settings
) -> None:
    Played(database, configuration).until(date(2023, 2, 28))
    made = backtest(database, configuration, now=_evening(date(2023, 2, 28)))
    assert (made.complete, made.goal) == (True, 180)
    assert len(made.judged) > 30
    assert made.inside is not None
    assert made.inside >= 0.6
    assert made.error is not None
    assert made.error <= 3
    # What it said on a day did not change with what came later.
    early = backtest(
        database, configuration, now=_evening(date(2023, 2, 28)), until=date(2022, 12, 9)
    )
    assert not early.complete
    assert early.goal < 180
    assert early.reached <= date(2022, 12, 9)
    again = backtest(database, configuration, now=_evening(date(2023, 2, 28)))
    assert again == made


def test_a_programme_that_breaks_down_shows_forecasts_that_were_too_early(
    database: Database, configuration: Settings
) -> None:
    played = Played(database, configuration)
    played.until(date(2022, 12, 2), good=0.99)
    played.until(date(2023, 2, 28), good=0.25, again=0.2)
    made = backtest(database, configuration, now=_evening(date(2023, 2, 28)))
    in_good_days = [day for day in made.judged if day.day <= date(2022, 12, 2)]
    assert len(in_good_days) > 10
    assert all(day.error is not None and day.error > 3 for day in in_good_days)
    assert not any(day.inside for day in in_good_days)
    # In the end it has learned: the last forecasts are near.
    assert all(abs(day.error or 0) <= 10 for day in made.judged[-5:])


def test_the_replay_stands_each_evening_where_the_tables_stood(
    database: Database, configuration: Settings
) -> None:
    played = Played(database, configuration)
    seen = {}
    for day in (date(2022, 11, 15), date(2022, 11, 29), date(2022, 12, 20)):
        played.until(day, good=0.8)
        with database.read() as session:
            now = standing_now(session, configuration, _evening(day))
            seen[day] = (now.done, sum(pile.machines for pile in now.piles if pile.parked))
    with database.read() as session:
        walked = dict(working_days(session, configuration, until=date(2022, 12, 20)))
        assert history.verify(session).holds
    assert {
        day: (found.done, sum(pile.machines for pile in found.piles if pile.parked))
        for day, found in walked.items()
        if day in seen
    } == seen
    for before, after in pairwise(walked.values()):
        assert before.done <= after.done
        assert before.done + before.left == after.done + after.left == 180


def test_pace_and_retries_are_measured_from_the_history(
    database: Database, configuration: Settings
) -> None:
    played = Played(database, configuration)
    played.until(date(2022, 12, 2), good=0.7, again=0.5)
    observed = forecast(database, configuration, now=_evening(date(2022, 12, 2))).observed
    # Everybody who was due was tried, and each day about half of those who had failed again.
    assert observed.pace()[0] > 0.9
    assert observed.retried / observed.parked_days == pytest.approx(0.5, abs=0.2)
    share = observed.succeeded / (observed.succeeded + observed.failed)
    assert share == pytest.approx(0.7, abs=0.15)


def test_half_the_hands_halve_the_pace_and_the_cutover_is_seen_to_slip(
    database: Database, configuration: Settings
) -> None:
    settings = configuration.model_copy(
        update={
            "programme": configuration.programme.model_copy(update={"cutover": date(2023, 2, 20)})
        }
    )
    Played(database, settings).until(date(2022, 11, 21))
    with database.write() as session:
        # From here on nobody comes: what is due stays where it is.
        done = forecasts.done(session)
    made = forecast(database, settings, now=_evening(date(2022, 12, 1)))
    assert made.done == done
    assert made.observed.pace()[0] < 0.7
    assert made.outlook is not None
    assert made.outlook.probability < 0.2


def test_after_the_cutover_and_without_working_days_the_date_cannot_be_met(
    database: Database, configuration: Settings
) -> None:
    Played(database, configuration).until(date(2022, 12, 2))
    programme = configuration.programme
    past = configuration.model_copy(
        update={"programme": programme.model_copy(update={"cutover": date(2022, 12, 1)})}
    )
    made = forecast(database, past, now=_evening(date(2022, 12, 2)))
    assert made.required_per_day is None
    assert made.outlook is not None
    assert made.outlook.probability == 0
    assert made.outlook.p50 is not None
    closed = configuration.model_copy(
        update={
            "calendar": Calendar(
                closed=(DateRange(first=date(2022, 12, 3), last=date(2025, 1, 1)),)
            )
        }
    )
    made = forecast(database, closed, now=_evening(date(2022, 12, 5)))
    assert made.outlook is not None
    assert (made.outlook.p10, made.outlook.probability) == (None, 0)


def test_nothing_done_and_days_to_come_are_refused(
    database: Database, configuration: Settings
) -> None:
    with pytest.raises(NothingToCompare, match="no machine was done by 2022-11-30"):
        backtest(database, configuration, now=_evening(date(2022, 11, 30)))
    with pytest.raises(NothingToCompare, match="is not over yet"):
        backtest(database, configuration, now=_evening(date(2022, 11, 30)), until=date(2022, 12, 1))


def test_one_row_a_day_is_kept_and_a_second_night_makes_the_next(
    database: Database, configuration: Settings
) -> None:
    Played(database, configuration).until(date(2022, 12, 2))
    for moment in (datetime(2022, 12, 4, 18, tzinfo=UTC), datetime(2022, 12, 5, 9, tzinfo=UTC)):
        # The 5th in Tokyo both times: a restarted daemon finds the row of the day.
        said = forecasting.keep_daily(database, configuration, moment)
    assert "kept before" in said
    forecasting.keep_daily(database, configuration, datetime(2022, 12, 5, 18, tzinfo=UTC))
    with database.read() as session:
        rows = forecasts.kept(session)
    assert [row.day for row in rows] == [date(2022, 12, 5), date(2022, 12, 6)]
    assert all(row.p50 is not None and row.required_per_day for row in rows)


def test_what_a_night_counts_is_what_the_evening_before_had_reached(
    database: Database, configuration: Settings
) -> None:
    played = Played(database, configuration)
    reached: dict[date, int] = {}
    for day in (date(2022, 12, 1), date(2022, 12, 2)):
        played.until(day)
        with database.read() as session:
            reached[day] = forecasts.done(session)
        night = datetime.combine(day + timedelta(days=1), time(2, 30), configuration.programme.zone)
        forecasting.keep_daily(database, configuration, night)
    assert 0 < reached[date(2022, 12, 1)] < reached[date(2022, 12, 2)]
    shown = dict(burn_up(database, configuration, _evening(date(2022, 12, 5))).actual)
    assert {day: shown[day] for day in reached} == reached


def test_a_row_without_a_forecast_keeps_its_reason(
    database: Database, configuration: Settings
) -> None:
    assert "not computable" in forecasting.keep_daily(database, configuration, BEFORE)
    with database.read() as session:
        (row,) = forecasts.kept(session)
    assert row.missing == Lack.FEW_DAYS.value
    assert forecasting.kept_reason(row) == "too few working days with outcomes"
