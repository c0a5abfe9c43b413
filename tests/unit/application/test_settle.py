"""Claims without an end: facts settle them, and without facts a person."""

from datetime import timedelta
from typing import Any

import pytest

from rollout.application.machines import MachineRefused, Settled, retry
from rollout.application.operators import NotPermitted
from rollout.application.programme import PROBE_AGAIN
from rollout.domain.machine import MachineState, Step

Office = Any
DEADLINE = timedelta(minutes=60)


def probe_report(office: Office, machine_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "step": "probe",
        "serial": office.machine(machine_id).serial,
        "image_id": "win10-old",
        "boot_id": "boot-old",
        "stored_epoch": 0,
        "stamp_epoch": 0,
        **changes,
    }


def answer_probe(office: Office, machine_id: int, **changes: Any) -> str:
    """Let the probe that is at work hear this; the answer to whoever asked."""
    order = office.engine.last
    assert order.playbook == "probe.yml"
    report = probe_report(office, machine_id, **changes)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, report=report))
    office.engine.end(order.run_id)
    return office.commands()[-1].answer


def fall_silent(office: Office) -> int:
    """A machine that used its token and was not heard of until its deadline."""
    office.wave()
    _order, machine_id, _install = office.told_to_install()
    office.clock.forward(minutes=61)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    return machine_id


def fall_in_doubt(office: Office) -> int:
    """The same, but the daemon of the run is gone: nobody knows."""
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.boot(machine_id)
    take_over(office)
    assert office.states([machine_id]) == ["reimaging"]
    office.clock.forward(minutes=61)
    office.tick()
    assert office.states([machine_id]) == ["unknown"]
    return machine_id


def take_over(office: Office) -> None:
    office.engine.running.clear()
    office.lease = office.take_lease("daemon two", gone=True)
    office.programme = office.new_programme(office.lease)
    assert office.programme.recover() == 1


def retry_of(office: Office, machine_id: int, **options: Any) -> MachineState | None:
    who = options.pop("who", office.planner)
    tag = office.machine(machine_id).asset_tag
    return retry(office.database, tag, who, office.clock.now(), **options)


