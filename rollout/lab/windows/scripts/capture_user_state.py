"""capture-user-state: copy, compare both sides, and only then name the copy as the good one."""

from __future__ import annotations

from pathlib import Path

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import (
    copy_tree,
    order_name,
    pointer_of,
    refuse_new_image,
    roots,
    sources,
    take,
    write_pointer,
)


def run(call: Call) -> None:
    """Each order has its own folder below the copy root, so no earlier copy is ever overwritten."""
    parameters = call.parameters
    machine = stamp(call.pc, call.pc.read())
    refuse_new_image(call, machine)
    folder = to_file(call.pc, parameters["CopyRoot"])
    name, sample = order_name(call), int(parameters["SampleFiles"])
    without = parameters["ExcludeFolders"]
    origin = sources(call.pc, parameters["Paths"])
    copy = roots(folder / name, parameters["Paths"])
    before = take(origin, sample, without=without)
    call.result = before._asdict() | {"copy_path": f"{parameters['CopyRoot']}\\{name}"}
    if call.check_mode:
        return
    if call.pc.faults().get("file_in_use"):
        _go_on_writing(origin)
    copied = sum(copy_tree(call.pc, origin[key], copy[key], without) for key in origin)
    after = take(copy, sample)
    if after != before:
        raise ScriptError(
            f"The copy in {folder / name} differs from the machine: {before.files} files and "
            f"{before.bytes} bytes there, {after.files} and {after.bytes} in the copy. "
            "Close open programs and run capture again."
        )
    old = pointer_of(folder)
    named = old is not None and (old["folder"], old["digest"]) == (name, after.digest)
    call.changed = copied > 0 or not named
    if not named:
        write_pointer(folder, call, "file_server", after, machine["serial"])


def _go_on_writing(origin: dict[str, Path]) -> None:
    """The fault `file_in_use`: what is copied is no longer what was counted."""
    file = next(file for root in origin.values() for file in root.rglob("*") if file.is_file())
    with file.open("ab") as stream:
        stream.write(b"one more line")
