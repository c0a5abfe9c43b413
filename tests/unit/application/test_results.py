"""What a run says becomes states, claims and evidence, and never more than it proves."""

from typing import Any

import pytest

from rollout.domain.machine import MachineState, Step
from rollout.store import commands
from rollout.store.tables import AuditRow, Evidence

Office = Any


def test_the_explicit_report_of_a_machine_finishes_its_step(office: Office) -> None:
    office.wave()
    order, (first, second) = office.begin(Step.CAPTURE, 2)
    office.engine.deliver(
        office.engine.event(order.run_id, second), office.report(order, first, files=3)
    )
    assert office.states([first, second]) == ["captured", "capturing"]
    (claim,) = [claim for claim in office.claims(first) if claim.step == "capture"]
    assert claim.outcome == "done"
    assert '"files":3' in claim.report.replace(" ", "")
    assert office.machine(first).last_seen_at == office.clock.now()


def test_a_machine_whose_tasks_all_succeeded_without_a_report_is_not_done(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "changed"))
    office.engine.end(order.run_id, "successful")
    assert office.states([machine_id]) == ["cleared"]
    (claim,) = office.claims(machine_id)
    assert claim.outcome == "not_started"
    assert office.machine(machine_id).attempt == 2


@pytest.mark.parametrize("shift", [-1, 1, None])
def test_a_report_with_another_epoch_moves_nothing(office: Office, shift: int | None) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    epoch = None if shift is None else (order.hosts[0].epoch or 0) + shift
    office.engine.deliver(office.report(order, machine_id, epoch=epoch))
    assert office.states([machine_id]) == ["capturing"]
    assert office.claims(machine_id)[0].outcome is None
    assert len(office.results()) == 1


def test_a_failed_task_fails_the_machine_with_the_words_of_the_playbook(office: Office) -> None:
    office.wave()
    order, (bad, good) = office.begin(Step.CAPTURE, 2)
    office.engine.deliver(
        office.engine.event(
            order.run_id, bad, "failed", task="Copy the files", message="disk C: is full"
        ),
        office.report(order, good),
    )
    assert office.states([bad, good]) == ["failed", "captured"]
    assert office.machine(bad).cause == "capture: Copy the files: disk C: is full"
    assert office.claims(bad)[0].outcome == "failed"


def test_an_unreachable_machine_is_silent_and_not_failed(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.PREFLIGHT)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "unreachable"))
    assert office.states([machine_id]) == ["silent"]
    assert office.claims(machine_id)[0].outcome == "silent"


@pytest.mark.parametrize("status", ["ok", "changed", "skipped", "ignored"])
def test_other_task_results_move_nothing(office: Office, status: str) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.PREFLIGHT)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, status, message="x"))
    assert office.states([machine_id]) == ["checking"]
    (row,) = office.results()
    assert (row.status, row.epoch) == (status, order.hosts[0].epoch)


def test_a_machine_moves_once_whatever_else_the_same_batch_says_of_it(office: Office) -> None:
    office.wave()
    order, (first, second) = office.begin(Step.CAPTURE, 2)
    event = office.engine.event
    office.engine.deliver(
        event(order.run_id, first, "failed", message="one"),
        event(order.run_id, first, "failed", message="two"),
        office.report(order, first),
        office.report(order, second),
        office.report(order, second),
        event(order.run_id, second, "failed"),
    )
    assert office.states([first, second]) == ["failed", "captured"]
    assert office.machine(first).cause.endswith("one")
    assert len(office.results()) == 6


def test_a_batch_that_comes_twice_changes_nothing_the_second_time(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    report = office.report(order, machine_id)
    office.engine.deliver(report)
    version = office.machine(machine_id).version
    office.engine.deliver(report)
    assert office.machine(machine_id).version == version
    assert len(office.results()) == 1


def test_results_after_the_end_of_the_claim_are_kept_and_move_nothing(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    report = office.report(order, machine_id)
    office.engine.end(order.run_id, "crashed", "no explicit word")
    office.programme.tick()
    newer = office.engine.last
    assert newer.run_id != order.run_id
    office.engine.deliver(report)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "failed"))
    assert office.states([machine_id]) == ["capturing"]
    assert [claim.outcome for claim in office.claims(machine_id)] == ["not_started", None]
    assert [row.epoch for row in office.results()] == [None, None]


def test_results_of_a_run_that_was_given_up_move_nothing(office: Office) -> None:
    """The daemon was taken over while its engine still had results to deliver."""
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.lease = office.take_lease("daemon two", gone=True)
    assert office.new_programme(office.lease).recover() == 1
    office.engine.deliver(office.report(order, machine_id))
    assert office.states([machine_id]) == ["cleared"]
    office.engine.end(order.run_id, "successful")
    assert office.run(order.run_id).state == "lost"


