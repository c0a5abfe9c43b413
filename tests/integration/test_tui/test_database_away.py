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


async def test_a_database_without_tables_is_said_and_comes_back(
    at_the_screen, programme: Application, tmp_path: Path
):
    path = tmp_path / "rollout.db"
    async with at_the_screen() as seat:

        def said() -> bool:
            programme.database.close()  # a thread may just have connected to the file of before
            return "no such table" in seat.text

        await seat.sees("166 days")
        path.rename(tmp_path / "away.db")
        await seat.until(lambda: said() and "166 days" in seat.text)
        await seat.press("3", "1")
        for left in tmp_path.glob("rollout.db*"):
            left.unlink()
        (tmp_path / "away.db").rename(path)
        await seat.until(lambda: not said())
        await seat.press("3")
        await seat.sees("DK20-000001")
