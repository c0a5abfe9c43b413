"""Milestones and indicators: said by somebody, kept with the reason, judged by their day."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlmodel import col, select
from typer.testing import CliRunner

from rollout import i18n
from rollout.application.board import setting
from rollout.application.board.view import view, view_at
from rollout.application.exports.status.exceptions import ExceptionKind, exceptions
from rollout.application.operators import NotPermitted, Operator
from rollout.cli.commands import app
from rollout.domain.errors import NotAllowed, RolloutError
from rollout.domain.programme_board import IndicatorStanding, MilestoneState
from rollout.settings import OperatorRole, Settings, load
from rollout.store import history
from rollout.store.database import Database
from rollout.store.tables import AuditRow

CONFIGURATION = """\
[programme]
start = 2022-11-01
cutover = 2023-05-01
[milestones.platform]
name = "データ活用基盤"
due = "R5.3.31"
owner = "デジタル改革推進課"
[milestones.rules]
due = 2022-12-28
[indicators.trials]
name = "実証"
unit = "件"
targets = { "FY2023" = 3, "令和6年度" = 3 }
[indicators.paper]
better = "less"
targets = { "2022" = 100 }
"""
AT = datetime(2022, 11, 1, tzinfo=UTC)
TANAKA = Operator("tanaka", OperatorRole.OPERATOR)
STATES = list(MilestoneState)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    (tmp_path / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    opened = databases.migrated(tmp_path / "rollout.db")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "rollout.toml"))
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", opened.url)
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    monkeypatch.setattr(i18n, "_chosen", [])
    yield opened
    opened.close()


@pytest.fixture
def configuration(database: Database) -> Settings:
    return load()


def run(*arguments: str, now: str = "2023-04-03T09:00+09:00") -> str:
    result = CliRunner().invoke(app, ["--now", now, *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def shown(*options: str, now: str = "2023-04-03T09:00+09:00") -> Any:
    return json.loads(run("programme", "show", "--json", *options, now=now))


def test_what_nobody_spoke_of_is_open_and_late_after_its_day(database: Database) -> None:
    tree = shown()
    assert [(m["key"], m["state"], m["days_late"]) for m in tree["milestones"]] == [
        ("rules", "open", 96),
        ("platform", "open", 3),
    ]
    assert [(i["key"], i["fiscal_year"], i["standing"]) for i in tree["indicators"]] == [
        ("trials", 2023, "awaited"),
        ("trials", 2024, "awaited"),
        ("paper", 2022, "unmeasured"),
    ]
    assert tree["late"] == 3
    assert [m["key"] for m in shown(now="2023-03-31T23:59+09:00")["milestones"] if m["late"]] == [
        "rules"
    ]


def test_what_is_said_is_in_the_history_with_who_and_why(database: Database) -> None:
    run("--actor", "sato", "programme", "set", "platform", "--state", "done", "--reason", "検収済")
    run("programme", "set", "trials", "--year", "令和5年度", "--actual", "2", "--reason", "報告")
    corrected = ("--year", "FY2023", "--actual", "3", "--reason", "訂正")
    again = run("programme", "set", "trials", *corrected)
    assert "3 (before: 2)" in again
    tree = shown()
    platform = next(m for m in tree["milestones"] if m["key"] == "platform")
    assert (platform["state"], platform["late"], platform["since"]) == (
        "done", False, "2023-04-03T09:00:00+09:00",
    )  # fmt: skip
    assert (tree["indicators"][0]["actual"], tree["indicators"][0]["standing"]) == (3, "met")
    with database.read() as session:
        facts = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()
        first = facts[0]
        assert (first.actor, first.noun, first.key, first.verb, first.reason) == (
            "sato", "milestone", "platform", "finish", "検収済",
        )  # fmt: skip
        assert [json.loads(f.detail or "")["actual"] for f in facts[1:]] == [[None, 2], [2, 3]]
        assert history.verify(session).holds


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nothing", "--state", "done", "--reason", "r"), "none of the milestones .*platform"),
        (("trials", "--state", "done", "--reason", "r"), "none of the milestones"),
        (("platform", "--state", "done"), "needs a reason"),
        (("platform", "--state", "open", "--reason", "r"), "platform is open already"),
        (("trials", "--year", "2030", "--actual", "1", "--reason", "r"), "it has 2023, 2024"),
    ],
)
def test_what_was_never_promised_cannot_be_said(
    database: Database, arguments: tuple[str, ...], why: str
) -> None:
    with pytest.raises(RolloutError, match=why):
        run("programme", "set", *arguments)
    with database.read() as session:
        assert history.count(session) == 0


@pytest.mark.parametrize(
    "options", [(), ("--state", "done", "--actual", "1"), ("--actual", "1"), ("--year", "2023")]
)
def test_a_state_or_a_figure_with_its_year(database: Database, options: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["programme", "set", "trials", "--reason", "r", *options])
    assert result.exit_code == 2


def test_a_viewer_says_nothing_and_what_is_done_is_not_given_up(
    database: Database, configuration: Settings
) -> None:
    place, done = (database, configuration, "platform"), MilestoneState.DONE
    with pytest.raises(NotPermitted):
        setting.set_milestone(*place, done, Operator("g", OperatorRole.VIEWER), AT, "r")
    setting.set_milestone(*place, done, TANAKA, AT, "r")
    with pytest.raises(NotAllowed):
        setting.set_milestone(*place, MilestoneState.DROPPED, TANAKA, AT, "r")


SAYING = st.one_of(
    st.tuples(st.sampled_from(["platform", "rules"]), st.sampled_from(STATES)),
    st.tuples(st.sampled_from([2023, 2024]), st.floats(0, 1e6)),
)


@examples(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sayings=st.lists(SAYING, max_size=12))
def test_the_history_tells_every_board_that_ever_was(
    database: Database, configuration: Settings, sayings: list[tuple[Any, Any]]
) -> None:
    with database.read() as session:
        begun = AT + timedelta(days=history.count(session))
    seen = {}
    for number, (what, value) in enumerate(sayings):
        at = begun + timedelta(hours=number)
        try:
            if isinstance(what, str):
                setting.set_milestone(database, configuration, what, value, TANAKA, at, "r")
            else:
                setting.set_indicator(
                    database, configuration, "trials", what, value, TANAKA, at, "r"
                )
        except (NotAllowed, setting.NotPromised):
            continue
        seen[at] = view(database, configuration, at)
    with database.read() as session:
        for at, board in seen.items():
            assert view_at(session, configuration, at) == board


def test_a_promise_that_makes_no_sense_is_refused(database: Database, tmp_path: Path) -> None:
    for wrong, why in (
        ('[milestones.trials]\ndue = "R5.3.31"\n', "another key"),
        ("[indicators.x]\ntargets = {}\n", "without a target"),
        ('[indicators.x]\ntargets = { "R5.2.30" = 1 }\n', "30"),
        ("[milestones.x]\nowner = 'a'\n", "due"),
    ):
        (tmp_path / "rollout.toml").write_text(CONFIGURATION + wrong, encoding="utf-8")
        with pytest.raises(RolloutError, match=why):
            load()


def test_less_is_kept_only_when_the_year_is_over(
    database: Database, configuration: Settings
) -> None:
    setting.set_indicator(database, configuration, "paper", 2022, 99, TANAKA, AT, "r")
    in_march = view(database, configuration, datetime(2023, 3, 31, tzinfo=UTC)).indicators[-1]
    in_april = view(database, configuration, datetime(2023, 4, 1, tzinfo=UTC)).indicators[-1]
    assert (in_march.standing, in_april.standing) == (
        IndicatorStanding.AWAITED,
        IndicatorStanding.MET,
    )


def test_days_since_a_figure_was_said_are_those_of_the_programme(
    database: Database, configuration: Settings
) -> None:
    # One in the morning of 3 April in Japan.
    said = datetime(2023, 4, 2, 16, tzinfo=UTC)
    setting.set_indicator(database, configuration, "trials", 2023, 1, TANAKA, said, "counted")
    report = datetime(2024, 4, 10, tzinfo=UTC)
    board = view(database, configuration, report)
    found = [
        one
        for one in exceptions(configuration, report, [], {}, board)
        if one.kind is ExceptionKind.INDICATOR
    ]
    assert [one.days for one in found if one.year == 2023] == [373]
