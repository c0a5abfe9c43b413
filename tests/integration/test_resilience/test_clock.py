"""A clock that is set, hours that come twice or never: every step keeps the time it was given."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rollout.adapters.clock import SystemClock
from rollout.application.programme import Programme as Acting
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store import claims, leases

Programme = Any


class Wall:
    """The computer's clock as everything in this process reads it, set by a test."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the system's clock where the daemon and its scheduler read it."""
        wall = self

        class Read(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.now(tz) + wall.set_by

        for module in (
            "apscheduler.schedulers.base",
            "apscheduler.triggers.interval",
            "rollout.adapters.clock",
            "rollout.service.daemon",
            "rollout.store.moments",
        ):
            monkeypatch.setattr(f"{module}.datetime", Read)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """The clock of this process."""
    made = Wall()
    made.install(monkeypatch)
    return made


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_that_is_set_makes_nobody_late_and_the_daemon_goes_on(
    hours: int,
    wall: Wall,
    programme: Programme,
    engine: Any,
    start: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    programme.populate(1, wave=WaveState.RUNNING)
    engine.let_go.clear()
    runner = start(engine, SystemClock())
    programme.wait_for(lambda: engine.started, "the run")
    (claim,) = programme.claims()
    wall.set_by = timedelta(hours=hours)
    runner.ticks_again(3)
    (moved,) = programme.claims()
    along = moved.deadline_at - claim.deadline_at
    assert abs(along - wall.set_by) < timedelta(seconds=1)
    assert moved.outcome is None
    assert programme.states() == ["verifying"]
    assert any(f"was set by {hours * 3600:+d} s" in line.getMessage() for line in caplog.records)
    engine.let_go.set()
    programme.wait_for(programme.through, "the machine's end")
    runner.ticks_again(3)
    with programme.database.read() as session:
        lease = leases.holder(session, now=SystemClock().now())
    assert lease is not None, "the lease is not kept any more"


def test_a_small_correction_of_the_clock_is_left_alone(
    wall: Wall, programme: Programme, engine: Any, start: Callable[..., Any]
) -> None:
    programme.populate(1, wave=WaveState.RUNNING)
    engine.let_go.clear()
    runner = start(engine, SystemClock())
    programme.wait_for(lambda: engine.started, "the run")
    (claim,) = programme.claims()
    wall.set_by = timedelta(seconds=2)
    runner.ticks_again(3)
    assert programme.claims()[0].deadline_at == claim.deadline_at


class Berlin:
    """A programme in Berlin, whose ticks come at the moments that a test names."""

    def __init__(self, programme: Programme, engine: Any, hours: str, step: str) -> None:
        self.moment = datetime(2022, 10, 1, tzinfo=UTC)
        self.engine = engine
        text = f'[windows]\nhours = ["{hours}"]\nexempt = []\n[steps.{step}]\nminutes = 30\n'
        settings = programme.configure(text)
        zone = settings.programme.model_copy(update={"timezone": "Europe/Berlin"})
        settings = settings.model_copy(update={"programme": zone})
        with programme.database.write() as session:
            now, lasts = datetime.now(UTC), timedelta(hours=1)
            epoch = leases.acquire(session, "test", now=now, lasts=lasts)
        self._acting = Acting(programme.database, settings, engine, self, lease_epoch=epoch)

    def now(self) -> datetime:
        return self.moment

    def begins_at(self, text: str) -> bool:
        """Whether a tick at this moment (UTC) starts something."""
        self.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return self._acting.tick().started > 0


@pytest.fixture
def slow(engine: Any) -> Any:
    """An engine whose runs do not end by themselves."""
    engine.let_go.clear()
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2023-03-26T00:29", False),  # 01:29 CET
        ("2023-03-26T00:30", True),  # 01:30 CET
        ("2023-03-26T01:29", True),  # 03:29 CEST: the hour between does not exist
        ("2023-03-26T01:30", False),  # 03:30 CEST
        ("2022-10-29T23:29", False),  # 01:29 CEST
        ("2022-10-30T00:30", True),  # 02:30 CEST
        ("2022-10-30T01:30", True),  # 02:30 CET, for the second time
        ("2022-10-30T02:29", True),  # 03:29 CET
        ("2022-10-30T02:30", False),  # 03:30 CET
    ],
)
def test_a_window_in_berlin_is_that_of_the_clock_on_the_wall(
    moment: str, opens: bool, programme: Programme, slow: Any
) -> None:
    programme.populate(1, wave=WaveState.RUNNING)
    assert Berlin(programme, slow, "01:30-03:30", "verify").begins_at(moment) is opens


@pytest.mark.parametrize("night", ["2023-03-26T00:50", "2022-10-30T00:50"])
def test_a_deadline_over_the_change_is_so_many_real_minutes(
    night: str, programme: Programme, slow: Any
) -> None:
    """The machine is armed and its run has ended: only its check-in or the deadline is left."""
    (machine_id,) = programme.populate(1, wave=WaveState.RUNNING, state=MachineState.CAPTURED)
    berlin = Berlin(programme, slow, "00:00-06:00", "reimage")
    assert berlin.begins_at(night)
    begun, (claim,) = berlin.moment, programme.claims()
    with programme.database.write() as session:
        assert claims.arm(session, claim.id, at=begun, boot_id="before")
    slow.let_go.set()
    programme.wait_for(lambda: not slow.alive(), "the end of the run")
    berlin.begins_at((begun + timedelta(minutes=29, seconds=59)).isoformat()[:19])
    assert programme.machine(machine_id).state == "reimaging"
    berlin.begins_at((begun + timedelta(minutes=30)).isoformat()[:19])
    assert programme.machine(machine_id).state == "silent"


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        ("2023-03-25T22:59", False),  # still Saturday in Berlin, Sunday in Tokyo
        ("2023-03-25T23:00", True),  # midnight before the change
        ("2023-03-26T22:30", True),  # Monday already: what is due stays due
    ],
)
def test_a_day_begins_at_midnight_of_the_programmes_zone(
    moment: str, begins: bool, programme: Programme, slow: Any
) -> None:
    programme.populate(1, wave=WaveState.RUNNING, day=date(2023, 3, 26))
    assert Berlin(programme, slow, "00:00-24:00", "verify").begins_at(moment) is begins
