"""The fault `drops_session`: the connection breaks in the middle of the PC's long work."""

from __future__ import annotations

import json
from time import monotonic, sleep

from rollout.lab.windows.state import PcFolder, write_atomically

_LOOK = 0.02
#: Real seconds in which a lab that runs has cut its PC's connections.
_PATIENCE = 30.0


def drop_once(pc: PcFolder, work: str) -> None:
    """Have every connection to the PC cut, when the fault names this work; it is used up by that.

    Returns when the connections are gone, so that what follows is done with nobody there.
    """
    faults = pc.faults()
    if faults.get("drops_session") != work:
        return
    del faults["drops_session"]
    write_atomically(pc.faults_file, json.dumps(faults, ensure_ascii=False))
    letter = pc.requests / f"{pc.name}.cut"
    letter.touch()
    until = monotonic() + _PATIENCE
    while letter.exists() and monotonic() < until:
        sleep(_LOOK)
    pc.log("connections-cut", work=work)
