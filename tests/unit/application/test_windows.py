"""Steps begin inside the change window of their site, and on their machine's day."""

from datetime import date
from typing import Any

import pytest

from rollout.domain.machine import MachineState, Step
from rollout.settings.operation import SiteWindow, Windows

Office = Any


def within(office: Office, **values: Any) -> None:
    """Windows as a configuration file would give them; the clock stands at 09:30 in Tokyo."""
    windows = Windows(**values)
    office.settings = office.settings.model_copy(update={"windows": windows})
    office.programme = office.new_programme(office.lease)


@pytest.mark.parametrize("state", [MachineState.PLANNED, MachineState.CAPTURED])
def test_nothing_begins_outside_and_everything_inside(office: Office, state: MachineState) -> None:
    within(office, hours=["18:00-22:00"])
    office.wave()
    ids = office.machines(1, state=state)
    assert office.tick().idle
    assert office.states(ids) == [state.value]
    office.clock.forward(hours=8, minutes=29, seconds=59)
    assert office.claim_next() is None
    office.clock.forward(seconds=1)
    assert office.claim_next() is not None


def test_a_machine_that_was_rewritten_is_made_ready_outside_too(office: Office) -> None:
    within(office, hours=["18:00-22:00"])
    office.wave()
    (done,) = office.machines(1, state=MachineState.REIMAGED)
    assert [host.machine_id for host in office.claim_next().hosts] == [done]


def test_a_site_has_its_own_window(office: Office) -> None:
    within(office, hours=["18:00-22:00"], sites={"津": SiteWindow(hours=("09:00-10:00",))})
    office.wave()
    office.machines(1, site=office.site("本庁"))
    (here,) = office.machines(1, site=office.site("津"))
    assert [host.machine_id for host in office.claim_next().hosts] == [here]
    assert office.claim_next() is None


def test_only_on_the_days_of_the_week_that_are_named(office: Office) -> None:
    within(office, weekdays=["wed"])
    office.wave()
    office.machines(1)
    assert office.claim_next() is None
    office.clock.forward(days=1)
    assert office.claim_next() is not None


def test_steps_that_may_go_ahead_begin_the_day_before_and_reimage_waits(office: Office) -> None:
    within(office, ahead=["preflight", "capture"])
    tomorrow = date(2022, 11, 2)
    office.wave()
    (planned,) = office.machines(1, planned_day=tomorrow)
    (cleared,) = office.machines(1, state=MachineState.CLEARED, planned_day=tomorrow)
    (captured,) = office.machines(1, state=MachineState.CAPTURED, planned_day=tomorrow)
    office.machines(1, planned_day=date(2022, 11, 3))
    begun = [host.machine_id for _ in range(2) for host in office.claim_next().hosts]
    assert sorted(begun) == [planned, cleared]
    assert office.claim_next() is None
    office.clock.forward(days=1)
    begun = [host.machine_id for _ in range(2) for host in office.claim_next().hosts]
    assert captured in begun


@pytest.mark.parametrize("name", ["exempt", "ahead"])
def test_a_step_that_rewrites_disks_is_never_let_out(name: str) -> None:
    with pytest.raises(ValueError, match="reimage rewrites disks"):
        Windows(**{name: (Step.REIMAGE,)})


def test_what_follows_the_reimage_cannot_go_ahead_of_it() -> None:
    with pytest.raises(ValueError, match="verify comes after the reimage"):
        Windows(ahead=(Step.VERIFY,))
