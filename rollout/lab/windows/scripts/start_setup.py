"""start-setup: the order lies ready for the installer, and the PC goes down into it."""

from __future__ import annotations

import json
import uuid

from rollout.lab.windows import restart
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.state import write_atomically

#: Simulated seconds from the start of setup to its first restart.
_DOWN_LEVEL = 20.0


def run(call: Call) -> None:
    """What setup takes from its folder is checked as strictly as Windows does."""
    call.result = {"started": False}
    if call.check_mode:
        return
    folder = to_file(call.pc, call.parameters["Folder"])
    if not (folder / "setup.exe").is_file():
        raise ScriptError(
            f"Refused: there is no {call.parameters['Folder']}\\setup.exe. Stage the media first."
        )
    for name in ("Order", "CheckInScript", "AutopilotProfile"):
        if not call.parameters[name].isascii():
            raise ScriptError(f"Refused: {name} would hold characters that are not ASCII.")
    order = json.loads(call.parameters["Order"])
    state = call.pc.read()
    if call.pc.faults().get("no_boot"):
        call.pc.log("fault", name="no_boot")
        return
    profile = call.parameters["AutopilotProfile"]
    install = {"id": uuid.uuid4().hex, **order, "autopilot": json.loads(profile or "null")}
    write_atomically(call.pc.install_file, json.dumps(install))
    restart.order(call.pc, _DOWN_LEVEL * state["time_scale"])
    call.result = {"started": True}
