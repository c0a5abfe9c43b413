"""Batches of a step in a real wave: what one batch's failures do to machines that had not begun."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from rollout.application import waves
from rollout.domain.machine import Step
from rollout.domain.wave import WaveVerb
from rollout.settings import StepTimes
from rollout.store.tables import HostResult, Run, Wave

Rollout = Any


def move(rollout: Rollout, verb: WaveVerb) -> None:
    who, now = rollout.app.operator("operator"), rollout.app.clock.now()
    waves.move(rollout.database, 1, verb, who, now, "test")


def wave_state(rollout: Rollout) -> str:
    with rollout.database.read() as session:
        return str(session.exec(select(Wave.state)).one())


@pytest.fixture(scope="module")
def stopped(rollouts: Callable[..., Rollout]) -> Rollout:
    """Three machines, captured one by one in one run; the first one's capture fails."""
    rollout = rollouts()
    one_by_one = StepTimes(serial=1, max_fail_percentage=0)
    steps = {**rollout.app.settings.steps, Step.CAPTURE: one_by_one}
    rollout.app.settings = rollout.app.settings.model_copy(update={"steps": steps})
    first, *_ = rollout.populate(3)
    rollout.fault(first, fails_at="capture")

    def pause(_daemon: object) -> None:
        if "checking" in rollout.states().values() and wave_state(rollout) == "running":
            move(rollout, WaveVerb.PAUSE)

    rollout.daemon(pause)
    assert set(rollout.states().values()) == {"cleared"}
    move(rollout, WaveVerb.RESUME)
    rollout.daemon()
    return rollout


def captures(rollout: Rollout) -> dict[str, list[str | None]]:
    tags = sorted(rollout.states())
    return {tag: [claim.outcome for claim in rollout.claims(tag, "capture")] for tag in tags}


def test_the_first_failure_halts_the_wave_and_the_others_have_not_begun(stopped: Rollout) -> None:
    first, *others = captures(stopped)
    assert stopped.states() == {first: "failed", **dict.fromkeys(others, "cleared")}
    assert captures(stopped) == {first: ["failed"]} | {tag: ["not_started"] for tag in others}
    assert wave_state(stopped) == "halted"
    with stopped.database.read() as session:
        rows = select(HostResult.machine_id).join(Run).where(Run.step == "capture")
        assert set(session.exec(rows)) == {stopped.machine(first).id}


def test_after_the_fault_is_mended_the_wave_goes_on_with_all_of_them(stopped: Rollout) -> None:
    first, *_ = captures(stopped)
    stopped.mend(first)
    stopped.retry(first)
    move(stopped, WaveVerb.RESUME)
    stopped.daemon()
    assert set(stopped.states().values()) == {"migrated"}
    assert {outcomes[-1] for outcomes in captures(stopped).values()} == {"done"}
    assert stopped.chain_holds()
