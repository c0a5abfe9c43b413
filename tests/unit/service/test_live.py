"""The lines at the bottom of the daemon's terminal."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from rollout.application.under_way import LiveRun, UnderWay
from rollout.domain.machine import Step
from rollout.domain.run import RunPurpose
from rollout.service.live import LiveView

NOW = datetime(2022, 11, 1, 0, 30, tzinfo=UTC)


class StandingClock:
    def now(self) -> datetime:
        return NOW


def run(number: int = 12, **fields: object) -> LiveRun:
    given: dict[str, object] = {
        "id": number, "step": Step.REIMAGE, "purpose": RunPurpose.STEP, "wave": 1, "site": "本庁",
        "size": 8, "done": 5, "bad": 1, "since": NOW - timedelta(seconds=133), **fields,
    }  # fmt: skip
    return LiveRun(**given)  # type: ignore[arg-type]


def drawn(seen: UnderWay | None, width: int = 110) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    view = LiveView(StandingClock(), ZoneInfo("Asia/Tokyo"), console)
    if seen is not None:
        view.show(seen)
    console.print(view.drawn())
    console.file.close()
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_every_run_has_a_line_with_what_where_how_far_and_how_long() -> None:
    summary, line = drawn(UnderWay([run()], [(1, 5, 8)], {"reimaging": 2, "migrated": 5}))
    assert summary == "11-01 09:30:00  wave 1 5/8  reimaging 2  migrated 5"
    assert line.startswith("run 12  reimage 本庁 wave 1  ━")
    assert line.endswith("5/8  1 not through  0:02:13")


def test_the_lines_are_japanese_for_japanese_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    summary, line = drawn(UnderWay([run()], [(1, 5, 8)], {"reimaging": 2}))
    assert "再イメージ中 2" in summary
    assert "本庁" in line
    for english in ("wave", "run", "through", "reimag"):
        assert english not in summary + line


def test_a_probe_says_that_it_is_one() -> None:
    probe = run(step=None, purpose=RunPurpose.PROBE, wave=None, site=None, bad=0, done=0)
    line = drawn(UnderWay([probe], [], {}))[1]
    assert line.startswith("run 12  probe  ")
    assert "not through" not in line


def test_nothing_under_way_is_said_only_when_no_machine_is_at_work() -> None:
    assert "nothing under way" in drawn(UnderWay([], [], {"planned": 3}))[0]
    assert "nothing under way" not in drawn(UnderWay([], [], {"reimaging": 1}))[0]


def test_many_runs_leave_room_on_the_terminal() -> None:
    lines = drawn(UnderWay([run(number) for number in range(40)], [], {}))
    assert len(lines) == 14
    assert lines[-1] == "and 28 more"


def test_before_the_first_tick_it_says_so() -> None:
    assert drawn(None) == ["starting"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_narrow_terminal_gets_whole_lines(width: int) -> None:
    site = "県庁本館四日市合同庁舎別館" * 3
    lines = drawn(UnderWay([run(site=site), run(13)], [], {}), width)
    assert len(lines) == 3


def test_markup_in_a_name_is_text() -> None:
    assert "[red]x[/red]" in drawn(UnderWay([run(site="[red]x[/red]")], [], {}))[1]
