"""run-as-system: the work goes on without the session; a later order for the same follows it."""

from __future__ import annotations

import json
from typing import Any

from rollout.lab.windows import background, session
from rollout.lab.windows.errors import ModuleFailure, ScriptError
from rollout.lab.windows.modules.win_powershell import Call, play


def run(call: Call) -> None:
    """Play the given script's own equivalent in the background and wait for its end."""
    text, name = call.parameters["Script"], call.parameters["Name"]
    inner = Call(call.pc, json.loads(call.parameters["Parameters"]), call.check_mode)

    def work() -> dict[str, Any]:
        call.pc.log("work-begun", name=name, check_mode=call.check_mode)
        session.drop_once(call.pc, name)
        try:
            play(text, inner)
        except (ScriptError, ModuleFailure) as error:
            call.pc.log("work-ended", name=name, failed=str(error))
            return {"failed": True, "message": str(error)}
        call.pc.log("work-ended", name=name)
        return {"failed": False, "changed": inner.changed, "value": inner.result}

    what = f"{call.check_mode}\n{text}\n{call.parameters['Work']}"
    epoch, wait = int(call.parameters["Epoch"]), float(call.parameters["WaitSeconds"])
    end = background.follow(call.pc, name, what, epoch, work, wait)
    if end["failed"]:
        raise ScriptError(end["message"])
    call.changed = end["changed"]
    call.result = {"value": end["value"]}
