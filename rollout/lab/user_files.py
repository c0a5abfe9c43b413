"""Files of a plausible user, so that capture and restore have something to lose."""

from __future__ import annotations

import random
from pathlib import Path

_FOLDERS = ("Desktop", "Documents/令和5年度 予算", "Documents/庶務", "Pictures", "Favorites")
_NAMES = (
    "起案文書 (案).docx",
    "旅費精算.xlsx",
    "会議録 2023-01-20.txt",
    "座席表　最新.pdf",
    "連絡網.csv",
    "ﾒﾓ.txt",
    "meeting notes - final (2).txt",
    "議会答弁 #3 & 資料.docx",
    "写真 {1}.jpg",
    "100% 完了.txt",
)


def write_user_files(disk: Path, user: str, seed: str) -> None:
    """About a dozen files of 1 to 40 kB under `Users/<user>`, the same for the same seed."""
    generator = random.Random(f"user files of {seed}")
    home = disk / "Users" / user
    for folder in _FOLDERS:
        (home / folder).mkdir(parents=True, exist_ok=True)
    for number in range(generator.randint(9, 14)):
        name = generator.choice(_NAMES)
        target = home / generator.choice(_FOLDERS) / f"{number:02d} {name}"
        target.write_bytes(generator.randbytes(generator.randint(1_000, 40_000)))
    (home / "Desktop" / "空のファイル.txt").touch()
