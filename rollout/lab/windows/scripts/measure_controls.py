"""measure-controls: every control of the security model, measured, not assumed."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import clock, registry
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.controls import encryption, evidence, pin, resident_files
from rollout.lab.windows.scripts.direct_access import RING
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.state import State


def run(call: Call) -> None:
    """Read only."""
    state = call.pc.read()
    parameters = call.parameters
    machine = stamp(call.pc, state)
    serial, image = parameters["Serial"], parameters["ImageId"]
    lines = [
        evidence("serial", machine["serial"], machine["serial"] == serial, "Win32_BIOS"),
        evidence("image", machine["image_id"], machine["image_id"] == image, "registry"),
        *_network(state, parameters),
        *_protection(state, parameters),
        encryption(call.pc, state),
    ]
    if registry.value(state, registry.ENCRYPTION_POLICY, "UseTPMPIN") == 2:
        lines.append(pin(state))
    if parameters["ResidentNames"]:
        found = resident_files(call.pc, parameters["ResidentFolders"], parameters["ResidentNames"])
        lines.append(evidence("resident_data", f"{len(found)} files", not found, "file names"))
    call.result = {"evidence": lines}
    call.changed = False


def _network(state: State, parameters: dict[str, Any]) -> list[dict[str, str]]:
    inet = state["inet"]
    user_proxy = inet["auto_config_url"] or inet["proxy"] or "none"
    policy = registry.value(state, registry.PROXY_POLICY, "ProxyServer", "none")
    winhttp = state["winhttp"]["proxy"] or "none"
    off = [name for name, on in state["firewall"].items() if not on]
    lines = [
        evidence("winhttp_proxy", winhttp, winhttp == "none", "netsh winhttp"),
        evidence("user_proxy", user_proxy, user_proxy == "none", "registry"),
        evidence("policy_proxy", policy, policy == "none", "registry"),
        evidence("firewall", f"off: {', '.join(off) or 'none'}", not off, "Get-NetFirewallProfile"),
    ]
    for control, wanted, source in (
        ("dns", parameters["DnsServers"], "Get-DnsClientServerAddress"),
        ("time", parameters["TimeServers"], "W32Time"),
    ):
        if wanted:
            present = state["dns" if control == "dns" else "time_servers"]
            lines.append(evidence(control, ", ".join(present), present == wanted, source))
    return lines


def _protection(state: State, parameters: dict[str, Any]) -> list[dict[str, str]]:
    settle = 60 * parameters["SettleMinutes"]
    early = clock.seconds_since(state, state["last_boot"]) < settle
    service = state["services"].get(parameters["EdrService"], {"state": "absent"})
    running = clock.service_state(state, service)
    holds = (
        True if running == "running" else None if running == "start_pending" and early else False
    )
    since = state["edr"]["onboarded_at"]
    onboarded = since is not None
    soon = onboarded and clock.seconds_since(state, since) < settle
    connected = clock.edr_connected(state)
    text = (
        f"onboarded, {'' if connected else 'not yet '}connected" if onboarded else "not onboarded"
    )
    reached = True if connected else None if soon else False
    virus, updates = state["antivirus"], state["updates"]
    age, days = virus["signature_age_days"], updates["installed_days_ago"]
    quality = registry.value(state, RING, "DeferQualityUpdatesPeriodInDays")
    feature = registry.value(state, RING, "DeferFeatureUpdatesPeriodInDays")
    ring = "none" if quality is None else f"{quality}/{feature} days"
    secure = state["firmware"]["secure_boot"]
    return [
        evidence("edr_service", running.replace("_", ""), holds, "Get-Service"),
        evidence("edr_onboarding", text, reached, "registry"),
        evidence(
            "antivirus",
            f"real time {'on' if virus['real_time'] else 'off'}, signatures {age} days old",
            virus["real_time"] and age <= parameters["SignatureDays"],
            "Get-MpComputerStatus",
        ),
        evidence(
            "updates",
            f"installed {days} days ago",
            days <= parameters["UpdateDays"],
            "Windows Update",
        ),
        evidence("update_ring", ring, quality is not None, "registry"),
        evidence("tpm", state["tpm_ready"], state["tpm_ready"], "Get-Tpm"),
        evidence("secure_boot", "on" if secure else "off", secure, "Confirm-SecureBootUEFI"),
    ]
