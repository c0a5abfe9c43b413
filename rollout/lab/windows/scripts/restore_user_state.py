"""restore-user-state: bring the verified copy back and prove it file by file."""

from __future__ import annotations

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.user_copy import (
    Inventory,
    copy_tree,
    read_pointer,
    roots,
    sources,
    take,
)


def run(call: Call) -> None:
    """Files that the new system already has beside the copy are left alone and not counted."""
    parameters = call.parameters
    serial = call.pc.bios_serial(call.pc.read())
    copy, pointer = read_pointer(call.pc, parameters["CopyRoot"], serial)
    saved = roots(copy, parameters["Paths"])
    target = sources(call.pc, parameters["Paths"])
    wanted = Inventory(pointer["files"], pointer["bytes"], pointer["digest"])
    if take(saved) != wanted:
        raise ScriptError(
            f"Refused: the copy in {copy} is not what capture recorded. Nothing was restored."
        )
    if call.check_mode:
        call.result = wanted._asdict()
        return
    copied = sum(copy_tree(saved[key], target[key]) for key in saved)
    names = {
        f"{key}/{file.relative_to(root).as_posix()}"
        for key, root in saved.items()
        for file in root.rglob("*")
        if file.is_file()
    }
    if take(target, names) != wanted:
        raise ScriptError(
            f"The restored files differ from the copy. Run restore again; the copy stays in {copy}."
        )
    call.changed = copied > 0
    call.result = wanted._asdict()
