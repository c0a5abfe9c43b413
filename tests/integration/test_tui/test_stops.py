"""Stopping and letting go on from the screen."""

from rollout.application import stops
from rollout.bootstrap import Application
from tui.screens.confirm import ConfirmScreen


def in_force(programme: Application) -> list[tuple[str, str, str, str]]:
    return [
        (stop.scope, stop.target, stop.actor, stop.reason)
        for stop in stops.in_force(programme.database)
    ]


async def test_everything_is_stopped_only_with_the_number_and_a_reason(
    at_the_screen, under_way: Application
):
    async with at_the_screen(size=(110, 30)) as seat:
        await seat.press("6")
        await seat.sees("no stop is in force", "generation DK20", "site 本庁")
        await seat.press("h", "enter")
        await seat.sees("2 machines that wait", "the number is not 2")
        await seat.type("2")
        await seat.press("enter")
        await seat.sees("a reason is needed")
        assert in_force(under_way) == []
        await seat.type("smoke [in] room 3")
        await seat.press("enter")
        await seat.sees("■ stop in force", "smoke [in] room 3", "stops in force: 1")
        assert in_force(under_way) == [("all", "", "tanaka", "smoke [in] room 3")]
        await seat.press("1")
        await seat.sees("stop in force")


async def test_a_stop_of_one_site_ends_with_a_reason(at_the_screen, under_way: Application):
    now = under_way.clock.now()
    stops.halt(
        under_way.database, stops.StopScope.SITE, "本庁", under_way.operator("okada"), now, "fire"
    )
    async with at_the_screen() as seat:
        await seat.press("6")
        await seat.sees("stops in force: 1", "fire")
        await seat.press("down", "down", "r")
        await seat.sees("Stopped by okada: fire", "No daemon is at work")
        await seat.type("it is out")
        await seat.press("enter")
        await seat.sees("no stop is in force")
    assert in_force(under_way) == []


async def test_what_goes_on_cannot_go_on_and_viewers_stop_nothing(
    at_the_screen, under_way: Application
):
    for name, key in (("tanaka", "r"), ("guest", "h"), ("guest", "r")):
        async with at_the_screen(name) as seat:
            await seat.press("6")
            await seat.sees("generation DK20")
            await seat.until(lambda: "keys" in seat.text.splitlines()[-1])
            assert ("stop" in seat.text.splitlines()[-1]) == (name == "tanaka")
            await seat.press(key)
            await seat.pilot.pause()
            assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_places_are_named_in_japanese(at_the_screen):
    async with at_the_screen(language="ja") as seat:
        await seat.press("6")
        await seat.sees("全体", "世代 DK20", "庁舎 本庁", "停止はありません", "停止なし")
