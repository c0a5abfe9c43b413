"""machine-stamp: who the machine is, which image it runs, since when, and whose order made it."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.state import PcFolder, State


def stamp(pc: PcFolder, state: State) -> dict[str, Any]:
    """The facts that settle whether a reimage happened."""
    return {
        "serial": pc.bios_serial(state),
        "image_id": registry.value(state, registry.ROLLOUT, "ImageId", ""),
        "boot_id": state["boot_id"],
        "stored_epoch": registry.value(state, registry.ROLLOUT, "Epoch", 0),
        "stamp_epoch": registry.value(state, registry.ROLLOUT, "StampEpoch", 0),
    }


def run(call: Call) -> None:
    """Read only."""
    call.result = stamp(call.pc, call.pc.read())
    call.changed = False
