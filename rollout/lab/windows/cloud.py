"""OneDrive as the lab knows it: what a user's known folders held, kept outside the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from rollout.lab.windows.state import PcFolder

KNOWN_FOLDERS = ("Desktop", "Documents", "Pictures")


def upload(pc: PcFolder, users: Iterable[str]) -> None:
    """Keep the known folders of these users."""
    for user in users:
        for name in KNOWN_FOLDERS:
            source = pc.disk / "Users" / user / name
            if source.is_dir():
                shutil.copytree(source, pc.path / "cloud" / user / name, dirs_exist_ok=True)


def download(pc: PcFolder, user: str) -> bool:
    """Bring a user's folders back onto the disk; whether the cloud had any."""
    kept = pc.path / "cloud" / user
    if not kept.is_dir():
        return False
    shutil.copytree(kept, pc.disk / "Users" / user, dirs_exist_ok=True)
    return True
