"""Every screen looks as it was last agreed on, in both languages, on a small and a large terminal.

What is kept is the text of the screen, not an SVG: a reviewer reads the difference, and a shift by
half a wide character is seen in it. The first line, with its clock, is left out. After a change
that is meant: `AGREE_ON_SCREENS=write pytest` on this file, and look at the difference.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from rollout.bootstrap import Application
from rollout.domain.run import RunVerb
from rollout.store import transitions
from rollout.store.tables import Run
from tui.rooms import KEYS
from tui.widgets.live_table import LiveTable

KEPT = Path(__file__).with_name("screens")
ENDED = datetime(2022, 11, 16, 0, 12, tzinfo=UTC)
EXPORT = {"ja": " e 書き出し", "en": " e export"}
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
LANGUAGES = pytest.mark.parametrize("language", ["ja", "en"])


async def looks_as_agreed(seat, screen: str, language: str, size: tuple[int, int]) -> None:
    """Wait until the screen is the one that is kept; or keep the one that is there."""

    def shown() -> str:
        lines = seat.text.splitlines()[1:]
        text = "\n".join(line.rstrip() for line in lines) + "\n"
        return re.sub(r"5:2\d:\d\d", "5:20:xx", text)  # how long the run lasts until now

    file = KEPT / f"{screen}.{language}.{size[0]}x{size[1]}.txt"
    if os.environ.get("AGREE_ON_SCREENS") == "write":
        await seat.until(lambda: getattr(seat.app.screen, "last", None) is not None)
        await seat.pilot.pause(0.8)
        KEPT.mkdir(exist_ok=True)
        file.write_text(shown(), encoding="utf-8")
    agreed = file.read_text(encoding="utf-8")
    assert EXPORT[language] in agreed.splitlines()[-1]  # however narrow the terminal
    await seat.until(lambda: shown() == agreed)


@SIZES
@LANGUAGES
async def test_every_room_looks_as_agreed(at_the_screen, language, size):
    async with at_the_screen(language=language, size=size) as seat:
        for room, key in KEYS.items():
            await seat.press(key)
            await looks_as_agreed(seat, room, language, size)


@SIZES
@LANGUAGES
async def test_what_a_room_leads_to_looks_as_agreed(
    at_the_screen, under_way: Application, language, size
):
    async with at_the_screen(language=language, size=size) as seat:

        async def enter(room: str) -> None:
            await seat.press(KEYS[room])
            await seat.until(
                lambda: seat.app.screen.room == room and seat.app.screen.query_one(LiveTable).chosen
            )
            await seat.press("enter")

        await enter("waves")
        await looks_as_agreed(seat, "wave", language, size)
        await enter("machines")
        await looks_as_agreed(seat, "machine", language, size)
        await enter("runs")
        await looks_as_agreed(seat, "run", language, size)
        with under_way.database.write() as session:
            ids = [run.id or 0 for run in session.exec(select(Run)).all()]
            transitions.apply(session, Run, ids, RunVerb.FINISH, actor="daemon", at=ENDED)
        await looks_as_agreed(seat, "run-finished", language, size)
