"""The plan room: the map of days, and machines moved to another day by keys."""

from datetime import date

import pytest
from sqlmodel import select

from rollout.application import machines, plan, plan_check
from rollout.bootstrap import Application
from rollout.store.tables import Machine, Plan, Wave
from tui.screens.confirm import ConfirmScreen
from tui.widgets.heat_map import HeatMap


@pytest.fixture
def planned(programme: Application) -> Application:
    """Days for all machines, in force."""
    operator, now = programme.operator("tanaka"), programme.clock.now()
    plan.solve(programme.database, programme.settings, operator=operator, now=now)
    plan.commit(programme.database, operator=operator, now=now)
    return programme


def _days(programme: Application) -> dict[str, date | None]:
    with programme.database.read() as session:
        return dict(session.exec(select(Machine.asset_tag, Machine.planned_day)).all())


def _plans(programme: Application) -> list[str]:
    with programme.database.read() as session:
        return [row.state for row in session.exec(select(Plan).order_by(Plan.id)).all()]


async def test_without_a_plan_the_room_offers_to_make_one(at_the_screen, programme: Application):
    async with at_the_screen() as seat:
        await seat.press("0")
        await seat.sees("no plan yet: press s")
        await seat.press("s")
        await seat.sees("Plan anew")
        await seat.press("left", "enter")
        await seat.sees("PROPOSAL of tanaka", "本庁")
        assert _plans(programme) == ["proposed"]
        await seat.press("f")
        await seat.sees("(of the days in force, not of the")
        await seat.press("x")
        await seat.sees("Discard the proposal")
        await seat.press("left", "enter")
        await seat.until(lambda: _plans(programme) == ["discarded"])
        await seat.sees("no plan yet")


async def test_machines_are_taken_up_and_put_down_with_the_checker_s_verdict(
    at_the_screen, planned: Application
):
    before = _days(planned)
    day = max(found for found in before.values() if found)
    moved = sorted(tag for tag, found in before.items() if found == day)
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("0")
        await seat.sees("days in force: 250")
        heat = seat.app.screen.query_one(HeatMap)
        heat.day = day
        heat.action_step(0)
        await seat.sees(moved[0])
        await seat.press("m")
        await seat.sees("Enter puts down")
        while heat.day != date(2023, 1, 6):
            await seat.press("right" if heat.day < date(2023, 1, 6) else "left")
        await seat.press("right", "enter")  # a Saturday
        await seat.sees("2023-01-07 (Sa)", "would be broken", "weekend", "type the number")
        await seat.press("escape")
        await seat.press("left", "enter")
        await seat.sees("Move to 2023-01-06", "every rule is kept")
        await seat.type("they asked for it")
        await seat.press("enter")
        await seat.sees("PROPOSAL of tanaka", f"← {day}")
        assert _days(planned) == before
        await seat.press("c")
        await seat.sees("Put the proposal into force", "by hand")
        await seat.press("left", "enter")
        await seat.until(lambda: _days(planned) == before | dict.fromkeys(moved, date(2023, 1, 6)))
    history = machines.show(planned.database, moved[0]).history
    assert "they asked for it" in history[-1].reason


async def test_what_is_carried_is_put_back_by_escape(at_the_screen, planned: Application):
    async with at_the_screen() as seat:
        await seat.press("0")
        await seat.sees("days in force")
        await seat.press("enter", "down", "m")
        await seat.sees("▸ DK20-", "1 machines of")
        await seat.press("right", "escape")
        await seat.sees("working day")
        await seat.press("enter")
        await seat.pilot.pause()
        assert not isinstance(seat.app.screen, ConfirmScreen)
        assert _plans(planned) == ["committed"]


async def test_a_viewer_sees_the_map_and_cannot_change_it(at_the_screen, planned: Application):
    async with at_the_screen("guest") as seat:
        await seat.press("0")
        await seat.sees("days in force")
        assert "m move" not in seat.text
        await seat.press("m")
        await seat.pilot.pause()
        assert "Enter puts down" not in seat.text


async def test_marked_machines_are_moved_to_another_wave(at_the_screen, planned: Application):
    with planned.database.read() as session:
        rows = session.exec(
            select(Wave.number, Machine.asset_tag)
            .join(Machine, Machine.wave_id == Wave.id)
            .where(Wave.state == "planned", Wave.pilot.is_(False))
            .order_by(Wave.number.desc(), Machine.asset_tag)
        ).all()
    (target, _last), home = rows[0], rows[-1][0]
    tags = [tag for number, tag in rows if number == home][:2]
    assert home != target
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("3")
        await seat.sees("DK20-000001")
        await seat.press("slash")
        await seat.type(f"wave:{home}")
        await seat.press("enter")
        await seat.sees(*tags)
        for tag in tags:
            while seat.app.screen.chosen().machine.asset_tag != tag:
                await seat.press("down")
            await seat.press("space")
        await seat.press("m")
        await seat.sees("2 machines: move to a wave", "number of the wave")
        await seat.type("x")
        await seat.press("enter")
        await seat.sees("x is no number of a wave")
        await seat.press("m")
        await seat.sees("number of the wave")
        await seat.type(str(target))
        await seat.press("enter")
        await seat.sees(f"2 machines: move to wave {target}", "The checker", "a proposal")
        if seat.app.screen.query("#confirm-number"):
            await seat.type("2")
            await seat.press("enter")
        await seat.type("by request")
        await seat.press("enter")
        await seat.until(lambda: _plans(planned)[-1] == "proposed")
    assert [change.asset_tag for change in plan_check.diff(planned.database).moves] == tags
