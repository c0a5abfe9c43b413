"""Which machines begin their next step, and which must not."""

from datetime import date
from typing import Any

import pytest

from rollout.application import dispatch, probing
from rollout.application.ports import Pace
from rollout.application.programme import Programme
from rollout.domain.errors import LeaseHeld
from rollout.domain.machine import MachineState, Step
from rollout.domain.wave import WaveVerb
from rollout.settings import StepTimes

Office = Any
CAPTURED = MachineState.CAPTURED


def chosen(order: Any) -> list[int]:
    return [host.machine_id for host in order.hosts]


def test_nothing_begins_in_a_wave_that_is_not_started(office: Office) -> None:
    office.wave(running=False)
    office.machines(2)
    assert office.claim_next() is None
    office.move_wave(WaveVerb.SUBMIT)
    assert office.claim_next() is None
    office.move_wave(WaveVerb.APPROVE)
    assert office.claim_next() is None
    office.move_wave(WaveVerb.START)
    assert len(office.claim_next().hosts) == 2


@pytest.mark.parametrize("verb", [WaveVerb.PAUSE, WaveVerb.HALT, WaveVerb.CANCEL])
def test_a_stopped_wave_begins_nothing_more(office: Office, verb: WaveVerb) -> None:
    office.wave()
    office.machines(1, state=CAPTURED)
    office.move_wave(verb)
    assert office.tick().started == 0
    assert office.engine.orders == {}


def test_a_resumed_wave_goes_on(office: Office) -> None:
    office.wave()
    ids = office.machines(1)
    office.move_wave(WaveVerb.PAUSE)
    assert office.claim_next() is None
    office.move_wave(WaveVerb.RESUME)
    assert chosen(office.claim_next()) == ids


def test_a_machine_waits_for_its_day_in_the_zone_of_the_programme(office: Office) -> None:
    office.wave()
    ids = office.machines(1, planned_day=date(2022, 11, 2))
    assert office.claim_next() is None
    # 15:00 UTC is midnight in Tokyo.
    office.clock.forward(hours=14, minutes=29, seconds=59)
    assert office.claim_next() is None
    office.clock.forward(seconds=1)
    assert chosen(office.claim_next()) == ids


def test_machines_of_a_site_are_at_work_only_as_many_as_it_can_bear(office: Office) -> None:
    office.wave()
    small, large = office.site("支所"), office.site("本庁")
    ids = office.machines(3, site=small)
    others = office.machines(3, site=large)
    office.settings = office.settings.model_copy(
        update={"sites": {"支所": office.settings.limits.site.model_copy(update={"at_once": 2})}}
    )
    assert chosen(office.claim_next()) == ids[:2]
    # The busy site does not keep the other one waiting.
    assert chosen(office.claim_next()) == others
    assert office.claim_next() is None


def test_a_destructive_step_stays_within_the_blast_radius_across_sites(office: Office) -> None:
    office.configure("limits", blast_radius=3, machines_per_run=2)
    office.wave()
    first = office.machines(2, site=office.site("a"), state=CAPTURED)
    second = office.machines(2, site=office.site("b"), state=CAPTURED)
    assert chosen(office.claim_next()) == first
    assert chosen(office.claim_next()) == second[:1]
    assert office.claim_next() is None


def test_the_blast_radius_does_not_hold_up_other_steps(office: Office) -> None:
    office.configure("limits", blast_radius=1)
    office.wave()
    office.machines(2, state=CAPTURED)
    planned = office.machines(1)
    assert len(office.claim_next().hosts) == 1
    assert chosen(office.claim_next()) == planned


def test_a_run_has_no_more_machines_and_a_daemon_no_more_runs_than_allowed(
    office: Office,
) -> None:
    office.configure("limits", machines_per_run=2, runs_at_once=2)
    office.wave()
    office.machines(5)
    assert office.tick().started == 2
    assert [len(order.hosts) for order in office.engine.orders.values()] == [2, 2]
    assert office.tick().started == 0
    run = min(office.engine.orders)
    office.engine.deliver(*(office.report(office.engine.orders[run], host.machine_id)
                            for host in office.engine.orders[run].hosts))  # fmt: skip
    office.engine.end(run)
    assert office.tick().started == 1


def test_a_machine_waits_for_company_while_others_of_its_site_are_at_work(
    office: Office,
) -> None:
    office.configure("limits", gather_seconds=3)
    office.wave()
    order, (first, second) = office.begin(Step.PREFLIGHT, 2)
    office.engine.deliver(office.report(order, first))
    assert office.tick().started == 0
    office.clock.forward(seconds=1)
    office.engine.deliver(office.report(order, second))
    office.engine.end(order.run_id)
    assert office.tick().started == 1
    assert chosen(office.engine.last) == [first, second]


def test_waiting_for_company_ends(office: Office) -> None:
    office.configure("limits", gather_seconds=3)
    office.wave()
    order, (first, _second) = office.begin(Step.PREFLIGHT, 2)
    office.engine.deliver(office.report(order, first))
    office.clock.forward(seconds=3)
    assert office.tick().started == 1
    assert chosen(office.engine.last) == [first]


