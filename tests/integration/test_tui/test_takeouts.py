"""The room of take-outs: what its PCs lack, and deciding."""

from datetime import date

import pytest

from rollout.application.takehome import decisions, listing
from rollout.bootstrap import Application
from rollout.domain.takeout import TakeoutState
from rollout.settings import Generation

DK20 = "DK20-000002"


@pytest.fixture
def applied(programme: Application) -> Application:
    """DK20 may be taken home, and its owner applies for a week."""
    generations = {**programme.settings.generations, "DK20": Generation(take_home=True)}
    object.__setattr__(
        programme,
        "settings",
        programme.settings.model_copy(update={"generations": generations}),
    )
    decisions.apply(
        programme.database,
        programme.settings,
        decisions.Wish(
            DK20, "300001", date(2022, 11, 20), date(2022, 11, 26), "[b]自宅[/b]", "テレワーク"
        ),
        programme.operator("tanaka"),
        programme.clock.now(),
    )
    return programme


def _state(programme: Application) -> TakeoutState:
    (found,) = listing.listing(programme.database, programme.settings, programme.clock.now())
    return found.state


async def test_an_application_is_shown_with_what_its_pc_lacks_and_approved(applied, at_the_screen):
    async with at_the_screen("okada", size=(160, 30)) as seat:
        await seat.press("9")
        await seat.sees(DK20, "applied", "11-20–11-26", "[b]自宅[/b]", "𠮷田　さくら")
        await seat.press("a")
        await seat.sees("Application 1 for DK20-000002: approve", "still missing:")
        await seat.press("left", "enter")
        await seat.until(lambda: _state(applied) is TakeoutState.APPROVED)
        await seat.sees("approved")


async def test_a_refusal_needs_its_reason(applied, at_the_screen):
    async with at_the_screen("okada") as seat:
        await seat.press("9")
        await seat.sees(DK20)
        await seat.press("x")
        await seat.sees("reject", "reason (kept in the history)")
        await seat.press("enter")
        await seat.sees("a reason is needed")
        await seat.type("no work at home")
        await seat.press("enter")
        await seat.until(lambda: _state(applied) is TakeoutState.REJECTED)
        await seat.sees("no work at home")


async def test_the_applicant_decides_nothing_and_an_operator_has_no_key_for_it(
    applied, at_the_screen
):
    async with at_the_screen("tanaka") as seat:
        await seat.press("9")
        await seat.sees(DK20, "withdraw")
        assert "approve" not in seat.text
        await seat.press("o")
        await seat.pilot.pause()
        assert _state(applied) is TakeoutState.APPLIED, "nothing is out before it is approved"


async def test_the_filter_asks_the_database(applied, at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("9")
        await seat.sees(DK20)
        await seat.press("slash")
        await seat.type("state:out")
        await seat.press("enter")
        await seat.sees("no application matches")
        await seat.press("escape", "slash")
        await seat.type("state:applied 自宅")
        await seat.press("enter")
        await seat.sees(DK20)
        await seat.press("slash")
        await seat.type("is:late")
        await seat.press("enter")
        await seat.sees("late is unknown: use one of overdue")
