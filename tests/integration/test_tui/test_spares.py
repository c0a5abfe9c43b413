"""Spares from the screen: offered, handed out, given back, counted."""

import pytest
from sqlmodel import select

from rollout.application import machines, spares
from rollout.bootstrap import Application
from rollout.domain.purpose import Purpose
from rollout.store.tables import Machine
from tui.screens.confirm import ConfirmScreen


@pytest.fixture
def with_a_spare(programme: Application) -> Application:
    with programme.database.write() as session:
        row = session.exec(select(Machine).where(Machine.asset_tag == "DK20-000250")).one()
        row.purpose, row.owner_id = Purpose.SPARE.value, None
        session.add(row)
    return programme


async def test_a_spare_is_handed_out_and_given_back(at_the_screen, with_a_spare: Application):
    def loan() -> spares.Loan | None:
        return machines.show(with_a_spare.database, "DK20-000001").loan

    async with at_the_screen(size=(120, 36)) as seat:
        await seat.sees("Spares left", "本庁", "1     0")
        await seat.press("3")
        await seat.sees("DK20-000001")
        await seat.press("b")
        await seat.sees(
            "[bold]髙橋[/bold] {{ 7*7 }} =1+1 gets DK20-000250",
            "0 spares are left at 本庁",
            "The spare is held",
        )
        await seat.type("disk [dead]")
        await seat.press("enter")
        await seat.until(loan)
        assert loan().row.reason == "disk [dead]"
        await seat.press("enter")
        await seat.sees("DK20-000250 stands in for it", "stand in", "disk [dead]")
        await seat.press("B")
        await seat.sees("Take the spare DK20-000250 back")
        await seat.press("enter")
        await seat.until(lambda: not isinstance(seat.app.screen, ConfirmScreen))
        assert loan() is not None, "Enter alone says no"
        await seat.press("B")
        await seat.sees("Take the spare DK20-000250 back")
        await seat.press("left", "enter")
        await seat.until(lambda: loan() is None)


async def test_without_a_spare_the_operator_is_told_at_once(at_the_screen):
    async with at_the_screen(size=(120, 36)) as seat:
        await seat.sees("Machines by state")
        assert "Spares left" not in seat.text
        await seat.press("3")
        await seat.sees("DK20-000001")
        await seat.press("b")
        await seat.sees("refused", "本庁 has no spare left")
        assert not isinstance(seat.app.screen, ConfirmScreen)


async def test_a_machine_that_is_well_has_no_need_of_one_and_viewers_hand_out_none(
    at_the_screen, with_a_spare: Application
):
    for name, keys in (("tanaka", ("down", "b")), ("guest", ("b", "B"))):
        async with at_the_screen(name) as seat:
            await seat.press("3")
            await seat.sees("DK20-000001")
            await seat.press(*keys)
            await seat.pilot.pause()
            assert not isinstance(seat.app.screen, ConfirmScreen)
            assert "refused" not in seat.text


async def test_the_pool_leads_to_its_machines(at_the_screen, with_a_spare: Application):
    async with at_the_screen(language="ja", size=(120, 36)) as seat:
        await seat.sees("予備機の残り")
        seat.app.screen.query_one("#spares").focus()
        await seat.press("enter")
        await seat.sees("site:本庁 use:spare", "DK20-000250", "1–1")
