"""capture-onedrive: every profile's known folders are in the cloud, or the machine is refused."""

from __future__ import annotations

from pathlib import Path

from rollout.lab.windows import cloud
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.scripts.user_copy import (
    order_name,
    pointer_of,
    refuse_new_image,
    take,
    write_pointer,
)
from rollout.lab.windows.state import State


def run(call: Call) -> None:
    """Nothing is copied; what OneDrive holds is counted and recorded."""
    state = call.pc.read()
    machine = stamp(call.pc, state)
    refuse_new_image(call, machine)
    age = int(call.parameters["MaximumAgeHours"])
    problems = [text for user in state["users"] for text in _problems(state, user, age)]
    outside = sum(len(_outside(call.pc.disk / "Users" / user)) for user in state["users"])
    if outside and not call.parameters["AllowOutside"]:
        problems.append(f"{outside} files lie outside OneDrive and would be lost")
    if problems:
        raise ScriptError(f"Refused: {'; '.join(problems)}.")
    held = {
        f"{user}/{name}": call.pc.disk / "Users" / user / name
        for user in state["users"]
        for name in cloud.KNOWN_FOLDERS
    }
    facts = take(held)
    call.result = facts._asdict() | {"copy_path": "OneDrive", "outside": outside}
    folder = to_file(call.pc, call.parameters["CopyRoot"])
    old = pointer_of(folder)
    call.changed = old is None or (old["folder"], old["digest"]) != (order_name(call), facts.digest)
    if call.changed and not call.check_mode:
        cloud.upload(call.pc, state["users"])
        write_pointer(folder, call, "onedrive", facts, machine["serial"])


def _problems(state: State, user: str, maximum_age: int) -> list[str]:
    account = state["onedrive"].get(user)
    if account is None:
        return [f"{user}: OneDrive is not signed in"]
    left = [name for name in cloud.KNOWN_FOLDERS if name not in account["protected"]]
    found = [f"{user}: {name} is not in OneDrive" for name in left]
    if account.get("told_hours_ago", 0) > maximum_age:
        told = f"OneDrive has not told its state for {maximum_age} h"
        found.append(f"{user}: {told}: let the user sign in")
    elif account["sync"] != "up to date":
        found.append(f"{user}: OneDrive is not up to date: wait until it is")
    return found


def _outside(home: Path) -> list[Path]:
    return [
        file
        for file in home.rglob("*")
        if file.is_file()
        and file.relative_to(home).parts[0] not in (*cloud.KNOWN_FOLDERS, "AppData")
    ]
