"""Controls that were pending are measured again; no machine is moved by that."""

from typing import Any

import pytest

from rollout.application import rechecks
from rollout.application.ports import RunOrder
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import RunPurpose
from rollout.domain.stop import StopScope
from rollout.domain.wave import WaveVerb
from rollout.settings import Windows
from rollout.store import machines as machine_rows
from rollout.store import pending_controls, stops
from rollout.store.tables import PendingControls

Office = Any
EDR = "edr_onboarding"


def measured(verdict: str, control: str = EDR) -> dict[str, str]:
    return {"control": control, "value": f"it {verdict}", "verdict": verdict, "source": "registry"}


def handed_over(office: Office, *evidence: dict[str, str], **columns: Any) -> int:
    """A migrated machine whose verify could not judge everything."""
    order, (machine_id,) = office.begin(Step.VERIFY, **({"generation": "DK19"} | columns))
    found = list(evidence or [measured("pending"), measured("pass", "firewall")])
    office.engine.deliver(office.report(order, machine_id, evidence=found))
    office.engine.end(order.run_id)
    office.tick()
    assert office.states([machine_id]) == ["migrated"]
    return machine_id


def recheck(office: Office) -> RunOrder | None:
    """The measurement that a tick begins; None when it begins none."""
    before = set(office.engine.orders)
    office.tick()
    begun = [office.engine.orders[run] for run in set(office.engine.orders) - before]
    assert {order.playbook for order in begun} <= {"recheck.yml"}
    return begun[0] if begun else None


def answer(office: Office, order: RunOrder, machine_id: int, *evidence: Any, **more: Any) -> None:
    office.engine.deliver(office.report(order, machine_id, evidence=list(evidence), **more))
    office.engine.end(order.run_id)


def due(office: Office) -> None:
    office.clock.forward(minutes=office.settings.verify.recheck_minutes)


def left(office: Office, machine_id: int) -> PendingControls | None:
    with office.database.read() as session:
        return pending_controls.of(session, machine_id)


def verdicts(office: Office, machine_id: int) -> list[str]:
    with office.database.read() as session:
        found = machine_rows.evidence_of(session, machine_id)
    return [item.verdict for item in found if item.control == EDR]


def test_a_pending_control_is_measured_again_and_the_machine_stays_where_it_is(
    office: Office,
) -> None:
    office.wave()
    machine_id = handed_over(office)
    version = office.machine(machine_id).version
    office.clock.forward(minutes=29)
    assert recheck(office) is None, "not before its time"
    office.clock.forward(minutes=1)
    order = recheck(office)
    assert order is not None
    assert office.run(order.run_id).purpose == RunPurpose.RECHECK
    assert recheck(office) is None, "a tick again begins nothing again"
    answer(office, order, machine_id, measured("pass"), measured("pass", "firewall"))
    assert verdicts(office, machine_id) == ["pending", "pass"], "every measurement is kept"
    assert left(office, machine_id) is None
    machine = office.machine(machine_id)
    assert (machine.state, machine.version) == ("migrated", version)
    assert office.open_claims() == 0
    due(office)
    assert recheck(office) is None


