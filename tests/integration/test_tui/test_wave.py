"""One wave on the screen: approval, tranches, gates, overriding one."""

from rollout.application import waves
from rollout.bootstrap import Application
from rollout.domain.wave import WaveState, WaveVerb
from rollout.store.tables import GateOverride
from tui.screens.confirm import ConfirmScreen


def overrides(programme: Application) -> list[GateOverride]:
    found = waves.standing(programme.database, programme.settings, 1, programme.clock.now())
    return list(found.progress.overrides)


async def test_it_shows_the_approval_the_tranches_and_which_gates_decide(
    at_the_screen, under_way: Application
):
    async with at_the_screen(size=(110, 45)) as seat:
        await seat.press("2")
        await seat.sees("running")
        await seat.press("enter")
        await seat.sees(
            "submitted by okada",
            "approved by matsumoto 11-16 09:00",
            "1        ░░░░░░░░░░ 0/2",
            "2        ░░░░░░░░░░ 0/1  not yet",
            "The next tranche waits for: succeeded, soak, training",
            "►  succeeded     ○ closed  0 of 2: 0.0%, limit 80.0%",
            "failed        ● open    1, limit 5",
            "no machine has come through yet",
        )
        assert "►  failed" not in seat.text
        await seat.press("ctrl+end")
        await seat.sees("there is no record of 情報 [研修]: give one with `rollout import training")


async def test_it_is_readable_in_japanese_at_the_smallest_size(
    at_the_screen, under_way: Application
):
    async with at_the_screen("okada", language="ja") as seat:
        await seat.press("2")
        await seat.sees("実施中")
        await seat.press("enter")
        await seat.sees("関門", "次の区分を待たせている関門", "例外承認")
        await seat.press("ctrl+end")
        await seat.sees("研修", "情報 [研修] の受講記録がありません")


async def test_an_approver_overrides_a_gate_and_says_why(at_the_screen, under_way: Application):
    async with at_the_screen("okada", size=(110, 45)) as seat:
        await seat.press("2", "enter")
        await seat.sees("►  succeeded")
        await seat.press("o")
        await seat.sees("Wave 1: override the gate “succeeded”", "Not open either: soak, training")
        await seat.press("enter")
        await seat.sees("a reason is needed")
        assert overrides(under_way) == []
        await seat.type("seen [b]at the desk[/b]")
        await seat.press("enter")
        await seat.sees("◐ overridden", "okada: seen [b]at the desk[/b]", "override succeeded")
    (row,) = overrides(under_way)
    assert (row.gate, row.tranche, row.actor) == ("succeeded", 1, "okada")


async def test_an_open_gate_cannot_be_overridden(at_the_screen, under_way: Application):
    async with at_the_screen("okada", size=(110, 45)) as seat:
        await seat.press("2", "enter")
        await seat.sees("►  succeeded")
        await seat.press("down", "o")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_only_approvers_see_that_gates_can_be_overridden(
    at_the_screen, under_way: Application
):
    for name, keys in (("tanaka", ("pause", "halt")), ("guest", ())):
        async with at_the_screen(name, size=(110, 45)) as seat:
            await seat.press("2", "enter")
            await seat.sees("►  succeeded", *keys)
            footer = seat.text.splitlines()[-1]
            assert "override" not in footer
            assert all(word in footer for word in keys)
            assert keys or "halt" not in footer
            await seat.press("o")
            await seat.pilot.pause()
            assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_a_wave_is_halted_and_resumed_where_its_gates_are_read(
    at_the_screen, under_way: Application
):
    def state() -> str:
        return waves.show(under_way.database, 1)[0].wave.state

    async with at_the_screen(size=(110, 45)) as seat:
        await seat.press("2", "enter")
        await seat.sees("►  succeeded")
        await seat.press("h")
        await seat.sees("Wave 1: halt")
        await seat.type("net [down]")
        await seat.press("enter")
        await seat.sees("The wave is halted: net [down]")
        assert state() == WaveState.HALTED
        await seat.press("r")
        await seat.sees("Wave 1: resume")
        await seat.press("left", "enter")
        await seat.until(lambda: state() == WaveState.RUNNING)


async def test_m_leads_to_the_machines_of_the_wave(at_the_screen, under_way: Application):
    async with at_the_screen() as seat:
        await seat.press("2", "enter")
        await seat.sees("succeeded")
        await seat.press("m")
        await seat.sees("filter: wave:1", "machines 1–3")


async def test_a_wave_before_its_start_shows_what_would_keep_it(
    at_the_screen, programme: Application
):
    waves.move(
        programme.database,
        2,
        WaveVerb.APPROVE,
        programme.operator("matsumoto"),
        programme.clock.now(),
    )
    async with at_the_screen(size=(110, 45)) as seat:
        await seat.press("2")
        await seat.sees("approved")
        await seat.press("down", "enter")
        await seat.sees("The first machines wait for: training", "there is no record")
