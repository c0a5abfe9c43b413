"""restore-user-state: bring the verified copy back and prove it file by file."""

from __future__ import annotations

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import (
    Inventory,
    copy_tree,
    note_restored,
    read_pointer,
    roots,
    sources,
    take,
)


def run(call: Call) -> None:
    """Files that the new system already has beside the copy are left alone and not counted."""
    parameters = call.parameters
    machine = stamp(call.pc, call.pc.read())
    copy, pointer = read_pointer(call.pc, parameters["CopyRoot"], machine["serial"])
    if pointer["method"] != "file_server":
        raise ScriptError(
            f"Refused: capture kept the user data by {pointer['method']}. "
            "Set user_state_method to that."
        )
    saved = roots(copy, parameters["Paths"])
    target = sources(call.pc, parameters["Paths"])
    wanted = Inventory(pointer["files"], pointer["bytes"], pointer["digest"])
    call.result = wanted._asdict()
    if take(saved, pointer["sample"]) != wanted:
        raise ScriptError(
            f"Refused: the copy in {copy} is not what capture recorded. Nothing was restored."
        )
    if call.check_mode:
        return
    copied = sum(copy_tree(call.pc, saved[key], target[key]) for key in saved)
    names = {
        f"{key}/{file.relative_to(root).as_posix()}"
        for key, root in saved.items()
        for file in root.rglob("*")
        if file.is_file()
    }
    if take(target, pointer["sample"], names) != wanted:
        raise ScriptError(
            f"The restored files differ from the copy. Run restore again; the copy stays in {copy}."
        )
    note_restored(call.pc, parameters["CopyRoot"], pointer, machine["stamp_epoch"])
    call.changed = copied > 0
