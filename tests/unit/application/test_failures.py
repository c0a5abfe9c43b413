"""Failed machines are tried again, held, and grouped by cause."""

from typing import Any

import pytest

from rollout.application import failures
from rollout.application.machines import move, retry
from rollout.domain.failures import signature
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.stop import StopScope
from rollout.settings import StepTimes

Office = Any


def policy(office: Office, step: Step, **values: Any) -> None:
    office.settings = office.settings.model_copy(update={"steps": {step: StepTimes(**values)}})
    office.programme = office.new_programme(office.lease)


def end_badly(
    office: Office, machine_id: int, message: str = "disk full", how: str = "failed"
) -> None:
    """The run at work on a machine ends badly for it."""
    order = office.engine.last
    assert machine_id in [host.machine_id for host in order.hosts]
    office.engine.deliver(
        office.engine.event(order.run_id, machine_id, how, message=message, task="Copy files")
    )
    office.engine.end(order.run_id, "failed")


def fail(office: Office, step: Step = Step.CAPTURE, message: str = "disk full") -> int:
    _order, (machine_id,) = office.begin(step)
    end_badly(office, machine_id, message)
    return machine_id


def again(office: Office, machine_id: int) -> None:
    tag = office.machine(machine_id).asset_tag
    retry(office.database, tag, office.planner, office.clock.now(), reason="again")


def state(office: Office, machine_id: int) -> str:
    return office.machine(machine_id).state


def test_without_a_policy_nothing_is_tried_again(office: Office) -> None:
    office.wave()
    machine_id = fail(office)
    office.clock.forward(days=1)
    assert office.tick().idle
    assert state(office, machine_id) == "failed"


def test_a_step_is_begun_again_after_its_pause_and_only_so_often(office: Office) -> None:
    office.configure("failures", hold_repeated=False)
    policy(office, Step.CAPTURE, attempts=2, pause_minutes=5)
    office.wave()
    machine_id = fail(office)
    office.clock.forward(minutes=4, seconds=59)
    ticked = office.tick()
    assert (ticked.started, ticked.idle) == (0, False)
    office.clock.forward(seconds=1)
    office.tick()
    assert state(office, machine_id) == "capturing"
    assert [claim.attempt for claim in office.claims(machine_id)] == [1, 2]
    end_badly(office, machine_id)
    office.clock.forward(days=1)
    assert office.tick().idle
    assert state(office, machine_id) == "failed"


@pytest.mark.parametrize(("message", "after"), [("lock timeout", "capturing"), ("x", "failed")])
def test_only_after_the_causes_that_are_named(office: Office, message: str, after: str) -> None:
    policy(office, Step.CAPTURE, attempts=3, pause_minutes=0, retry_matching=["time.?out"])
    office.wave()
    machine_id = fail(office, message=message)
    office.tick()
    assert state(office, machine_id) == after


@pytest.mark.parametrize(
    ("retry_on", "after"), [(("failed",), "silent"), (("silent",), "capturing")]
)
def test_a_silent_machine_is_tried_again_only_when_that_is_wanted(
    office: Office, retry_on: tuple[str, ...], after: str
) -> None:
    policy(office, Step.CAPTURE, attempts=3, pause_minutes=0, retry_on=retry_on)
    office.wave()
    _order, (machine_id,) = office.begin(Step.CAPTURE)
    end_badly(office, machine_id, how="unreachable")
    office.tick()
    assert state(office, machine_id) == after


def test_a_reimage_that_was_never_told_to_install_may_begin_again(office: Office) -> None:
    policy(office, Step.REIMAGE, attempts=2, pause_minutes=0)
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    office.arm(order, machine_id)
    end_badly(office, machine_id)
    office.tick()
    assert state(office, machine_id) == "reimaging"
    assert office.claims(machine_id)[0].voided_at is not None