def test_an_earlier_daemons_processes_are_dead_before_its_claims_are_settled(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    take_over(office)
    assert office.engine.swept == [order.ident]
    assert office.states([machine_id]) == ["cleared"]
    assert office.run(order.run_id).state == "lost"


def test_a_lost_reimage_whose_token_was_never_used_begins_anew(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    take_over(office)
    assert office.states([machine_id]) == ["captured"]
    first = office.claims(machine_id)[0]
    assert first.outcome == "not_started"
    assert first.voided_at is not None
    office.tick()
    assert office.engine.last.hosts[0].epoch > order.hosts[0].epoch


def test_an_armed_machine_of_a_lost_run_may_still_arrive(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    take_over(office)
    install = office.boot(machine_id)
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_an_armed_machine_of_a_lost_run_that_never_boots_begins_anew(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    take_over(office)
    office.clock.forward(minutes=61)
    office.tick()
    assert [claim.outcome for claim in office.claims(machine_id)] == ["not_started", None]
    assert office.boot(machine_id).image_id is None


def test_a_used_token_without_an_end_is_unknown_and_probed_at_once(office: Office) -> None:
    machine_id = fall_in_doubt(office)
    assert office.engine.last.playbook == "probe.yml"
    assert office.engine.last.hosts[0].epoch is None
    assert office.engine.last.hosts[0].secrets == {}
    assert office.claims(machine_id)[-1].outcome is None


@pytest.mark.parametrize("in_doubt", [fall_silent, fall_in_doubt])
def test_the_stamp_of_the_claim_proves_the_reimage(office: Office, in_doubt: Any) -> None:
    machine_id = in_doubt(office)
    if office.states([machine_id]) == ["silent"]:
        assert retry_of(office, machine_id) is None
        office.tick()
    epoch = office.claims(machine_id)[-1].id
    answer_probe(office, machine_id, stamp_epoch=epoch, image_id="new", boot_id="boot-new")
    machine = office.machine(machine_id)
    assert (machine.state, machine.image_id, machine.boot_id) == ("reimaged", "new", "boot-new")
    assert [claim.outcome for claim in office.claims(machine_id)] == ["done"]


@pytest.mark.parametrize("in_doubt", [fall_silent, fall_in_doubt])
def test_an_old_system_that_has_booted_since_proves_that_nothing_was_written(
    office: Office, in_doubt: Any
) -> None:
    machine_id = in_doubt(office)
    if office.states([machine_id]) == ["silent"]:
        retry_of(office, machine_id)
        office.tick()
    answer_probe(office, machine_id, boot_id="boot-later")
    assert office.states([machine_id]) == ["captured"]
    assert office.machine(machine_id).attempt == 2
    office.tick()
    assert [claim.outcome for claim in office.claims(machine_id)] == ["not_started", None]


def test_an_old_system_that_has_not_booted_since_stays_in_doubt(office: Office) -> None:
    machine_id = fall_in_doubt(office)
    answer = answer_probe(office, machine_id)
    assert "--settled not-started" in answer
    assert office.states([machine_id]) == ["unknown"]


def test_another_pc_under_the_same_name_settles_nothing(office: Office) -> None:
    machine_id = fall_in_doubt(office)
    answer = answer_probe(office, machine_id, serial="ANOTHER", boot_id="boot-later")
    assert "ANOTHER" in answer
    assert office.states([machine_id]) == ["unknown"]
    assert len(office.claims(machine_id)) == 1


def test_a_probe_that_was_asked_for_before_the_machine_was_told_to_install_settles_nothing(
    office: Office,
) -> None:
    machine_id = fall_silent(office)
    retry_of(office, machine_id)
    office.tick()
    early = office.engine.last
    state = retry_of(
        office, machine_id, who=office.approver, reason="untouched", settled=Settled.NOT_STARTED
    )
    assert state == "captured"
    office.tick()
    order = office.engine.last
    assert order.playbook == "reimage.yml"
    office.clock.forward(seconds=1)
    office.arm(order, machine_id, boot_id="boot-later")
    office.boot(machine_id)
    report = probe_report(office, machine_id)
    office.engine.deliver(office.engine.event(early.run_id, machine_id, report=report))
    assert office.states([machine_id]) == ["reimaging"]
    office.engine.end(order.run_id)
    office.clock.forward(minutes=61)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    late = office.engine.event(early.run_id, machine_id, report=report)
    office.engine.deliver(late)
    assert office.states([machine_id]) == ["silent"]


def test_a_machine_in_doubt_that_does_not_answer_is_asked_again_after_a_while(
    office: Office,
) -> None:
    machine_id = fall_in_doubt(office)
    order = office.engine.last
    office.engine.deliver(
        office.engine.event(order.run_id, machine_id, "unreachable", message="no route")
    )
    office.engine.end(order.run_id, "failed")
    assert "no route" in office.commands()[-1].answer
    assert office.states([machine_id]) == ["unknown"]
    assert office.tick().idle
    office.clock.forward(seconds=PROBE_AGAIN.total_seconds() - 1)
    assert office.tick().started == 0
    office.clock.forward(seconds=1)
    assert office.tick().started == 1
    answer_probe(office, machine_id, boot_id="boot-later")
    assert office.states([machine_id]) == ["captured"]


def test_a_probe_that_is_lost_with_its_daemon_is_asked_again(office: Office) -> None:
    machine_id = fall_in_doubt(office)
    first = office.engine.last.run_id
    take_over(office)
    office.tick()
    assert office.engine.last.run_id > first
    answer_probe(office, machine_id, boot_id="boot-later")
    assert len(office.commands()) == 1


def test_a_probe_without_any_answer_is_refused_and_not_repeated_at_once(office: Office) -> None:
    fall_in_doubt(office)
    office.engine.end(office.engine.last.run_id, "crashed", "no word")
    (command,) = office.commands()
    assert command.refused
    assert office.tick().started == 0


def test_a_lost_claim_is_not_given_to_a_machine_for_ever(office: Office) -> None:
    office.wave()
    _order, (machine_id,) = office.begin(Step.REIMAGE)
    for _ in range(2):
        take_over(office)
        office.tick()
    take_over(office)
    machine = office.machine(machine_id)
    assert machine.state == "failed"
    assert "lost 3 times" in machine.cause
    assert len(office.claims(machine_id)) == 3


def test_a_machine_past_its_deadline_is_silent_only_when_nobody_works_on_it(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.clock.forward(minutes=60)
    office.tick()
    assert office.states([machine_id]) == ["reimaging"]
    office.engine.end(order.run_id)
    office.tick()
    assert office.states([machine_id]) == ["silent"]
    assert "no answer within 60 min" in office.machine(machine_id).cause


def test_a_retry_of_a_silent_reimage_never_makes_a_second_claim_by_itself(
    office: Office,
) -> None:
    machine_id = fall_silent(office)
    for _ in range(3):
        assert retry_of(office, machine_id) is None
    office.tick()
    assert office.engine.last.playbook == "probe.yml"
    office.tick()
    assert len(office.claims(machine_id)) == 1
    assert len(office.commands()) == 1
    order = office.engine.last
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "unreachable"))
    office.engine.end(order.run_id, "failed")
    assert office.states([machine_id]) == ["silent"]
    assert office.tick().idle
    assert len(office.claims(machine_id)) == 1


def test_a_failed_or_silent_step_that_may_be_repeated_is_retried_at_once(office: Office) -> None:
    office.wave()
    order, (failed, silent) = office.begin(Step.CAPTURE, 2)
    office.engine.deliver(
        office.engine.event(order.run_id, failed, "failed"),
        office.engine.event(order.run_id, silent, "unreachable"),
    )
    office.engine.end(order.run_id, "failed")
    assert retry_of(office, failed) == retry_of(office, silent) == "cleared"
    office.tick()
    assert [host.values["rollout_attempt"] for host in office.engine.last.hosts] == [2, 2]


def test_saying_how_it_was_settled_needs_an_approver_and_a_reason(office: Office) -> None:
    machine_id = fall_silent(office)
    with pytest.raises(NotPermitted):
        retry_of(office, machine_id, reason="I looked", settled=Settled.DONE)
    with pytest.raises(MachineRefused, match="a reason"):
        retry_of(office, machine_id, who=office.approver, settled=Settled.DONE)
    assert office.states([machine_id]) == ["silent"]


@pytest.mark.parametrize(
    ("found", "state", "outcome"),
    [
        (Settled.DONE, "reimaged", "done"),
        (Settled.NOT_STARTED, "captured", "not_started"),
    ],
)
@pytest.mark.parametrize("in_doubt", [fall_silent, fall_in_doubt])
def test_an_approver_who_looked_settles_it(
    office: Office, in_doubt: Any, found: Settled, state: str, outcome: str
) -> None:
    machine_id = in_doubt(office)
    moved = retry_of(office, machine_id, who=office.approver, reason="I looked", settled=found)
    assert moved == state
    assert [claim.outcome for claim in office.claims(machine_id)] == [outcome]
