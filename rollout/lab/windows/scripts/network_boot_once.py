"""network-boot-once: the firmware starts from the network one time, the restart is on its way."""

from __future__ import annotations

from rollout.lab.windows import restart
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call


def run(call: Call) -> None:
    """Order the restart from the supervisor; the session that asks survives until it is due."""
    call.result = {"restart_in_seconds": int(call.parameters["DelaySeconds"])}
    with call.pc.change() as state:
        if not state["firmware"]["network_boot"]:
            raise ScriptError(
                "Refused: the firmware lists no network boot entry. Enable it in the firmware."
            )
        if call.check_mode:
            return
        if call.pc.faults().get("no_boot"):
            call.pc.log("fault", name="no_boot")
            return
        state["firmware"]["boot_once"] = "network"
    delay = float(call.parameters["DelaySeconds"]) * state["time_scale"]
    restart.order(call.pc, delay)
