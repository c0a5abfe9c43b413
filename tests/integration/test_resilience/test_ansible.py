"""Whatever becomes of Ansible: no success without its word, and nothing of it is left."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.ansible import folder
from rollout.adapters.ansible.local import LocalEngine
from rollout.application import starting
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState

Programme = Any


def victims(local: Any, word: str) -> list[int]:
    """The run's processes whose command line holds this word."""
    found = []
    for pid in local.processes():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in line:
            found.append(pid)
    return found


def test_a_step_whose_ansible_was_killed_is_begun_again(
    programme: Programme, local: Any, start: Callable[..., Any]
) -> None:
    local.playbook("verify", local.SLEEPS)
    programme.populate(1, wave=WaveState.RUNNING)
    start(LocalEngine(programme.settings.ansible))
    programme.wait_for(lambda: victims(local, "sleep"), "the task")
    local.playbook("verify", local.REPORTS)
    for pid in victims(local, "ansible-playbook"):
        os.kill(pid, signal.SIGKILL)
    programme.wait_for(programme.through, "the machine's end")
    assert [run.state for run in programme.runs()] == ["crashed", "finished"]
    assert "Ansible" in programme.runs()[0].cause
    assert [claim.outcome for claim in programme.claims()] == ["not_started", "done"]
    assert local.processes() == []


def test_a_step_whose_ansible_dies_each_time_is_left_to_a_person(
    programme: Programme, local: Any, start: Callable[..., Any]
) -> None:
    local.playbook("verify", local.DIES)
    (machine_id,) = programme.populate(1, wave=WaveState.RUNNING)
    start(LocalEngine(programme.settings.ansible))
    programme.wait_for(
        lambda: programme.machine(machine_id).state == MachineState.FAILED, "the last attempt"
    )
    machine = programme.machine(machine_id)
    assert machine.cause.startswith("lost 3 times: ")
    assert {run.state for run in programme.runs()} == {"crashed"}
    assert [claim.outcome for claim in programme.claims()] == ["not_started"] * 2 + ["failed"]


def test_garbage_in_the_stream_is_no_result(
    programme: Programme, local: Any, start: Callable[..., Any]
) -> None:
    local.playbook("verify", local.SLEEPS)
    (machine_id,) = programme.populate(1, wave=WaveState.RUNNING)
    start(LocalEngine(programme.settings.ansible))
    programme.wait_for(lambda: victims(local, "sleep"), "the task")
    local.playbook("verify", local.REPORTS)
    (child,) = victims(local, "rollout.adapters.ansible.child")
    (pipe,) = [
        file
        for file in Path(f"/proc/{child}/fd").iterdir()
        if int(file.name) > 2 and str(file.readlink()).startswith("pipe:")
    ]
    forged = f'["fine",{machine_id},"Report",1,null,{{"epoch":1}}]\n\x00\xff}}{{\n'
    pipe.write_bytes(forged.encode("latin-1"))
    programme.wait_for(programme.through, "the machine's end")
    first, second = programme.runs()
    assert (first.state, second.state) == ("crashed", "finished")
    assert "sent garbage" in first.cause
    assert [claim.outcome for claim in programme.claims()] == ["not_started", "done"]


def test_an_endless_task_is_ended_and_its_machine_is_silent_and_not_failed(
    programme: Programme, local: Any, start: Callable[..., Any]
) -> None:
    local.playbook("verify", local.SLEEPS_ON_THE_FIRST)
    programme.configure("[steps.verify]\nminutes = 0.2\n")
    first, second = programme.populate(2, wave=WaveState.RUNNING)
    start(LocalEngine(programme.settings.ansible))
    programme.wait_for(
        lambda: (
            programme.machine(first).state == MachineState.SILENT
            and programme.machine(second).state == MachineState.MIGRATED
        ),
        "the deadline",
    )
    assert "stopped after its limit of 12 seconds" in programme.machine(first).cause
    assert local.processes() == []


def test_a_disk_without_room_starts_nothing_and_what_waits_goes_on_when_there_is_room(
    programme: Programme,
    local: Any,
    start: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    local.playbook("verify", local.REPORTS)
    monkeypatch.setattr(starting, "FIRST_REST", starting.FIRST_REST / 50)
    monkeypatch.setattr(folder, "LEAST_FREE", 1 << 60)
    programme.populate(1, wave=WaveState.RUNNING)
    runner = start(LocalEngine(programme.settings.ansible))
    programme.wait_for(
        lambda: [run.state for run in programme.runs()][:2] == ["crashed"] * 2, "two attempts"
    )
    assert runner.alive
    assert "make room for the output of runs" in programme.runs()[0].cause
    assert "make room for the output of runs" in caplog.text
    programme.wait_for(lambda: programme.states() == ["restored"], "the machine where it was")
    monkeypatch.setattr(folder, "LEAST_FREE", 0)
    programme.wait_for(programme.through, "the machine's end")
    outcomes = [claim.outcome for claim in programme.claims()]
    assert outcomes == ["not_started"] * (len(outcomes) - 1) + ["done"]
