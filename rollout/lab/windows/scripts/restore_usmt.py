"""restore-usmt: profiles come back from the store, once per installation."""

from __future__ import annotations

import tarfile

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.capture_usmt import (
    digest,
    end_of_usmt,
    refuse_entra_join,
    refuse_without,
)
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import note_restored, read_pointer


def run(call: Call) -> None:
    """A second load on the same system would lay old settings over what was done since."""
    state = call.pc.read()
    refuse_entra_join(state, "The store stays on the file server.")
    machine = stamp(call.pc, state)
    root = call.parameters["CopyRoot"]
    store, pointer = read_pointer(call.pc, root, machine["serial"])
    if pointer["method"] != "usmt":
        raise ScriptError(
            f"Refused: the copy in {root} is {pointer['method']} of serial {pointer['serial']}, "
            f"not USMT of {machine['serial']}."
        )
    file = store / "USMT" / "USMT.MIG"
    if digest(file) != pointer["digest"]:
        raise ScriptError(
            f"Refused: the store {file} is not what capture recorded. Nothing was restored."
        )
    call.result = {key: pointer[key] for key in ("files", "bytes", "digest")}
    call.changed = not (pointer["restored"] and pointer["restored_stamp"] == machine["stamp_epoch"])
    if call.check_mode or not call.changed:
        return
    refuse_without(call, "loadstate.exe")
    end_of_usmt(call, "loadstate", f"The store stays in {store}.")
    with tarfile.open(file) as archive:
        archive.extractall(call.pc.disk, filter="data")
    note_restored(call.pc, root, pointer, machine["stamp_epoch"])
