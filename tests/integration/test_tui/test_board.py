"""What was promised besides machines: late ones are told at the first look."""

from datetime import date

import pytest

from rollout.bootstrap import Application
from rollout.settings.board import Indicator, Milestone


@pytest.fixture
def promised(programme: Application) -> Application:
    """A milestone that is late, and an indicator whose year goes on."""
    settings = programme.settings.model_copy(
        update={
            "milestones": {"rules": Milestone(name="[b]運用規程[/b]", due=date(2022, 10, 31))},
            "indicators": {"trials": Indicator(name="実証", targets={2023: 3})},
        }
    )
    object.__setattr__(programme, "settings", settings)
    return programme


async def test_what_is_late_is_a_jump_from_the_overview(promised, at_the_screen):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.sees("late", "promises")
        await seat.press("P")
        await seat.sees("[b]運用規程[/b]", "2022-10-31", "! ", "– / 3", "1 of 2 are late")


async def test_a_configuration_that_promises_nothing_says_so(programme, at_the_screen):
    async with at_the_screen(language="ja") as seat:
        await seat.press("P")
        await seat.sees("[milestones]")
