"""outside-protection: removable storage, VPN, no resident data, ready to be lost."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.controls import evidence, resident_files
from rollout.lab.windows.state import State

_USB = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
_DISKS = _USB + r"\{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"


def run(call: Call) -> None:
    """Resident data refuses before anything is opened for leaving."""
    parameters = call.parameters
    names = parameters["ResidentNames"]
    found = resident_files(call.pc, parameters["ResidentFolders"], names)
    if found:
        first = ", ".join(_windows_path(call, file) for file in found[:3])
        raise ScriptError(
            f"Refused: {len(found)} files look like resident data: {first}. "
            "Move them to where they belong."
        )
    text = "none found" if names else "no names to look for"
    lines = [evidence("resident_data", text, True if names else None, "file names")]
    call.changed = False
    storage = parameters["RemovableStorage"]
    with call.pc.change() as state:
        for key, name, value in (
            (_USB, "Deny_All", int(storage == "deny")),
            (_DISKS, "Deny_Write", int(storage == "read_only")),
        ):
            if registry.value(state, key, name) != value:
                call.changed = True
                if not call.check_mode:
                    registry.write(state, key, name, value, "dword")
        lines.append(evidence("removable_storage", storage, True, "registry"))
        if parameters["VpnName"]:
            lines.append(_vpn(call, state))
    managed = state["mdm_enrolled"]
    text = "managed: can be locked and wiped from afar" if managed else "not managed"
    holds = True if managed else False if parameters["RequireManagement"] else None
    lines.append(evidence("lost_device", text, holds, "registry"))
    call.result = {"evidence": lines}


def _windows_path(call: Call, file: Any) -> str:
    return "C:\\" + str(file.relative_to(call.pc.disk.resolve())).replace("/", "\\")


def _vpn(call: Call, state: State) -> dict[str, str]:
    parameters = call.parameters
    able = state["join"] in ("domain", "hybrid")
    if parameters["VpnTunnel"] == "device" and not able:
        raise ScriptError(
            "Refused: a device tunnel needs a domain-joined PC with Windows Enterprise or "
            "Education, this one is not domain-joined with Enterprise. Use a user tunnel."
        )
    profile = parameters["VpnDeviceProfile"]
    tunnel = parameters["VpnTunnel"]
    if tunnel == "auto":
        tunnel = "device" if able and profile else "user"
    if tunnel == "device" and not profile:
        raise ScriptError("Refused: take_home_vpn_device_profile names no ProfileXML.")
    target = profile if tunnel == "device" else parameters["VpnServer"]
    wanted = {"name": parameters["VpnName"], "tunnel": tunnel, "target": target}
    if wanted not in state["vpn"]:
        call.changed = True
        if not call.check_mode:
            others = [vpn for vpn in state["vpn"] if vpn["name"] != wanted["name"]]
            state["vpn"] = [*others, wanted]
    return evidence("vpn", f"{wanted['name']}, {tunnel} tunnel", True, "VPN profile")