@pytest.mark.parametrize("image", ["another", None])
def test_a_reimage_that_was_told_to_install_never_begins_again_by_itself(
    office: Office, image: str | None
) -> None:
    policy(office, Step.REIMAGE, attempts=9, pause_minutes=0, retry_on=("failed", "silent"))
    office.wave()
    _order, machine_id, install = office.told_to_install()
    if image:
        office.check_in(machine_id, install.check_in_token, image_id=image)
    else:
        office.clock.forward(hours=2)
    for _ in range(3):
        office.tick()
        office.clock.forward(hours=1)
    assert state(office, machine_id) == ("failed" if image else "silent")
    assert len(office.claims(machine_id)) == 1


def test_nothing_is_tried_again_in_a_wave_or_a_part_that_is_stopped(office: Office) -> None:
    from rollout.application import stops

    policy(office, Step.CAPTURE, attempts=3, pause_minutes=0)
    office.wave()
    machine_id = fail(office)
    stops.halt(
        office.database, StopScope.GENERATION, "DK20", office.planner, office.clock.now(), "x"
    )
    office.tick()
    assert state(office, machine_id) == "failed"


def test_a_machine_that_fails_twice_in_the_same_way_is_held(office: Office) -> None:
    office.wave()
    machine_id = fail(office, message="3 files of DK20-000001 failed at 0x8007045D")
    office.tick()
    assert state(office, machine_id) == "failed"
    again(office, machine_id)
    office.tick()
    end_badly(office, machine_id, "5 files of DK20-000001 failed at 0x80070471")
    office.tick()
    machine = office.machine(machine_id)
    assert (machine.state, machine.held_from) == ("held", "failed")
    assert "failed twice in the same way" in machine.cause
    assert f"rollout machine release {machine.asset_tag}" in machine.cause


def test_a_released_machine_is_held_again_only_after_its_next_failure(office: Office) -> None:
    office.wave()
    machine_id = fail(office)
    again(office, machine_id)
    office.tick()
    end_badly(office, machine_id)
    office.tick()
    tag = office.machine(machine_id).asset_tag
    move(office.database, [tag], MachineVerb.RELEASE, office.planner, office.clock.now())
    office.tick()
    assert state(office, machine_id) == "failed"
    again(office, machine_id)
    office.tick()
    end_badly(office, machine_id)
    office.tick()
    assert state(office, machine_id) == "held"


def test_another_cause_is_not_the_same_way(office: Office) -> None:
    office.wave()
    machine_id = fail(office, message="disk full")
    again(office, machine_id)
    office.tick()
    end_badly(office, machine_id, "access denied")
    office.tick()
    assert state(office, machine_id) == "failed"


def test_failures_are_grouped_by_state_step_task_and_message(office: Office) -> None:
    office.wave()
    order, ids = office.begin(Step.CAPTURE, 4)
    tags = [office.machine(one).asset_tag for one in ids]
    office.engine.deliver(
        *(
            office.engine.event(order.run_id, one, how, message=message, task="Copy files")
            for one, how, message in zip(
                ids,
                ["failed", "failed", "failed", "unreachable"],
                [f"{tags[0]}: 12 files left", f"{tags[1]}: 7 files left", "denied", "denied"],
                strict=True,
            )
        )
    )
    office.engine.end(order.run_id, "failed")
    move(
        office.database,
        tags[1:2],
        MachineVerb.HOLD,
        office.planner,
        office.clock.now(),
        reason="later",
    )
    found = failures.groups(office.database)
    assert [(one.state, one.step, list(one.tags), one.held) for one in found] == [
        ("failed", "capture", tags[:2], 1),
        ("failed", "capture", tags[2:3], 0),
        ("silent", "capture", tags[3:], 0),
    ]
    assert f"Copy files: {tags[0]}: 12 files left" in found[0].cause
    assert failures.groups(office.database, (2,)) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("error 5 after 12.5 s", "error 7 after 3.25 s", True),
        ("id 4f3a9c1e7b at 10.0.0.7", "id 9b1c2d3e4f at 10.0.4.12", True),
        ("facade", "decade", False),
        ("disk full", "disk  full\n", True),
        ("disk full", "access denied", False),
    ],
)
def test_numbers_and_ids_make_no_difference_but_words_do(one: str, other: str, same: bool) -> None:
    assert (signature(one) == signature(other)) is same
