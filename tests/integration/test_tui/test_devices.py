"""The room of personal devices: the decisions of the command line, and nothing that wipes."""

from datetime import date

import pytest

from rollout.application.byod import applying, listing
from rollout.application.byod.applying import DeviceApplication
from rollout.bootstrap import Application
from rollout.domain.personal_device import ApplicationKind, DeviceState, Platform

MODEL = "iPhone [b]13[/b]"


@pytest.fixture
def applied(programme: Application) -> Application:
    """The owner of most PCs applies for a telephone."""
    form = DeviceApplication(
        "300001", Platform.IOS, MODEL, "mail", ApplicationKind.NEW, "1.0", date(2022, 10, 1)
    )
    now = programme.clock.now()
    applying.apply(programme.database, programme.settings, form, programme.operator("tanaka"), now)
    return programme


def _state(programme: Application) -> DeviceState:
    now = programme.clock.now()
    (found,) = listing.devices(programme.database, programme.settings, now)
    return DeviceState(found["state"])


async def test_an_approval_names_the_head_of_office_who_agreed(applied, at_the_screen):
    async with at_the_screen("okada", size=(160, 30)) as seat:
        await seat.press("D")
        await seat.sees("applied", MODEL, "𠮷田　さくら")
        await seat.press("a")
        await seat.sees("Device 1: approve", "the head of office who agreed", "still missing:")
        await seat.press("enter")
        await seat.pilot.pause()
        assert _state(applied) is DeviceState.APPLIED, "nobody is named yet"
        await seat.type("人事課長")
        await seat.press("enter")
        await seat.until(lambda: _state(applied) is DeviceState.APPROVED)
        found = listing.detail(applied.database, applied.settings, 1, applied.clock.now())
        assert found is not None
        assert found["head_of_office"] == "人事課長"


async def test_an_invitation_that_cannot_go_says_what_is_missing(applied, at_the_screen):
    now = applied.clock.now()
    applying.decide(
        applied.database, applied.settings, 1, applied.operator("okada"), now,
        approve=True, reason=None, head_of_office="課長",
    )  # fmt: skip
    async with at_the_screen("tanaka") as seat:
        await seat.press("D")
        await seat.sees("approved")
        await seat.press("i")
        await seat.sees("Device 1: invite")
        await seat.press("left", "enter")
        await seat.sees("refused", "[accounts.tenant]")
        assert _state(applied) is DeviceState.APPROVED


async def test_an_application_is_taken_back_with_a_reason(applied, at_the_screen):
    async with at_the_screen("tanaka", language="ja") as seat:
        await seat.press("D")
        await seat.sees("申請中")
        await seat.press("w")
        await seat.sees("私有端末 1")
        await seat.type("機種変更")
        await seat.press("enter")
        await seat.until(lambda: _state(applied) is DeviceState.WITHDRAWN)
        await seat.sees("機種変更")


async def test_viewers_have_no_keys_and_strays_have_a_list(applied, at_the_screen):
    async with at_the_screen("guest") as seat:
        await seat.press("D")
        await seat.sees("applied", "strays")
        assert "invite" not in seat.text
        await seat.press("s")
        await seat.sees("every registered device belongs to an application")
        await seat.press("escape", "slash")
        await seat.type("is:alarm")
        await seat.press("enter")
        await seat.sees("no device matches")
