"""check-user-copy: the copy that capture verified is still there, whole and of this machine."""

from __future__ import annotations

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.user_copy import read_pointer


def run(call: Call) -> None:
    """Counts and sizes only: the content was compared at capture and reading takes minutes."""
    call.changed = False
    serial = call.pc.bios_serial(call.pc.read())
    copy, pointer = read_pointer(call.pc, call.parameters["CopyRoot"], serial)
    if pointer["method"] != call.parameters["Method"]:
        raise ScriptError(
            f"Refused: capture kept the user data by {pointer['method']}, this order expects "
            f"{call.parameters['Method']}. Run capture again."
        )
    if pointer["method"] != "onedrive":
        found = [file.stat().st_size for file in copy.rglob("*") if file.is_file()]
        if (len(found), sum(found)) != (pointer["files"], pointer["bytes"]):
            raise ScriptError(
                f"Refused: the copy in {copy} has {len(found)} files and {sum(found)} bytes, "
                f"capture recorded {pointer['files']} and {pointer['bytes']}. Run capture again."
            )
    call.result = {key: pointer[key] for key in ("files", "bytes", "digest")}
