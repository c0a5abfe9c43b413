"""restore-onedrive: set what makes OneDrive bring the files by itself at the user's sign-in."""

from __future__ import annotations

import re

from rollout.lab.windows import registry
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.user_copy import read_pointer

_KEY = r"HKLM:\SOFTWARE\Policies\Microsoft\OneDrive"
_TENANT = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def run(call: Call) -> None:
    """The files themselves come later; the record says how many they are."""
    tenant = call.parameters["TenantId"]
    if not _TENANT.fullmatch(tenant):
        raise ScriptError(
            "Refused: user_state_onedrive_tenant_id is no tenant id. Set it in group_vars."
        )
    with call.pc.change() as state:
        serial = call.pc.bios_serial(state)
        _copy, pointer = read_pointer(call.pc, call.parameters["CopyRoot"], serial)
        if pointer["method"] != "onedrive":
            raise ScriptError(
                f"Refused: the record in {call.parameters['CopyRoot']} is {pointer['method']} of "
                f"serial {serial}, not OneDrive of {serial}."
            )
        wanted = {
            "SilentAccountConfig": (1, "dword"),
            "FilesOnDemandEnabled": (1, "dword"),
            "KFMSilentOptIn": (tenant, "string"),
            "KFMBlockOptOut": (1, "dword"),
        }
        missing = {n for n, (v, _) in wanted.items() if registry.value(state, _KEY, n) != v}
        call.changed = bool(missing)
        if not call.check_mode:
            for name in missing:
                registry.write(state, _KEY, name, *wanted[name])
    call.result = {key: pointer[key] for key in ("files", "bytes", "digest")}
    call.result["arrives"] = "at the user's first sign-in"
