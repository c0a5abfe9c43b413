"""The plan room: the map of days, and machines moved to another day by keys."""

from datetime import date

import pytest
from sqlmodel import select

from rollout.application import machines
from rollout.application.planning import checking, moving, plans
from rollout.bootstrap import Application, application
from rollout.domain.machine import MachineVerb
from rollout.store.tables import Machine, Plan, Wave
from tui.screens.confirm import ConfirmScreen
from tui.widgets.heat_map import HeatMap


@pytest.fixture
def planned(programme: Application) -> Application:
    """Days for all machines, in force."""
    operator, now = programme.operator("tanaka"), programme.clock.now()
    plans.solve(programme.database, programme.settings, operator=operator, now=now)
    plans.commit(programme.database, operator=operator, now=now)
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
        await seat.sees("not computable yet", "are needed")
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


async def test_whose_owners_were_told_of_another_day_is_said_before(
    at_the_screen, planned: Application
):
    told = min(day for day in _days(planned).values() if day and day > date(2022, 11, 17))
    moved = [tag for tag, day in _days(planned).items() if day == told]
    warning = f"The owners of {len(moved)} were told of another day"
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("0")
        await seat.sees("days in force")
        heat = seat.app.screen.query_one(HeatMap)
        heat.day = told
        heat.action_step(0)
        await seat.sees(moved[0])
        await seat.press("m")
        await seat.sees("Enter puts down")
        while heat.day != date(2023, 1, 6):
            await seat.press("right" if heat.day < date(2023, 1, 6) else "left")
        await seat.press("enter")
        await seat.sees("Move to 2023-01-06", warning)
        await seat.type("their office moves")
        await seat.press("enter")
        await seat.sees("PROPOSAL of tanaka")
        await seat.press("c")
        await seat.sees("Put the proposal into force", f"{told} → 2023-01-06", warning)
        await seat.press("left", "enter")
        await seat.until(lambda: {_days(planned)[tag] for tag in moved} == {date(2023, 1, 6)})


async def test_a_proposal_for_machines_that_others_changed_is_refused(
    at_the_screen, planned: Application, meanwhile
):
    before = _days(planned)
    tag = "DK20-000100"
    operator, now = planned.operator("tanaka"), planned.clock.now()
    moving.move(
        planned.database, planned.settings, [tag], date(2023, 1, 6), operator=operator, now=now
    )
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("0")
        await seat.sees("PROPOSAL of tanaka")
        await seat.press("c")
        await seat.sees("Put the proposal into force", tag)
        meanwhile(tag, MachineVerb.HOLD, "owner is ill")
        await seat.press("left", "enter")
        await seat.sees("refused", "1 machine changed since the plan", f"({tag})")
    assert _days(planned) == before
    assert _plans(planned)[-1] == "proposed"


async def test_machines_for_which_no_working_day_is_left_are_counted(
    at_the_screen, programme: Application
):
    late = application(now="2023-04-29T10:00:00+09:00")  # a holiday, then a Sunday, then it is over
    async with at_the_screen(of=late, size=(120, 40)) as seat:
        await seat.press("0")
        await seat.sees("no plan yet")
        await seat.press("s")
        await seat.sees("Plan anew")
        await seat.press("left", "enter")
        await seat.sees(
            "0 new days", "! 249 machines without a day (u lists them)", "Its site has no free"
        )
        await seat.press("u")
        await seat.sees("249 machines have no day", "no day left", "13 working days later would do")
        await seat.press("enter")
        await seat.sees("filter: site:本庁 state:registered")
    late.database.close()


async def test_what_is_carried_is_put_back_by_escape(at_the_screen, planned: Application):
    async with at_the_screen() as seat:
        await seat.press("0")
        await seat.sees("days in force")
        await seat.press("enter", "down", "m")
        await seat.sees("▸ DK20-", "1 machine of")
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
        await seat.type("2")  # submitted
        await seat.press("enter")
        await seat.sees("withdraw it first (w in the room", "wave withdraw 2`")
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
    assert [change.asset_tag for change in checking.diff(planned.database).moves] == tags
