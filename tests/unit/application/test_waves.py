"""Approval, stopping and closing of waves."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from rollout.application import waves
from rollout.application.operators import NotPermitted, Operator
from rollout.application.waves import WaveRefused
from rollout.domain.errors import NeedsApproval
from rollout.domain.machine import MachineState, Step
from rollout.domain.wave import WaveVerb
from rollout.settings import OperatorRole
from rollout.store.tables import Machine, Wave

Office = Any


def move(office: Office, verb: WaveVerb, who: Operator, reason: str | None = None) -> str:
    return waves.move(office.database, 1, verb, who, office.clock.now(), reason)


def change_a_day(office: Office, machine_id: int) -> None:
    with office.database.write() as session:
        machine = session.exec(select(Machine).where(Machine.id == machine_id)).one()
        machine.planned_day = date(2022, 12, 1)
        session.add(machine)


def test_nobody_approves_what_they_submitted(office: Office) -> None:
    office.wave(running=False)
    move(office, WaveVerb.SUBMIT, office.approver)
    with pytest.raises(NeedsApproval, match="another operator"):
        move(office, WaveVerb.APPROVE, office.approver)
    assert office.wave_state() == "awaiting_approval"
    other = Operator("second approver", OperatorRole.APPROVER)
    assert move(office, WaveVerb.APPROVE, other) == "approved"
    (wave,) = office.rows(Wave)
    assert (wave.submitted_by, wave.approved_by) == ("approver", "second approver")


def test_an_approval_needs_an_approver(office: Office) -> None:
    office.wave(running=False)
    move(office, WaveVerb.SUBMIT, office.approver)
    with pytest.raises(NotPermitted):
        move(office, WaveVerb.APPROVE, office.planner)


def test_a_start_needs_an_approval(office: Office) -> None:
    office.wave(running=False)
    with pytest.raises(NeedsApproval):
        move(office, WaveVerb.START, office.planner)
    move(office, WaveVerb.SUBMIT, office.planner)
    with pytest.raises(NeedsApproval):
        move(office, WaveVerb.START, office.planner)


def test_a_list_that_changed_after_its_submission_is_not_approved(office: Office) -> None:
    office.wave(running=False)
    (machine_id,) = office.machines(1)
    move(office, WaveVerb.SUBMIT, office.planner)
    change_a_day(office, machine_id)
    with pytest.raises(WaveRefused, match="changed since it was submitted"):
        move(office, WaveVerb.APPROVE, office.approver)
    move(office, WaveVerb.WITHDRAW, office.planner, "changed")
    move(office, WaveVerb.SUBMIT, office.planner)
    assert move(office, WaveVerb.APPROVE, office.approver) == "approved"


def test_a_list_that_changed_after_its_approval_is_not_started(office: Office) -> None:
    office.wave(running=False)
    office.machines(1)
    move(office, WaveVerb.SUBMIT, office.planner)
    move(office, WaveVerb.APPROVE, office.approver)
    office.machines(1)
    with pytest.raises(WaveRefused, match="changed since"):
        move(office, WaveVerb.START, office.planner)


def test_a_new_submission_takes_the_old_approval_away(office: Office) -> None:
    office.wave(running=False)
    move(office, WaveVerb.SUBMIT, office.planner)
    move(office, WaveVerb.APPROVE, office.approver)
    move(office, WaveVerb.WITHDRAW, office.planner, "not yet")
    move(office, WaveVerb.SUBMIT, office.planner)
    (wave,) = office.rows(Wave)
    assert (wave.approved_by, wave.approved_at) == (None, None)


@pytest.mark.parametrize("verb", sorted(waves.NEEDS_A_REASON))
def test_stopping_a_wave_needs_a_reason(office: Office, verb: WaveVerb) -> None:
    office.wave()
    with pytest.raises(WaveRefused, match="needs a reason"):
        move(office, verb, office.planner)
    assert office.wave_state() == "running"


def test_a_cancelled_wave_gives_machines_back_that_were_not_begun(office: Office) -> None:
    office.wave()
    (planned,) = office.machines(1)
    (begun,) = office.machines(1, state=MachineState.CAPTURED)
    move(office, WaveVerb.CANCEL, office.planner, "moved to spring")
    back, stays = office.machine(planned), office.machine(begun)
    assert (back.state, back.wave_id, back.planned_day) == ("registered", None, None)
    assert stays.state == "captured"
    assert stays.wave_id is not None


def test_a_wave_without_work_is_watched_and_then_done(office: Office) -> None:
    office.wave()
    office.machines(1, generation="DK19", state=MachineState.VERIFIED)
    office.tick()
    assert office.wave_state() == "soaking"
    office.tick()
    assert office.wave_state() == "done"


def test_the_pilot_is_watched_for_whole_working_days(office: Office) -> None:
    office.wave(pilot=True)
    office.machines(1, generation="DK19", state=MachineState.VERIFIED)
    for day, state in [
        ("Tuesday 1 November", "soaking"),
        ("Wednesday", "soaking"),
        ("Thursday, a holiday", "soaking"),
        ("Friday", "done"),
    ]:
        office.tick()
        office.tick()
        assert office.wave_state() == state, day
        office.clock.forward(days=1)


@pytest.mark.parametrize("state", ["failed", "silent"])
def test_a_wave_with_an_open_question_is_not_closed(office: Office, state: str) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    status = "failed" if state == "failed" else "unreachable"
    office.engine.deliver(office.engine.event(order.run_id, machine_id, status))
    office.engine.end(order.run_id, "failed")
    office.tick()
    assert office.states([machine_id]) == [state]
    assert office.wave_state() == "running"


def test_a_closed_wave_whose_machine_is_released_runs_again(office: Office) -> None:
    from rollout.application.machines import move as move_machines
    from rollout.domain.machine import MachineVerb

    office.wave()
    (machine_id,) = office.machines(1)
    tag, now = office.machine(machine_id).asset_tag, office.clock.now()
    move_machines(
        office.database, [tag], MachineVerb.HOLD, office.planner, now, reason="owner is away"
    )
    office.tick()
    office.tick()
    assert office.wave_state() == "done"
    move_machines(office.database, [tag], MachineVerb.RELEASE, office.planner, now)
    office.tick()
    assert office.wave_state() == "running"
    office.tick()
    assert office.states([machine_id]) == ["checking"]
