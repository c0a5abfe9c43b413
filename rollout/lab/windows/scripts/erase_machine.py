"""erase-machine: the disk goes for good; the answer describes it."""

from __future__ import annotations

from rollout.lab.windows import clock, restart
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.state import append_line


def run(call: Call) -> None:
    """The PC restarts into an erasure, after which it has nothing to start from."""
    state = call.pc.read()
    serial = call.pc.bios_serial(state)
    if serial != call.parameters["Serial"]:
        raise ScriptError(
            f"Refused: this machine has serial {serial}, the order is for "
            f"{call.parameters['Serial']}."
        )
    call.result = {
        "method": "Windows protected wipe (MDM RemoteWipe)",
        "disks": [{"model": "Lab disk", "serial": f"D-{serial}", "bytes": 256 * 10**9}],
        "encrypted": state["bitlocker"]["status"] == "FullyEncrypted",
        "ordered_at": clock.now(),
    }
    if call.check_mode:
        return
    append_line(call.pc.events_file, {"time": clock.now(), "event": "erasure-ordered"})
    with call.pc.change() as changing:
        changing["erase"] = True
    restart.order(call.pc, 0.0)
