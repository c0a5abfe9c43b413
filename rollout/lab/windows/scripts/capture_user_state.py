"""capture-user-state: copy, compare both sides, and only then name the copy as the good one."""

from __future__ import annotations

import json

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import copy_tree, roots, sources, take
from rollout.lab.windows.state import write_atomically


def run(call: Call) -> None:
    """Each order has its own folder below the copy root, so no earlier copy is ever overwritten."""
    parameters = call.parameters
    machine = stamp(call.pc, call.pc.read())
    if machine["image_id"] == parameters["NewImageId"]:
        raise ScriptError(
            f"Refused: this machine already runs the new image {machine['image_id']}; capturing "
            "it would put an empty copy in the place of the user's."
        )
    folder = to_file(call.pc, parameters["CopyRoot"])
    name = f"e{int(parameters['Epoch'])}"
    origin = sources(call.pc, parameters["Paths"])
    copy = roots(folder / name, parameters["Paths"])
    before = take(origin)
    if call.check_mode:
        call.result = before._asdict() | {"copy_path": f"{parameters['CopyRoot']}\\{name}"}
        return
    copied = sum(copy_tree(origin[key], copy[key]) for key in origin)
    after = take(copy)
    if after != before:
        raise ScriptError(
            f"The copy in {folder / name} differs from the machine: {before.files} files and "
            f"{before.bytes} bytes there, {after.files} and {after.bytes} in the copy. "
            "Close open programs and run capture again."
        )
    pointer = {"folder": name, "serial": machine["serial"], **after._asdict()}
    text = json.dumps(pointer, indent=1)
    current = folder / "current.json"
    call.changed = copied > 0 or not current.exists() or current.read_text("utf-8") != text
    if call.changed:
        write_atomically(current, text)
    call.result = after._asdict() | {"copy_path": f"{parameters['CopyRoot']}\\{name}"}
