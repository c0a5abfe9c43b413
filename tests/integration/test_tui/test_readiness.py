"""The room of readiness: sums first, then the people behind them."""

from rollout.application.readiness.query import readiness


async def test_obstacles_lead_to_the_people_whom_they_keep_back(at_the_screen, programme):
    found = readiness(programme.database, programme.settings, programme.clock.now())
    assert found.obstacles, "somebody lacks something, or this test shows nothing"
    async with at_the_screen(size=(120, 30)) as seat:
        await seat.press("minus")
        await seat.sees("What is missing", "Ready by department", "0 of 2 people are ready")
        await seat.press("enter")
        await seat.sees("300001", "𠮷田　さくら", "✗ ", "is:unready missing:")
        await seat.press("escape", "escape")
        await seat.sees("What is missing")


async def test_people_are_filtered_and_words_that_mean_nothing_are_refused(at_the_screen):
    async with at_the_screen("guest", size=(120, 30), language="ja") as seat:
        await seat.press("minus", "slash")
        await seat.sees("300001", "300002")
        await seat.press("slash")
        await seat.type("is:未了 300002")
        await seat.press("enter")
        await seat.until(lambda: "300001" not in seat.text)
        await seat.sees("[bold]髙橋")
        await seat.press("slash")
        await seat.type("missing:なにか")
        await seat.press("enter")
        await seat.sees("なにか")


async def test_departments_lead_to_their_people(at_the_screen):
    async with at_the_screen(size=(120, 30)) as seat:
        await seat.press("minus")
        await seat.sees("Ready by department")
        await seat.press("tab", "enter")
        await seat.sees("300002", "is:unready")
