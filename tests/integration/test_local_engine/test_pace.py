"""Batches, their limit of failures and throttle: of the order, in the keywords of our playbooks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.adapters.ansible.local import LocalEngine
from rollout.application.ports import Pace, RunEnd

SHIPPED = Path(__file__).resolve().parents[3] / "playbooks"
TASKS = """\
    - name: Enter a room for one
      ansible.builtin.command: mkdir {room}
      when: alone == "play"
    - name: Enter and leave a room for one
      ansible.builtin.shell: mkdir {room} && sleep 0.3 && rmdir {room}
      when: alone == "task"
    - name: Fail where the test says so
      ansible.builtin.fail:
        msg: on purpose
      when: fails
    - name: Leave the room
      ansible.builtin.command: rmdir {room}
      when: alone == "play"
    - name: Report success of the step
      ansible.builtin.set_fact:
        rollout_report: {{step: x}}
"""


@pytest.fixture
def play(world: Any, recorder: Any, engine: LocalEngine) -> Any:
    """Machines 1 to 4 at the given pace; the named ones fail."""

    def run(pace: Pace, *failing: int, alone: str = "no") -> RunEnd:
        (keywords,) = yaml.safe_load((SHIPPED / "capture.yml").read_text(encoding="utf-8"))
        head = {k: v for k, v in keywords.items() if k not in ("tasks", "pre_tasks")}
        tasks = yaml.safe_load(TASKS.format(room=world.root / "room"))
        world.playbook("pace", yaml.safe_dump([{**head, "tasks": tasks}]))
        hosts = [world.host(n, fails=n in failing, alone=alone) for n in (1, 2, 3, 4)]
        engine.start(replace(world.order("pace", hosts), pace=pace), recorder)
        return recorder.wait()

    return run


def reported(recorder: Any) -> set[int]:
    return {event.machine_id for event in recorder.events if event.report is not None}


@pytest.mark.parametrize(
    ("pace", "alone"), [(Pace(serial=(1,)), "play"), (Pace(throttle=1), "task")]
)
def test_machines_go_one_after_another_when_told_so(
    play: Any, recorder: Any, pace: Pace, alone: str
) -> None:
    end = play(pace, alone=alone)
    assert end.how == "successful", recorder.events
    assert reported(recorder) == {1, 2, 3, 4}


def test_without_a_pace_they_go_at_once(play: Any, recorder: Any) -> None:
    end = play(Pace(), alone="task")
    assert end.how == "failed"
    assert end.left_out == frozenset()
    assert not end.over_limit


def test_too_many_failures_end_the_run_and_name_who_was_left_out(play: Any, recorder: Any) -> None:
    end = play(Pace(serial=(2,), max_fail_percentage=40), 1)
    assert (end.how, end.over_limit) == ("failed", True)
    assert end.left_out == {2, 3, 4}
    assert "more than 40 % of a batch" in end.message
    assert {event.machine_id for event in recorder.events} == {1, 2}
    assert reported(recorder) == set()


def test_failures_within_the_limit_stop_nobody(play: Any, recorder: Any) -> None:
    end = play(Pace(serial=("50%",), max_fail_percentage=50), 3)
    assert (end.how, end.over_limit, end.left_out) == ("failed", False, frozenset())
    assert reported(recorder) == {1, 2, 4}


def test_a_batch_that_fails_whole_leaves_out_the_next_ones(play: Any, recorder: Any) -> None:
    end = play(Pace(serial=(1, 3)), 1)
    assert (end.how, end.over_limit) == ("failed", False)
    assert end.left_out == {2, 3, 4}
