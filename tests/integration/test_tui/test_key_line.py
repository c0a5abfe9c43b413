"""The last line: keys that work here, as widgets of their own were before."""

from rollout.domain.machine import MachineVerb
from tui.screens.help import HelpScreen
from tui.widgets.key_line import KeyLine


def _dim(seat) -> dict[str, bool]:
    """Whether each key is dim."""
    found: dict[str, bool] = {}
    for _text, style, _control in seat.app.screen.query_one(KeyLine).render_line(0):
        if style is not None and "key" in style.meta:
            found.setdefault(style.meta["key"], bool(style.dim))
    return found


async def test_keys_are_dim_while_the_chosen_machine_cannot_follow_them(at_the_screen, meanwhile):
    meanwhile("DK20-000002", MachineVerb.HOLD, "away")
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("3")
        await seat.sees("machines 1–100", "H hold")
        await seat.until(lambda: not seat.app.screen.check_action("release", ()))
        await seat.press("down")
        await seat.until(lambda: seat.app.screen.check_action("release", ()))
        await seat.until(lambda: _dim(seat).get("R") is False)
        await seat.press("up")
        await seat.until(lambda: _dim(seat)["R"] is True)


async def test_a_click_on_a_key_presses_it(at_the_screen):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("3")
        await seat.sees("machines 1–100", "? keys")
        await seat.pilot.click(KeyLine, offset=(3, 0))
        await seat.until(lambda: isinstance(seat.app.screen, HelpScreen))


async def test_the_keys_follow_language_and_theme(at_the_screen):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("3")
        await seat.sees("machines 1–100", "? keys")
        line = seat.app.screen.query_one(KeyLine)
        before = line.rich_style
        await seat.press("T")
        await seat.until(lambda: line.rich_style != before)
        await seat.press("L")
        await seat.until(lambda: "絞り込み" in line.text)


async def test_a_screen_that_is_left_before_its_keys_are_drawn_ends_in_order(at_the_screen):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("3")
        await seat.sees("machines 1–100", "? keys")
        line = seat.app.screen.query_one(KeyLine)
        words = line.text
        await line.remove()
        line.repaint()
        assert line.text == words