def test_nothing_is_claimed_after_the_lease_was_taken_over(office: Office) -> None:
    office.wave()
    ids = office.machines(1)
    office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        office.claim_next()
    assert office.states(ids) == ["planned"]
    assert office.claims(ids[0]) == []


def test_a_machine_is_claimed_once_and_every_claim_has_a_higher_epoch(office: Office) -> None:
    office.wave()
    ids = office.machines(3)
    first = office.claim_next()
    assert office.claim_next() is None
    epochs = [host.epoch for host in first.hosts]
    assert len(set(epochs)) == len(ids)
    assert [office.claims(machine_id)[0].id for machine_id in ids] == epochs
    later = office.machines(1)
    assert office.claim_next().hosts[0].epoch > max(epochs)
    assert len(office.claims(later[0])) == 1


@pytest.mark.parametrize("missing", ["serial", "computer_name"])
@pytest.mark.parametrize("state", [MachineState.PLANNED, MachineState.RESTORED])
def test_a_machine_that_cannot_be_known_or_reached_is_held_with_the_reason(
    office: Office, missing: str, state: MachineState
) -> None:
    office.wave()
    (machine_id,) = office.machines(1, state=state, **{missing: None})
    ticked = office.tick()
    machine = office.machine(machine_id)
    assert (machine.state, machine.held_from) == ("held", state.value)
    assert "no serial or no computer name" in machine.cause
    assert office.engine.orders == {}
    assert ticked.idle


def test_a_generation_that_is_replaced_is_never_reimaged(office: Office) -> None:
    office.wave()
    ids = office.machines(1, generation="DK17", state=CAPTURED)
    assert office.tick().idle
    assert office.states(ids) == ["captured"]


def test_take_home_of_the_generation_decides_what_follows_verify(office: Office) -> None:
    office.wave()
    (goes,) = office.machines(1, generation="DK20", state=MachineState.VERIFIED)
    stays, later = (
        office.machines(1, generation=generation, state=MachineState.VERIFIED)[0]
        for generation in ("DK18", "DK19")
    )
    office.tick()
    assert office.states([goes, stays, later]) == ["enabling", "migrated", "migrated"]
    assert office.engine.last.playbook == "enable.yml"
    office.engine.deliver(office.report(office.engine.last, goes))
    office.engine.end(office.engine.last.run_id)
    assert office.states([goes]) == ["prepared"]
    office.tick()
    assert office.states([goes]) == ["migrated"]


def test_nothing_is_handed_over_in_a_paused_wave(office: Office) -> None:
    office.wave()
    ids = office.machines(1, generation="DK19", state=MachineState.VERIFIED)
    office.move_wave(WaveVerb.PAUSE)
    assert office.tick().idle
    assert office.states(ids) == ["verified"]


def test_the_order_gives_the_machine_of_the_ledger_and_only_a_reimage_a_token(
    office: Office,
) -> None:
    office.wave()
    (machine_id,) = office.machines(1)
    name = "{{ 7 * 7 }} <b>'\"\n=1+1 ../x"
    office.owner(machine_id, name)
    (host,) = office.claim_next().hosts
    machine = office.machine(machine_id)
    assert host.name == f"m{machine_id}"
    assert host.address == machine.computer_name
    assert host.values["rollout_owner_name"] == name
    assert host.values["rollout_owner_staff_number"] == "00417"
    assert host.values["rollout_serial"] == machine.serial
    assert host.values["rollout_epoch"] == host.epoch
    assert host.values["rollout_take_home"] is True
    assert host.secrets == {}
    (other,) = office.machines(1, state=CAPTURED)
    (armed,) = office.claim_next().hosts
    assert armed.machine_id == other
    assert set(armed.secrets) == {"rollout_arm_token"}


def test_handing_over_needs_the_lease(office: Office) -> None:
    office.take_lease("daemon two", gone=True)
    for act in (dispatch.set_aside, probing.claim_probe):
        with pytest.raises(LeaseHeld):
            act(
                office.database,
                office.settings,
                lease_epoch=office.lease,
                at=office.clock.now(),
            )


def test_what_ends_during_a_tick_keeps_the_daemon_from_ending(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.VERIFY)

    class EndsLate(Programme):
        def _close_waves(self) -> bool:
            if order.run_id in office.engine.running:
                office.engine.deliver(office.report(order, machine_id))
                office.engine.end(order.run_id)
            return super()._close_waves()

    programme = EndsLate(
        office.database, office.settings, office.engine, office.clock, lease_epoch=office.lease
    )
    ticked = programme.tick()
    assert office.states([machine_id]) == ["verified"]
    assert not ticked.idle, "enable can begin, although this tick looked for it too early"
    assert programme.tick().started == 1


def test_an_order_carries_the_pace_of_its_step_and_of_no_other(office: Office) -> None:
    times = StepTimes(serial=[1, "50%"], max_fail_percentage=20, throttle=4)
    office.settings = office.settings.model_copy(update={"steps": {Step.CAPTURE: times}})
    office.programme = office.new_programme(office.lease)
    office.wave()
    order, _ = office.begin(Step.CAPTURE)
    assert order.pace == Pace((1, "50%"), 20, 4)
    other, _ = office.begin(Step.VERIFY)
    assert other.pace == Pace()
