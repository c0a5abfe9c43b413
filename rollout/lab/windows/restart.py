"""Ordering a restart from the supervisor, from a session on the PC."""

from __future__ import annotations

import json
import os

from rollout.lab.windows.state import PcFolder, write_atomically

#: Above any pid that Linux gives out.
_NO_PROCESS = 1 << 30


def order(pc: PcFolder, delay: float, *, own: bool = True) -> None:
    """Restart `delay` real seconds after this process has ended: it always sees its own result.

    Who does not run on the PC (`own=False`) need not end first.
    """
    letter = {"process": os.getpid() if own else _NO_PROCESS, "delay": delay}
    write_atomically(pc.requests / f"{pc.name}.reboot", json.dumps(letter))
