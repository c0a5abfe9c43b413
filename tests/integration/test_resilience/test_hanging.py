"""A tick that hangs while heartbeats go on: the process ends with its runs, the next goes on."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.ansible.local import LocalEngine
from rollout.domain.wave import WaveState

Programme = Any
HARNESS = Path(__file__).with_name("hanging_daemon.py")


@pytest.mark.parametrize("told", ["", "stop"], ids=["by-itself", "told-to-stop"])
def test_a_hanging_daemon_ends_with_its_runs_and_the_next_one_goes_on(
    told: str, programme: Programme, local: Any, start: Callable[..., Any]
) -> None:
    local.playbook("verify", local.SLEEPS)
    programme.populate(1, wave=WaveState.RUNNING)
    done = subprocess.run(
        [sys.executable, HARNESS, *([told] if told else [])],
        env=local.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "hangs" in done.stdout
    assert "the daemon's tick has hung for" in done.stderr
    assert "in hang_when_it_works" in done.stderr, "it says where"
    programme.wait_for(lambda: local.processes() == [], "the end of the run's processes")
    assert programme.states() == ["verifying"]
    local.playbook("verify", local.REPORTS)
    start(LocalEngine(programme.settings.ansible))
    programme.wait_for(programme.through, "the machine's end")
    assert [claim.outcome for claim in programme.claims()] == ["not_started", "done"]
