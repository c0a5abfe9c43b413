"""The ground truth for "exactly once": one line per real reimage, outside the wiped disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout.lab.windows.state import PcFolder, append_line


@dataclass(frozen=True)
class Wipe:
    """One replacement of a PC's disk."""

    order: str
    time: str
    epoch: int
    old_image: str
    new_image: str
    boot_id: str


def wipes(folder: Path, computer_name: str) -> list[Wipe]:
    """All wipes of a PC, oldest first."""
    return of_pc(PcFolder(folder / "pcs" / computer_name))


def of_pc(pc: PcFolder) -> list[Wipe]:
    """All wipes of the PC in this folder, oldest first."""
    try:
        text = pc.wipes_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [Wipe(**json.loads(line)) for line in text.splitlines()]


def record(pc: PcFolder, order: dict[str, Any], old_image: str, boot_id: str) -> None:
    """Write the line before the disk goes: a wipe that nobody knows of must not exist."""
    if any(wipe.order == order["id"] for wipe in of_pc(pc)):
        return
    append_line(
        pc.wipes_file,
        {
            "order": order["id"],
            "time": datetime.now(UTC).isoformat(),
            "epoch": int(order["epoch"]),
            "old_image": old_image,
            "new_image": order["image_id"],
            "boot_id": boot_id,
        },
    )
