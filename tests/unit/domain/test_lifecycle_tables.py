"""The tables of states hold together, whatever path is taken through them."""

from collections import deque
from enum import StrEnum
from typing import Any

import pytest

from rollout.domain.diagram import LIFECYCLES
from rollout.domain.errors import NotAllowed
from rollout.domain.lifecycle import Back, Lifecycle
from rollout.domain.machine import (
    DONE,
    MACHINE,
    NEEDS_A_PERSON,
    STEP_FROM,
    WORKING,
    MachineState,
    MachineVerb,
    Step,
)
from rollout.domain.run import ALIVE, RUN, RunState
from rollout.domain.wave import WAVE, WaveState, WaveVerb

every_lifecycle = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=LIFECYCLES.keys())


def reachable() -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
    """Every memory that a machine can have (its attempt capped at 2), with those it leads to."""
    start: dict[str, Any] = {"state": "registered", "step": None, "attempt": 1, "held_from": None}
    start["enabled"] = False
    names = tuple(start)
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    waiting = deque([tuple(start.values())])
    while waiting:
        memory = waiting.popleft()
        if memory in found:
            continue
        found[memory] = []
        row = dict(zip(names, memory, strict=True))
        for verb in MACHINE.verbs_from(MachineState(row["state"])):
            after = row | {key: str(value) if isinstance(value, StrEnum) else value
                           for key, value in MACHINE.move(row, verb).items()}  # fmt: skip
            after["attempt"] = min(after["attempt"], 2)
            found[memory].append(tuple(after.values()))
            waiting.append(tuple(after.values()))
    return found


MEMORIES = reachable()


@every_lifecycle
def test_every_word_has_one_sentence(lifecycle: Lifecycle) -> None:
    for word in (*lifecycle.states, *lifecycle.verbs):
        assert word.meaning.endswith((".", "?"))  # type: ignore[attr-defined]


@every_lifecycle
def test_every_state_is_reached_and_every_verb_is_used(lifecycle: Lifecycle) -> None:
    targets = {target for target in lifecycle.moves.values() if not isinstance(target, Back)}
    assert targets | {lifecycle.initial} == set(lifecycle.states)
    assert {verb for _, verb in lifecycle.moves} == set(lifecycle.verbs)


@every_lifecycle
def test_a_move_that_is_not_in_the_table_is_refused(lifecycle: Lifecycle) -> None:
    for state in lifecycle.states:
        for verb in set(lifecycle.verbs) - set(lifecycle.verbs_from(state)):
            memory = dict.fromkeys(lifecycle.remembers) | {"state": state}
            with pytest.raises(NotAllowed, match="not possible from there"):
                lifecycle.move(memory, verb, key="x")


def test_a_machine_can_reach_every_state() -> None:
    assert {memory[0] for memory in MEMORIES} == set(MachineState)


def test_no_path_breaks_what_the_database_checks() -> None:
    for state, step, attempt, held_from, _enabled in MEMORIES:
        assert (state == "held") == (held_from is not None)
        assert attempt >= 1
        if state in (*WORKING, MachineState.FAILED, MachineState.SILENT, MachineState.UNKNOWN):
            assert step is not None
        if state in {*STEP_FROM, *DONE} - WORKING:
            assert step is None


def test_work_in_progress_knows_its_step() -> None:
    for state, step, *_ in MEMORIES:
        if state in WORKING:
            assert Step(step).working == state


@pytest.mark.parametrize("step", Step)
def test_work_in_progress_ends_done_failed_silent_or_in_doubt(step: Step) -> None:
    targets = {target for (state, _), target in MACHINE.moves.items() if state == step.working}
    assert targets == {
        step.done,
        step.starts_from,
        MachineState.FAILED,
        MachineState.SILENT,
        MachineState.UNKNOWN,
    }


def test_a_disk_is_rewritten_only_from_a_verified_copy() -> None:
    into = {
        memory[0]
        for memory, followers in MEMORIES.items()
        for follower in followers
        if follower[0] == MachineState.REIMAGING
    }
    assert into == {MachineState.CAPTURED}
    into_captured = {
        (memory[0], memory[1] or memory[3])
        for memory, followers in MEMORIES.items()
        for follower in followers
        if follower[0] == MachineState.CAPTURED
    }
    assert {state for state, _ in into_captured} <= {
        "capturing", "reimaging", "failed", "silent", "unknown", "held",
    }  # fmt: skip
    for state, detail in into_captured - {("capturing", "capture")}:
        assert detail in ("capture", "reimage", "captured"), (state, detail)


def test_doubt_never_begins_a_step_by_itself() -> None:
    begins = MACHINE.sources(MachineVerb.BEGIN)
    assert not begins & NEEDS_A_PERSON
    assert not begins & WORKING


def test_a_release_leads_back_to_where_the_hold_began() -> None:
    for memory in MEMORIES:
        row = dict(zip(MACHINE.remembers, memory, strict=True))
        if row["state"] not in MACHINE.sources(MachineVerb.HOLD):
            continue
        held = row | MACHINE.move(row, MachineVerb.HOLD)
        assert held | MACHINE.move(held, MachineVerb.RELEASE) == row


def test_a_retry_goes_to_the_start_of_its_step_with_a_new_attempt() -> None:
    for step in Step:
        for state in MACHINE.sources(MachineVerb.RETRY):
            row = {"state": state, "step": step.value, "attempt": 3, "held_from": None}
            assert MACHINE.move(row, MachineVerb.RETRY) == {
                "state": step.starts_from,
                "step": None,
                "attempt": 4,
            }


def test_a_wave_starts_only_when_it_is_approved() -> None:
    assert WAVE.sources(WaveVerb.START) == {WaveState.APPROVED}
    assert WAVE.sources(WaveVerb.APPROVE) == {WaveState.AWAITING_APPROVAL}


def test_a_run_that_ended_stays_ended() -> None:
    for state in set(RunState) - ALIVE:
        assert RUN.verbs_from(state) == []
