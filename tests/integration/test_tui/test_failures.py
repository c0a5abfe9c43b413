"""Failures by cause: shown, opened, tried again and held together."""

from collections.abc import Callable

from rollout.application import machines
from rollout.bootstrap import Application
from rollout.domain.machine import MachineVerb
from tui.screens.confirm import ConfirmScreen


def states(programme: Application, tags: list[str]) -> set[str]:
    wanted = machines.Filter(tags=tuple(tags))
    rows = machines.listing(programme.database, wanted, limit=len(tags))
    return {joined.machine.state for joined in rows}


async def test_groups_show_their_cause_and_lead_to_their_machines(
    at_the_screen, failed: Callable[[int], list[str]]
):
    failed(3)
    async with at_the_screen("guest") as seat:
        await seat.press("5")
        await seat.sees("4 machines, 2 causes", "3        failed", "no [b]room[/b]", "[blink]one")
        assert "retry" not in seat.text.splitlines()[-1]
        await seat.press("enter")
        await seat.sees("3 machines failed alike", "DK20-000103", "no [b]room[/b]")
        await seat.press("enter")
        await seat.sees("asset tag", "DK20-000101", "cause")


async def test_retrying_many_needs_their_number_typed(
    at_the_screen, programme: Application, failed: Callable[[int], list[str]]
):
    tags = failed(21)
    async with at_the_screen() as seat:
        await seat.press("5")
        await seat.sees("21  ")
        await seat.press("r")
        await seat.sees("21 machines: retry", "type the number of machines: 21")
        await seat.type("20")
        await seat.press("tab")
        await seat.type("room made")
        await seat.press("enter")
        await seat.sees("the number is not 21")
        assert states(programme, tags) == {"failed"}
        await seat.press("ctrl+u")
        await seat.type("21")
        await seat.press("enter")
        await seat.until(lambda: states(programme, tags) == {"planned"})
        await seat.sees("21 machines begin again")


async def test_a_group_is_held_and_those_that_are_held_already_stay(
    at_the_screen, programme: Application, failed: Callable[[int], list[str]], meanwhile
):
    tags = failed(3)
    meanwhile(tags[0], MachineVerb.HOLD, "on the bench")
    async with at_the_screen() as seat:
        await seat.press("5")
        await seat.sees("4 machines, 2 causes")
        await seat.press("enter")
        await seat.sees("3 machines failed alike", "held")
        await seat.press("H")
        await seat.sees("2 machines: hold", "1 more is held")
        await seat.type("wait for disks")
        await seat.press("enter")
        await seat.sees("2 machines are held")
        await seat.until(lambda: states(programme, tags) == {"held"})
        # Nothing is left to try again or to hold.
        await seat.until(lambda: not seat.app.screen.possible("retry_all"))
        await seat.press("r", "H")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, ConfirmScreen)
    history = machines.show(programme.database, tags[0]).history
    assert [row.reason for row in history if row.verb == "hold"] == ["on the bench"]


async def test_machines_that_cannot_be_tried_again_do_not_keep_the_others_back(
    at_the_screen, programme: Application, failed: Callable[[int], list[str]], meanwhile
):
    tags = failed(3)
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("5")
        await seat.sees("4 machines, 2 causes")
        await seat.press("r")
        await seat.sees("3 machines: retry")
        meanwhile(tags[1], MachineVerb.HOLD, "first")
        await seat.type("again")
        await seat.press("enter")
        await seat.sees("2 machines begin again", "1 was refused, such as")
    assert states(programme, [tags[0], tags[2]]) == {"planned"}
    assert states(programme, [tags[1]]) == {"held"}


async def test_a_programme_without_failures_says_so(at_the_screen, programme: Application):
    machines.retry(
        programme.database, "DK20-000001", programme.operator("tanaka"), programme.clock.now()
    )
    async with at_the_screen(language="ja") as seat:
        await seat.press("5")
        await seat.sees("失敗した端末はありません")
