"""release-user-copy: the kept copy goes when its time is over and the files are back."""

from __future__ import annotations

import shutil
from datetime import date

from rollout.lab.windows import clock
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.user_copy import pointer_of, read_pointer


def run(call: Call) -> None:
    """Refused before its day, or when it may be the only copy."""
    root = call.parameters["CopyRoot"]
    folder = to_file(call.pc, root)
    if pointer_of(folder) is None:
        call.changed = False
        call.result = {"released": ""}
        return
    serial = call.pc.bios_serial(call.pc.read())
    _copy, pointer = read_pointer(call.pc, root, serial)
    if not pointer["restored"]:
        raise ScriptError(
            f"Refused: the copy in {root} was never restored: it may be the only one."
        )
    if clock.today() < date.fromisoformat(pointer["keep_until"]):
        raise ScriptError(
            f"Refused: the copy in {root} is to be kept until {pointer['keep_until']}."
        )
    call.result = {"released": root}
    if not call.check_mode:
        shutil.rmtree(folder)
