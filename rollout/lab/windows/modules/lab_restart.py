"""No module of Windows: what the lab's win_reboot action plugin asks of the PC."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import restart
from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.state import PcFolder

SPEC = Spec({"restart": Option("bool", required=True), "delay": Option("raw", default=0)})


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The present boot id; with `restart` also the order to go down."""
    state = pc.read()
    if args["restart"] and not pc.faults().get("no_boot"):
        restart.order(pc, float(args["delay"]) * float(state["time_scale"]))
    return {"changed": args["restart"], "boot_id": state["boot_id"]}