def test_a_run_that_was_given_up_cannot_end_the_claim_of_an_armed_machine(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.lease = office.take_lease("daemon two", gone=True)
    office.new_programme(office.lease).recover()
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "unreachable"))
    assert office.states([machine_id]) == ["reimaging"]
    assert office.boot(machine_id).image_id is not None


def test_a_report_of_a_reimage_is_no_proof_of_arrival(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.engine.deliver(office.report(order, machine_id, armed=True))
    office.engine.end(order.run_id, "successful")
    assert office.states([machine_id]) == ["reimaging"]
    assert office.claims(machine_id)[0].outcome is None


def test_a_machine_that_is_cut_off_while_it_installs_is_not_silent_yet(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    install = office.boot(machine_id)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "unreachable"))
    assert office.states([machine_id]) == ["reimaging"]
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "failed"))
    assert office.states([machine_id]) == ["reimaging"]
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_a_reimage_that_failed_before_the_token_was_used_can_never_go_off(
    office: Office,
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    office.engine.deliver(office.engine.event(order.run_id, machine_id, "failed", message="no"))
    assert office.states([machine_id]) == ["failed"]
    assert office.boot(machine_id).image_id is None


@pytest.mark.parametrize("step", [Step.CAPTURE, Step.REIMAGE])
def test_machines_that_a_run_left_out_begin_anew_and_none_of_them_has_failed(
    office: Office, step: Step
) -> None:
    office.wave()
    order, (bad, cut_off, untouched) = office.begin(step, 3)
    if step is Step.REIMAGE:
        office.arm(order, cut_off)
    office.engine.deliver(
        office.engine.event(order.run_id, bad, "failed", message="no"),
        office.engine.event(order.run_id, cut_off),
    )
    left = frozenset({cut_off, untouched})
    office.engine.end(order.run_id, "failed", "1 machines failed", left_out=left)
    assert office.states([bad, cut_off, untouched]) == ["failed", *[step.starts_from] * 2]
    for machine_id in left:
        assert [claim.outcome for claim in office.claims(machine_id)][-1] == "not_started"
    assert office.boot(cut_off).image_id is None
    assert office.wave_state() == "running"


def test_a_machine_that_is_left_out_again_and_again_is_never_given_up(office: Office) -> None:
    office.wave()
    _, (machine_id,) = office.begin(Step.CAPTURE)
    for _attempt in range(5):
        left = frozenset({machine_id})
        office.engine.end(office.engine.last.run_id, "failed", "1 machines failed", left_out=left)
        assert office.states([machine_id]) == ["cleared"]
        office.programme.tick()


def test_a_machine_whose_disk_is_being_rewritten_is_not_called_back(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    install = office.boot(machine_id)
    left = frozenset({machine_id})
    office.engine.end(order.run_id, "failed", "1 machines failed", left_out=left, over_limit=True)
    assert office.states([machine_id]) == ["reimaging"]
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]


def test_more_failures_than_a_batch_may_have_halt_the_wave_with_the_numbers(
    office: Office,
) -> None:
    office.wave()
    order, (bad, other) = office.begin(Step.CAPTURE, 2)
    office.engine.deliver(office.engine.event(order.run_id, bad, "failed", message="no"))
    why = "1 machines failed: more than 20 % of a batch"
    left = frozenset({other})
    office.engine.end(order.run_id, "failed", why, left_out=left, over_limit=True)
    assert office.wave_state() == "halted"
    assert office.states([other]) == ["cleared"]
    (halt,) = [row for row in office.rows(AuditRow) if row.verb == "halt"]
    assert halt.reason == f"capture, run {order.run_id}: {why}"
    office.programme.tick()
    assert office.engine.last.run_id == order.run_id


def test_evidence_of_every_control_is_kept_with_its_claim(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.VERIFY)
    office.engine.deliver(
        office.report(
            order,
            machine_id,
            evidence=[
                {"control": "disk", "value": "on", "verdict": "pass", "source": "manage-bde"},
                {"control": "edr", "value": "", "verdict": "pending", "source": "service"},
                {"control": "odd", "value": 1, "verdict": "perhaps", "source": None},
            ],
        )
    )
    rows = office.rows(Evidence)
    assert [(row.control, row.verdict) for row in rows] == [
        ("disk", "pass"),
        ("edr", "pending"),
        ("odd", "fail"),
    ]
    assert {row.epoch for row in rows} == {order.hosts[0].epoch}
    assert {row.run_id for row in rows} == {order.run_id}
    assert office.states([machine_id]) == ["verified"]


@pytest.mark.parametrize("how", ["successful", "failed", "crashed"])
def test_a_machine_of_which_the_run_said_nothing_begins_anew_at_most_three_times(
    office: Office, how: str
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    for attempt in (1, 2):
        office.engine.end(office.engine.last.run_id, how, "first line\nlong story")
        assert office.states([machine_id]) == ["cleared"]
        assert office.machine(machine_id).attempt == attempt + 1
        office.tick()
    office.engine.end(office.engine.last.run_id, how, "first line\nlong story")
    machine = office.machine(machine_id)
    assert machine.state == "failed"
    assert "lost 3 times" in machine.cause
    assert "long story" not in machine.cause
    assert office.tick().idle
    state = "crashed" if how == "crashed" else "finished"
    assert office.run(order.run_id).state == state


def test_a_cancelled_run_fails_its_machines(office: Office) -> None:
    office.wave()
    order, (done, other) = office.begin(Step.CAPTURE, 2)
    office.engine.deliver(office.report(order, done))
    office.engine.end(order.run_id, "cancelled", "stopped on request")
    assert office.states([done, other]) == ["captured", "failed"]
    assert office.run(order.run_id).state == "cancelled"
    assert office.machine(other).cause == "stopped on request"


def test_cancelling_a_reimage_spares_the_disks_that_are_not_begun(office: Office) -> None:
    office.wave()
    order, (armed, installing) = office.begin(Step.REIMAGE, 2)
    office.arm(order, armed)
    office.arm(order, installing)
    install = office.boot(installing)
    office.engine.end(order.run_id, "cancelled", "stopped on request")
    assert office.states([armed, installing]) == ["failed", "reimaging"]
    assert office.boot(armed).image_id is None
    office.check_in(installing, install.check_in_token)
    assert office.states([installing]) == ["reimaged"]


def test_machines_of_a_run_that_hit_its_time_limit_are_silent(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.engine.end(order.run_id, "timeout", "stopped after its limit")
    assert office.states([machine_id]) == ["silent"]
    assert office.run(order.run_id).state == "cancelled"


def test_a_daemon_that_stops_at_once_loses_its_runs_and_fails_nobody(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.programme.abandon()
    assert office.run(order.run_id).state == "lost"
    assert office.states([machine_id]) == ["cleared"]


def test_a_run_that_cannot_start_leaves_its_machines_as_they_were(office: Office) -> None:
    office.wave()
    (machine_id,) = office.machines(1, state=MachineState.CLEARED)
    office.engine.refusal = OSError("no space left on device")
    ticked = office.tick()
    assert (ticked.started, ticked.obstacle) == (0, "no space left on device")
    assert office.states([machine_id]) == ["cleared"]
    (claim,) = office.claims(machine_id)
    assert claim.outcome == "not_started"
    run = office.run(claim.run_id)
    assert (run.state, run.cause) == ("crashed", "cannot start: no space left on device")


def test_after_a_run_that_cannot_start_nothing_is_claimed_for_longer_and_longer(
    office: Office,
) -> None:
    office.wave()
    (machine_id,) = office.machines(1, state=MachineState.CLEARED)
    office.engine.refusal = OSError("no space left on device")
    for attempts, rest in ((1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 480), (7, 600)):
        office.tick()
        office.clock.forward(seconds=rest - 1)
        office.tick()
        assert len(office.claims(machine_id)) == attempts
        office.clock.forward(seconds=1)
    assert office.states([machine_id]) == ["cleared"]


def test_what_could_not_start_starts_when_the_cause_is_mended(office: Office) -> None:
    office.wave()
    ids = office.machines(2, state=MachineState.CLEARED)
    office.engine.refusal = OSError("no space left on device")
    office.tick()
    office.engine.refusal = None
    assert office.tick().started == 0
    office.clock.forward(seconds=15)
    ticked = office.tick()
    assert (ticked.started, ticked.obstacle) == (1, None)
    assert office.states(ids) == ["capturing", "capturing"]


def test_a_question_whose_run_cannot_start_is_asked_again(office: Office) -> None:
    office.wave()
    (machine_id,) = office.machines(1, state=MachineState.CAPTURED)
    with office.database.write() as session:
        at = office.clock.now()
        commands.ask(session, "probe_machine", machine_id, actor="operator", at=at, reason=None)
    office.engine.refusal = OSError("no space left on device")
    office.tick()
    office.engine.refusal = None
    office.clock.forward(seconds=15)
    office.tick()
    assert "probe.yml" in [order.playbook for order in office.engine.orders.values()]


def test_a_run_that_the_engine_does_not_know_is_ended(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.engine.running.clear()
    office.tick()
    assert office.run(order.run_id).state == "crashed"
    assert office.states([machine_id]) == ["capturing"]
    assert office.machine(machine_id).attempt == 2
