"""run-as-system: the work goes on without the session; the same order again follows it."""

from __future__ import annotations

import json
from typing import Any

from rollout.lab.windows import background
from rollout.lab.windows.errors import ModuleFailure, ScriptError
from rollout.lab.windows.modules.win_powershell import Call, play


def run(call: Call) -> None:
    """Play the given script's own equivalent in the background and wait for its end."""
    text, given = call.parameters["Script"], call.parameters["Parameters"]
    inner = Call(call.pc, json.loads(given), call.check_mode)

    def work() -> dict[str, Any]:
        try:
            play(text, inner)
        except (ScriptError, ModuleFailure) as error:
            return {"failed": True, "message": str(error)}
        return {"failed": False, "changed": inner.changed, "value": inner.result}

    order = f"{call.check_mode}\n{text}\n{given}"
    name = call.parameters["Name"]
    end = background.follow(call.pc, name, order, work, float(call.parameters["WaitSeconds"]))
    if end["failed"]:
        raise ScriptError(end["message"])
    call.changed = end["changed"]
    call.result = {"value": end["value"]}