def test_a_control_that_fails_later_needs_a_person_and_throws_nobody_back(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    answer(office, recheck(office), machine_id, measured("fail"))
    assert left(office, machine_id).cause == (
        "controls failed after hand-over: edr_onboarding: it fail"
    )
    assert office.states([machine_id]) == ["migrated"]
    due(office)
    assert recheck(office) is None, "it waits for a person now"
    tag = office.machine(machine_id).asset_tag
    assert rechecks.again(office.database, tag, office.planner, office.clock.now()) == [EDR]
    order = recheck(office)
    assert order is not None, "the person need not wait"
    answer(office, order, machine_id, measured("pass"))
    assert left(office, machine_id) is None
    assert verdicts(office, machine_id) == ["pending", "fail", "pass"]


def test_a_tolerated_failure_and_one_that_was_not_pending_need_nobody(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    found = [measured("fail"), measured("fail", "firewall")]
    answer(office, recheck(office), machine_id, *found, tolerated=[EDR])
    assert left(office, machine_id) is None


def test_what_is_pending_too_long_needs_a_person(office: Office) -> None:
    office.configure("verify", recheck_hours=4)
    office.wave()
    machine_id = handed_over(office)
    asked = 0
    while left(office, machine_id).cause is None:
        due(office)
        order = recheck(office)
        if order is not None:
            answer(office, order, machine_id, measured("pending"))
            asked += 1
    assert asked == 4 * 60 / 30, "measured to the end, and once when the time was over"
    assert left(office, machine_id).cause == (
        "still pending after 4 h: edr_onboarding (it was measured, but could not be judged)"
    )


def test_a_machine_that_is_switched_off_is_asked_again_until_its_time_is_over(
    office: Office,
) -> None:
    office.configure("verify", recheck_hours=1)
    office.wave()
    found = [measured("pending"), measured("pending", "disk_encryption")]
    machine_id = handed_over(office, *found)
    for _ in range(2):
        due(office)
        order = recheck(office)
        office.engine.deliver(
            office.engine.event(order.run_id, machine_id, "unreachable", message="no route")
        )
        office.engine.end(order.run_id, "failed")
        assert left(office, machine_id).cause is None
    due(office)
    assert recheck(office) is None
    assert left(office, machine_id).cause == "still pending after 1 h: edr_onboarding (no route)"
    assert office.states([machine_id]) == ["migrated"]
    assert office.claims(machine_id)[-1].outcome == "silent"


def test_a_machine_that_refuses_needs_a_person_at_once(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    order = recheck(office)
    refusal = office.engine.event(order.run_id, machine_id, "failed", message="wrong serial")
    office.engine.deliver(refusal)
    office.engine.end(order.run_id, "failed")
    assert left(office, machine_id).cause == "could not be measured again: A task: wrong serial"
    assert office.states([machine_id]) == ["migrated"]


def test_encryption_is_awaited_only_where_the_machine_may_be_taken_home(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office, measured("pending", "disk_encryption"))
    due(office)
    assert recheck(office) is None
    assert left(office, machine_id) is None


def test_a_later_step_settles_what_an_earlier_one_left_pending(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.VERIFY)
    found = [measured("pending"), measured("pending", "disk_encryption")]
    office.engine.deliver(office.report(order, machine_id, evidence=found))
    office.engine.end(order.run_id)
    office.tick()
    order = office.engine.last
    assert order.playbook == "enable.yml"
    found = [measured("pass", "disk_encryption")]
    office.engine.deliver(office.report(order, machine_id, evidence=found))
    office.engine.end(order.run_id)
    assert left(office, machine_id).controls == f'["{EDR}"]'


@pytest.mark.parametrize("scope", StopScope)
def test_a_stop_keeps_a_machine_from_being_measured(office: Office, scope: StopScope) -> None:
    office.wave()
    machine_id = handed_over(office, site=office.site("津"))
    due(office)
    target = {StopScope.ALL: "", StopScope.GENERATION: "DK19", StopScope.SITE: "津"}[scope]
    at = office.clock.now()
    with office.database.write() as session:
        stop = stops.begin(session, scope, target, actor="x", at=at, reason="storm")
    office.clock.forward(hours=500)
    assert recheck(office) is None
    assert left(office, machine_id).cause is None, "a stop uses no time up"
    with office.database.write() as session:
        stops.end(session, stop, actor="x", at=at)
    assert recheck(office) is not None


@pytest.mark.parametrize("verb", [WaveVerb.PAUSE, WaveVerb.HALT])
def test_a_standing_wave_keeps_its_machines_from_being_measured(
    office: Office, verb: WaveVerb
) -> None:
    office.wave()
    office.machines(1, state=MachineState.CAPTURING)
    handed_over(office, generation="DK19")
    office.move_wave(verb)
    due(office)
    assert recheck(office) is None
    office.move_wave(WaveVerb.RESUME)
    assert recheck(office) is not None


def test_windows_hold_for_measurements_unless_verify_is_exempt(office: Office) -> None:
    office.wave()
    handed_over(office)
    due(office)
    office.settings = office.settings.model_copy(
        update={"windows": Windows(hours=("22:00-23:00",), exempt=())}
    )
    office.programme = office.new_programme(office.lease)
    assert recheck(office) is None
    office.clock.forward(hours=12)
    assert recheck(office) is not None, "22:00 in Tokyo"


def test_a_busy_site_has_no_room_for_measurements(office: Office) -> None:
    office.wave()
    site = office.site("津")
    handed_over(office, site=site)
    (busy,) = office.machines(1, state=MachineState.VERIFYING, site=site)
    office.configure("limits", site=office.settings.limits.site.model_copy(update={"at_once": 1}))
    due(office)
    assert recheck(office) is None
    assert office.states([busy]) == ["verifying"]


def test_a_measurement_that_was_lost_is_made_again(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    lost = recheck(office)
    office.engine.running.clear()
    office.programme = office.new_programme(office.take_lease("daemon two", gone=True))
    assert office.programme.recover() == 1
    assert office.claims(machine_id)[-1].outcome == "not_started"
    assert office.states([machine_id]) == ["migrated"]
    again = recheck(office)
    assert again is not None
    assert again.hosts[0].epoch > lost.hosts[0].epoch, "the lost one could not act any more"


def test_a_measurement_without_an_answer_leaves_nothing_open(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    order = recheck(office)
    office.engine.end(order.run_id, "timeout")
    assert office.open_claims() == 0
    assert office.states([machine_id]) == ["migrated"]


def test_a_report_of_another_order_is_not_believed(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office)
    due(office)
    order = recheck(office)
    stale = {"epoch": order.hosts[0].epoch - 1, "evidence": [measured("pass")]}
    office.engine.deliver(office.engine.event(order.run_id, machine_id, report=stale))
    office.engine.end(order.run_id)
    assert verdicts(office, machine_id) == ["pending"]
    assert left(office, machine_id) is not None


def test_nothing_is_asked_for_where_nothing_is_pending(office: Office) -> None:
    office.wave()
    machine_id = handed_over(office, measured("pass"))
    tag = office.machine(machine_id).asset_tag
    with pytest.raises(rechecks.NothingPending, match="nothing is pending"):
        rechecks.again(office.database, tag, office.planner, office.clock.now())


def test_measurements_wait_for_a_place_among_the_runs(office: Office) -> None:
    office.wave()
    office.machines(1, state=MachineState.CAPTURING)
    handed_over(office)
    due(office)
    office.configure("limits", runs_at_once=1)
    office.machines(1, state=MachineState.CLEARED)
    office.tick()
    step = office.engine.last
    assert step.playbook == "capture.yml", "the passage goes first"
    assert recheck(office) is None
    office.engine.deliver(office.engine.event(step.run_id, step.hosts[0].machine_id, "failed"))
    office.engine.end(step.run_id, "failed")
    assert recheck(office) is not None


def test_several_sites_are_measured_in_one_tick_within_the_runs_that_are_allowed(
    office: Office,
) -> None:
    office.wave()
    ids = [
        office.machines(1, state=MachineState.VERIFIED, generation="DK19", site=office.site(name))[
            0
        ]
        for name in ("津", "尾鷲", "熊野")
    ]
    office.tick()
    assert set(office.states(ids)) == {"migrated"}
    with office.database.write() as session:
        reports = {id_: {"evidence": [measured("pending")]} for id_ in ids}
        rechecks.note(session, reports, office.clock.now())
    office.configure("limits", runs_at_once=2)
    due(office)
    before = set(office.engine.orders)
    office.tick()
    begun = [office.engine.orders[run] for run in sorted(set(office.engine.orders) - before)]
    assert [[host.machine_id for host in order.hosts] for order in begun] == [ids[:1], ids[1:2]]
    for order, machine_id in zip(begun, ids, strict=False):
        answer(office, order, machine_id, measured("pass"))
    assert [host.machine_id for host in recheck(office).hosts] == ids[2:]
