"""Makes the pictures of the terminal in `docs/pictures/`: `python docs/make_pictures.py`.

The programme of `picture_programme.py` is written to a temporary folder, and the real screens
are opened on it with real keys.
"""

import argparse
import asyncio
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from picture_programme import NOW, write
from textual.pilot import Pilot

from rollout import i18n
from rollout.bootstrap import application
from tui.app import RolloutApp

PICTURES = Path(__file__).with_name("pictures")

FONTS = "'Noto Sans Mono CJK JP', 'IPAGothic', 'MS Gothic', 'Osaka-Mono', monospace"


@dataclass(frozen=True)
class Picture:
    """`keys` lead there from the first screen; it is drawn if `shows` can be read on it."""

    name: str
    keys: Sequence[str]
    shows: str
    language: str = "ja"
    actor: str = "tanaka"
    size: tuple[int, int] = (120, 32)


PICTURES_WANTED = (
    Picture("overview", (), "2023-03", size=(150, 44)),
    Picture("overview-en", (), "2023-03", language="en", size=(150, 44)),
    Picture("burn-up", ("b",), "2023-03"),
    Picture("plan", ("0",), "2022-11"),
    Picture("at-work", ("4", "n"), "DK18-000050"),
    Picture("overview-80x24", (), "240", size=(80, 24)),
    Picture("waves", ("2",), "2022-11-21"),
    Picture("wave", ("2", "down", "enter"), "82.1%", actor="matsumoto", size=(120, 36)),
    Picture("wave-approval", ("2", "down", "down", "a"), "tanaka", actor="matsumoto"),
    Picture("machines", ("3",), "DK18-000046"),
    Picture(
        "machine", ("3", "slash", *"state:failed", "enter", "enter"), "5CG0000046", size=(120, 36)
    ),
    Picture("runs", ("4",), "本庁"),
    Picture("failures", ("5",), "データ退避"),
    Picture("stops", ("6",), "BIOS"),
    Picture("accounts", ("7",), "利用可"),
    Picture("activity", ("8",), "tanaka"),
    Picture("takeouts", ("9",), "自宅"),
    Picture("devices", ("D",), "Pixel"),
    Picture("readiness", ("minus",), "足りないもの"),
    Picture("board", ("P",), "進行板"),
    Picture("palette", ("colon",), "ウェーブ"),
    Picture("run", ("4", "down", "down", "down", "down", "down", "enter"), "Refuse"),
)


async def _draw(picture: Picture, folder: Path) -> None:
    i18n.use_language(picture.language)
    made = application(now=NOW)
    app = RolloutApp(made, made.operator(picture.actor))
    async with app.run_test(size=picture.size) as pilot:
        await _settled(pilot)
        for key in picture.keys:
            await pilot.press(key)
            await _settled(pilot)
        drawn = app.export_screenshot()
    made.database.close()
    if picture.shows not in drawn:
        raise SystemExit(f"{picture.name}: {picture.shows!r} is not on the screen")
    (folder / f"{picture.name}.svg").write_text(_self_contained(drawn), encoding="utf-8")


def _self_contained(drawn: str) -> str:
    """Without fonts from another host; with ones that have Japanese in two cells."""
    without = re.sub(r"@font-face\s*\{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return without.replace("Fira Code, monospace", FONTS)


async def _settled(pilot: Pilot[None]) -> None:
    """Until the threads have answered and what they found is drawn."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def main() -> None:
    """Make every picture, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pictures to make; all when none is named")
    wanted = parser.parse_args().names
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ROLLOUT_CONFIG"] = str(write(Path(folder)))
        for picture in PICTURES_WANTED:
            if not wanted or picture.name in wanted:
                asyncio.run(_draw(picture, PICTURES))


if __name__ == "__main__":
    main()
