"""measure-controls: every control of the security model, measured, not assumed."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.state import State


def evidence(control: str, value: Any, holds: bool | None, source: str) -> dict[str, str]:
    """One line of evidence; None means that it cannot be told yet."""
    verdict = "pending" if holds is None else "pass" if holds else "fail"
    return {"control": control, "value": str(value), "verdict": verdict, "source": source}


def encryption(state: State) -> dict[str, str]:
    """Encrypted with an escrowed key passes; off is pending, since take-home switches it on."""
    bitlocker = state["bitlocker"]
    text = f"{bitlocker['protection']}, key {'' if bitlocker['key_escrowed'] else 'not '}escrowed"
    holds = bitlocker["key_escrowed"] if bitlocker["protection"] == "on" else None
    return evidence("disk_encryption", text, holds, "Get-BitLockerVolume")


def run(call: Call) -> None:
    """Read only."""
    state = call.pc.read()
    machine = stamp(call.pc, state)
    service = state["services"].get(call.parameters["EdrService"], {"state": "absent"})
    inet = state["inet"]
    user_proxy = inet["auto_config_url"] or inet["proxy"] or "none"
    policy = registry.value(state, registry.PROXY_POLICY, "ProxyServer", "none")
    winhttp = state["winhttp"]["proxy"] or "none"
    off = [name for name, on in state["firewall"].items() if not on]
    serial, image = call.parameters["Serial"], call.parameters["ImageId"]
    call.result = {
        "evidence": [
            evidence("serial", machine["serial"], machine["serial"] == serial, "Win32_BIOS"),
            evidence("image", machine["image_id"], machine["image_id"] == image, "registry"),
            evidence("winhttp_proxy", winhttp, winhttp == "none", "netsh winhttp"),
            evidence("user_proxy", user_proxy, user_proxy == "none", "registry"),
            evidence("policy_proxy", policy, policy == "none", "registry"),
            evidence("edr_service", service["state"], service["state"] == "running", "Get-Service"),
            evidence(
                "firewall", f"off: {', '.join(off) or 'none'}", not off, "Get-NetFirewallProfile"
            ),
            evidence("tpm", state["tpm_ready"], state["tpm_ready"], "Get-Tpm"),
            encryption(state),
        ]
    }
    call.changed = False
