"""Thousands of commands at once: answered in order, and nobody else waits for them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import col, func, select

from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store.tables import Command

Programme = Any
MANY = 10_000


def queue(programme: Programme, kind: str, targets: list[int]) -> None:
    now = datetime.now(UTC)
    with programme.database.write() as session:
        session.connection().execute(
            insert(Command),
            [
                {"kind": kind, "target_id": id_, "actor": "operator", "created_at": now}
                for id_ in targets
            ],
        )


def waiting(programme: Programme) -> int:
    with programme.database.read() as session:
        statement = select(func.count()).where(col(Command.answered_at).is_(None))
        return int(session.exec(statement).one())


def test_ten_thousand_commands_are_answered_in_order_while_a_wave_goes_on(
    programme: Programme,
    engine: Any,
    start: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    programme.populate(1, wave=WaveState.RUNNING)
    queue(programme, "cancel_run", [1_000_000 + n for n in range(MANY)])
    began = time.monotonic()
    runner = start(engine)
    programme.wait_for(programme.through, "the wave's end")
    assert waiting(programme) > 0, "the wave had to wait for every command"
    ticks = runner.ticks
    programme.wait_for(lambda: waiting(programme) == 0, "the last answer")
    assert runner.ticks > ticks
    commands = programme.commands()
    assert all(command.refused for command in commands)
    answered = [command.answered_at for command in commands]
    assert answered == sorted(answered)
    with capsys.disabled():
        print(f"\n{MANY} commands answered within {time.monotonic() - began:.1f} s")  # noqa: T201


def test_thousands_of_questions_are_asked_a_few_at_a_time(
    programme: Programme, engine: Any, start: Callable[..., Any]
) -> None:
    ids = programme.populate(1_000, state=MachineState.CAPTURED)
    queue(programme, "probe_machine", ids)
    engine.let_go.clear()
    runner = start(engine)
    programme.wait_for(lambda: len(engine.alive()) == 2, "the first questions")
    runner.ticks_again(5)
    assert len(engine.alive()) == 2
    asked = [command.target_id for command in programme.commands() if command.run_id is not None]
    assert asked == ids[: len(asked)]
