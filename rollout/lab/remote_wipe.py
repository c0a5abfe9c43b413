"""Device management's wipe: the PC gets a fresh system and no order of ours with it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from rollout.lab.windows import restart
from rollout.lab.windows.state import PcFolder, write_atomically

#: What such a PC runs before its first boot has fetched what it is to be.
FRESH_IMAGE = "manufacturer"


def order(folder: Path, computer_name: str) -> None:
    """Wipe the PC with its next restart, which is ordered too."""
    pc = PcFolder(folder / "pcs" / computer_name)
    install = {"id": uuid.uuid4().hex, "image_id": FRESH_IMAGE, "epoch": 0, "check_in_token": ""}
    write_atomically(pc.install_file, json.dumps(install))
    restart.order(pc, 0.0, own=False)
