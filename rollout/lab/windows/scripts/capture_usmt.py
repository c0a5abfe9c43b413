"""capture-usmt: profiles with their settings into a store, verified before it is named."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import (
    Inventory,
    order_name,
    pointer_of,
    refuse_new_image,
    write_pointer,
)
from rollout.lab.windows.state import PcFolder, State

MEANING = {
    1: "help was shown",
    2: "cancelled, or a file is encrypted with EFS",
    3: "files were skipped under /c",
    11: "bad parameters",
    12: "wrong set-up: rights, or another USMT runs",
    13: "nothing was gathered",
    14: "files were left behind",
    26: "an error while starting",
    27: "the store path is wrong",
    28: "the store cannot be written, or its space ran out",
    29: "the store cannot be read or is corrupt",
    71: "an error of the system",
}


def run(call: Call) -> None:
    """A store of this order is never written twice."""
    state = call.pc.read()
    refuse_entra_join(state, "Use method onedrive or file_server.")
    machine = stamp(call.pc, state)
    refuse_new_image(call, machine)
    refuse_without(call, "scanstate.exe")
    folder = to_file(call.pc, call.parameters["CopyRoot"])
    store = folder / order_name(call)
    path = f"{call.parameters['CopyRoot']}\\{order_name(call)}"
    old = pointer_of(folder)
    if old is not None and old["folder"] == order_name(call):
        call.changed = False
        call.result = {key: old[key] for key in ("files", "bytes", "digest")} | {"copy_path": path}
        return
    if call.check_mode:
        call.result = {"files": 0, "bytes": 0, "digest": "", "copy_path": path}
        return
    skipped = end_of_usmt(call, "scanstate", f"The log is beside the store in {path}.")
    (store / "USMT").mkdir(parents=True, exist_ok=True)
    file = store / "USMT" / "USMT.MIG"
    with tarfile.open(file, "w") as archive:
        archive.add(call.pc.disk / "Users", "Users")
    (store / "scanstate.log").write_text("lab\n", encoding="utf-8")
    sizes = [found.stat().st_size for found in store.rglob("*") if found.is_file()]
    facts = Inventory(len(sizes), sum(sizes), digest(file))
    write_pointer(folder, call, "usmt", facts, machine["serial"])
    call.result = facts._asdict() | {"copy_path": path, "skipped": skipped}


def refuse_entra_join(state: State, remedy: str) -> None:
    """USMT supports neither end to be Entra-joined."""
    if state["join"] == "entra":
        raise ScriptError(
            f"Refused: this PC is Entra-joined, which USMT does not support. {remedy}"
        )


def refuse_without(call: Call, program: str) -> None:
    """USMT must have been brought to the PC."""
    path = f"{call.parameters['ProgramFolder']}\\{program}"
    if not to_file(call.pc, path).is_file():
        raise ScriptError(f"Refused: no {path} on this PC. Stage USMT from the Windows ADK.")


def end_of_usmt(call: Call, program: str, where: str) -> bool:
    """Whether files were skipped. Raises ScriptError for a code that is no success."""
    code = _code(call.pc)
    skipped = code == 3
    if code != 0 and not (skipped and call.parameters["AcceptSkipped"]):
        raise ScriptError(f"USMT {program} ended with {code} ({MEANING.get(code, '')}). {where}")
    return skipped


def _code(pc: PcFolder) -> int:
    return int(pc.faults().get("usmt_code", 0))


def digest(file: Path) -> str:
    """What names the store's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
