"""The screen goes on while the database does not answer."""

import sqlite3
from pathlib import Path

from rollout.bootstrap import Application


async def test_a_locked_database_is_said_and_the_keys_still_work(
    at_the_screen, programme: Application, tmp_path: Path
):
    programme.database.close()
    other = sqlite3.connect(tmp_path / "rollout.db", isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE").close()
    other.execute("BEGIN EXCLUSIVE").close()
    try:
        async with at_the_screen() as seat:
            await seat.sees("waiting for the database")
            await seat.press("2")
            await seat.press("question_mark")
            await seat.press("escape", "1")
            other.close()
            await seat.sees("166 days")
            await seat.until(lambda: "waiting for the database" not in seat.text)
    finally:
        other.close()


async def test_a_database_that_was_moved_away_is_said_and_comes_back(at_the_screen, tmp_path: Path):
    """A file that is open can be read and written wherever it was moved to: nobody would notice."""
    path, away = tmp_path / "rollout.db", tmp_path / "away.db"
    async with at_the_screen() as seat:
        await seat.sees("166 days")
        path.rename(away)
        await seat.sees("unable to open database file")
        assert "planned" in seat.text
        await seat.press("3", "1")
        assert not path.exists()
        away.rename(path)
        await seat.until(lambda: "unable to open" not in seat.text)
        await seat.press("3")
        await seat.sees("DK20-000001")


async def test_an_action_that_a_lock_holds_up_says_that_it_waits(
    at_the_screen, programme: Application, tmp_path: Path
):
    other = sqlite3.connect(tmp_path / "rollout.db", isolation_level=None)
    async with at_the_screen("tanaka") as seat:
        await seat.press("3")
        await seat.sees("DK20-000001")
        other.execute("BEGIN EXCLUSIVE").close()
        try:
            await seat.press("H")
            await seat.sees("kept in the history")
            await seat.press(*"away", "enter")
            await seat.sees("at work on what was asked")
            assert "DK20-000001" in seat.text
        finally:
            other.close()
        await seat.until(lambda: "at work on what was asked" not in seat.text)
        await seat.sees("held")
