"""What operators do: confirmed, refused with the reason, and kept in the history."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from rollout.application import machines, waves
from rollout.bootstrap import Application
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveState
from rollout.store import commands
from rollout.store.tables import Command, Machine
from tui.screens.confirm import ConfirmScreen, Question


def _state(programme: Application, number: int) -> str:
    return waves.show(programme.database, number)[0].wave.state


def _cause(programme: Application, tag: str) -> str | None:
    with programme.database.read() as session:
        return session.exec(select(Machine.cause).where(Machine.asset_tag == tag)).one()


async def test_approval_by_the_submitter_is_refused_and_the_reason_shown(
    at_the_screen, programme: Application
):
    async with at_the_screen("okada", size=(120, 40)) as seat:
        await seat.press("2")
        await seat.sees("awaiting approval")
        await seat.press("down", "a")
        await seat.sees("Wave 2: approve", "Submitted by okada")
        await seat.press("left", "enter")
        await seat.sees("refused", "was submitted by okada: another")
        assert _state(programme, 2) == WaveState.AWAITING_APPROVAL


async def test_another_operator_approves(at_the_screen, programme: Application):
    async with at_the_screen("matsumoto") as seat:
        await seat.press("2")
        await seat.sees("awaiting approval")
        await seat.press("down", "a")
        await seat.sees("Wave 2: approve")
        await seat.press("enter")
        await seat.until(lambda: not isinstance(seat.app.screen, ConfirmScreen))
        assert _state(programme, 2) == WaveState.AWAITING_APPROVAL, "Enter alone says no"
        await seat.press("a")
        await seat.sees("Wave 2: approve")
        await seat.press("left", "enter")
        await seat.until(lambda: _state(programme, 2) == WaveState.APPROVED)


async def test_a_reason_keeps_the_spaces_of_a_japanese_keyboard(
    at_the_screen, programme: Application
):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("DK20-000002")
        await seat.press("down", "H")
        await seat.sees("DK20-000002: hold")
        await seat.press("席", "替", "\u3000", "中", "enter")
        await seat.until(lambda: not isinstance(seat.app.screen, ConfirmScreen))
        await seat.until(lambda: _cause(programme, "DK20-000002"))
        assert _cause(programme, "DK20-000002") == "席替　中"


async def test_start_needs_the_number_of_machines_typed(at_the_screen, programme: Application):
    async with at_the_screen() as seat:
        await seat.press("2")
        await seat.sees("approved")
        await seat.press("S", "enter", "enter")
        await seat.sees("type the number of machines: 3", "the number is not 3", "No daemon")
        await seat.type("３0")
        await seat.press("enter")
        await seat.pilot.pause()
        assert isinstance(seat.app.screen, ConfirmScreen)
        assert _state(programme, 1) == WaveState.APPROVED
        await seat.press("backspace", "enter")
        await seat.until(lambda: _state(programme, 1) == WaveState.RUNNING)
        await seat.sees("running")


async def test_halt_needs_a_reason_and_keeps_it(at_the_screen, programme: Application):
    waves.move(
        programme.database,
        1,
        waves.WaveVerb.START,
        programme.operator("tanaka"),
        programme.clock.now(),
    )
    async with at_the_screen() as seat:
        await seat.press("2")
        await seat.sees("running")
        await seat.press("h", "enter")
        await seat.sees("a reason is needed")
        await seat.type("net [down]")
        await seat.press("enter")
        await seat.sees("halted", "net [down]")
        assert waves.show(programme.database, 1)[0].wave.cause == "net [down]"


async def test_a_move_that_the_table_lacks_is_not_offered(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("2")
        await seat.sees("approved")
        await seat.press("p")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_hold_and_release_of_a_machine(at_the_screen, programme: Application):
    def state() -> str:
        return machines.show(programme.database, "DK20-000002").joined.machine.state

    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("DK20-000002")
        await seat.press("down", "H")
        await seat.sees("Machine DK20-000002: hold")
        await seat.type("away")
        await seat.press("enter")
        await seat.until(lambda: state() == "held")
        # The word alone would also be seen in the notification, before the row is drawn anew and
        # the key becomes possible.
        await seat.sees("DK20-000002  held")
        await seat.press("R")
        await seat.sees("It goes back to where it was: planned")
        await seat.press("left", "enter")
        await seat.until(lambda: state() == "planned")
    history = machines.show(programme.database, "DK20-000002").history
    assert [row.actor for row in history if row.verb == "hold"] == ["tanaka"]


async def test_retry_of_a_failed_machine(at_the_screen, programme: Application):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("failed")
        await seat.press("enter")
        await seat.sees("last failing task")
        await seat.press("r")
        await seat.sees("Machine DK20-000001: retry")
        await seat.press("left", "enter")
        await seat.until(
            lambda: (
                machines.show(programme.database, "DK20-000001").joined.machine.state == "planned"
            )
        )


async def test_a_move_that_came_too_late_is_told(at_the_screen, meanwhile):
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("3")
        await seat.sees("DK20-000002")
        await seat.press("down", "H")
        await seat.sees("reason (kept")
        meanwhile("DK20-000002", MachineVerb.HOLD, "first")
        await seat.type("second")
        await seat.press("enter")
        await seat.sees("refused", "machine DK20-000002 is held: “hold”")


async def test_cancelling_a_run_asks_the_daemon(at_the_screen, programme: Application):
    def asked() -> list[Command]:
        with programme.database.read() as session:
            return list(session.exec(select(Command)).all())

    async with at_the_screen() as seat:
        await seat.press("4")
        await seat.sees("preflight")
        await seat.press("c")
        await seat.sees("Run 1: cancel")
        await seat.type("wrong site")
        await seat.press("enter")
        await seat.sees("the daemon was asked")
        await seat.press("enter")
        await seat.sees("stop asked by tanaka: not answered yet")
        with programme.database.write() as session:
            commands.answer(session, 1, "stopping", at=programme.clock.now())
        await seat.sees("stop asked by tanaka: stopping")
    assert [(command.kind, command.actor) for command in asked()] == [("cancel_run", "tanaka")]


async def test_what_was_asked_of_a_machine_is_shown_with_its_answer(
    at_the_screen, programme: Application
):
    now = programme.clock.now()
    machine_id = machines.show(programme.database, "DK20-000001").joined.machine.id or 0
    with programme.database.write() as session:
        asked = commands.ask(
            session, machines.PROBE, machine_id, actor="okada", at=now, reason="is it there?"
        )
        commands.answer(session, asked.id or 0, "no [b]answer[/b]", at=now, refused=True)
    async with at_the_screen("guest") as seat:
        await seat.press("3")
        await seat.sees("DK20-000001")
        await seat.press("enter")
        await seat.sees("by okada, 11-16 14:20: refused: no [b]answer[/b]")


async def test_viewers_have_no_actions(at_the_screen):
    async with at_the_screen("guest") as seat:
        await seat.press("2")
        await seat.sees("approved")
        assert "submit " not in seat.text
        await seat.press("S")
        await seat.press("3")
        await seat.sees("DK20-000001")
        assert "hold" not in seat.text
        await seat.press("H", "r", "R")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_the_status_is_exported_from_the_screen(
    at_the_screen, programme: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    async with at_the_screen("guest", size=(120, 40)) as seat:
        await seat.sees("export")
        await seat.press("e", "enter")
        await seat.sees("written:", "status.csv")
    report = json.loads((tmp_path / "out" / "status.json").read_text(encoding="utf-8"))
    assert report["programme"] == "県の移行 [red]"
    assert (tmp_path / "out" / "status.csv").read_text(encoding="utf-8-sig")


async def test_a_step_is_begun_before_its_turn_with_a_reason(
    at_the_screen, under_way: Application
) -> None:
    async with at_the_screen() as seat:
        await seat.press("3", "slash")
        await seat.type("DK20-000002")
        await seat.press("enter")
        await seat.sees("machines 1–1")
        await seat.press("s")
        await seat.sees("Begin the next step of 1 machine", "preflight: 1", "reason")
        await seat.press("enter")
        await seat.sees("a reason is needed")
        await seat.type("the owner is away that day")
        await seat.press("enter")
        await seat.sees("the daemon begins with 1")
    with under_way.database.read() as session:
        (asked,) = commands.open_ones(session, "begin_step")
        assert (asked.actor, asked.reason) == ("tanaka", "the owner is away that day")


async def test_a_machine_of_no_running_wave_is_not_begun(at_the_screen) -> None:
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("DK20-000002")
        await seat.press("slash")
        await seat.type("DK20-000005")
        await seat.press("enter")
        await seat.sees("machines 1–1")
        await seat.press("s")
        await seat.sees("refused", "DK20-000005: it is in no wave")


@pytest.mark.parametrize("size", [(80, 24), (80, 22), (160, 45)])
async def test_the_buttons_of_a_long_question_stay_in_sight(at_the_screen, size: tuple[int, int]):
    asked = Question(
        "Move", [f"rule {number} would be broken" for number in range(14)], "move them",
        reason=True, number=3,
    )  # fmt: skip
    async with at_the_screen(size=size) as seat:
        await seat.sees("no daemon")
        await seat.app.push_screen(ConfirmScreen(asked))
        await seat.sees("move them", "no (Esc)", "rule 0 ", "reason (kept in the history)")
        await seat.press("enter")
        await seat.sees("the number is not 3", "no (Esc)")
        await seat.press("pagedown", "pagedown", "pagedown", "pagedown")
        await seat.sees("rule 13 ", "no (Esc)")


async def test_a_question_that_has_no_room_is_scrolled_to_what_has_the_keys(at_the_screen):
    asked = Question("Move", ["a rule would be broken"] * 14, "move them", reason=True, number=3)
    async with at_the_screen(size=(60, 12)) as seat:
        await seat.app.push_screen(ConfirmScreen(asked))
        await seat.sees("type the number")
        await seat.press("tab", "tab", "tab")
        await seat.sees("no (Esc)")
