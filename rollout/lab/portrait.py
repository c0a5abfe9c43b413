"""One lab PC as a person would describe it: what it is, what it carries, what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollout.lab.pcs import find
from rollout.lab.windows import clock, directory, registry
from rollout.lab.windows.state import PcFolder, State
from rollout.lab.wipes import Wipe, of_pc

#: How many of the last events are shown.
_EVENTS = 12


@dataclass(frozen=True)
class Portrait:
    """What `lab show` prints; every value is plain data."""

    computer_name: str
    asset_tag: str
    machine: dict[str, Any]
    security: dict[str, Any]
    network: dict[str, Any]
    user_data: dict[str, Any]
    services: dict[str, str]
    faults: dict[str, Any]
    wipes: tuple[Wipe, ...]
    events: tuple[dict[str, Any], ...]


def portrait(folder: Path, name: str) -> Portrait:
    """The PC with this asset tag or computer name. Raises LabError when there is none."""
    pc = find(folder, name)
    state = pc.read()
    return Portrait(
        computer_name=state["computer_name"],
        asset_tag=state["asset_tag"],
        machine=_machine(pc, state),
        security=_security(pc, state),
        network=_network(state),
        user_data=_user_data(pc, state),
        services={n: clock.service_state(state, s) for n, s in state["services"].items()},
        faults=pc.faults(),
        wipes=tuple(of_pc(pc)),
        events=tuple(pc.events()[-_EVENTS:]),
    )


def _machine(pc: PcFolder, state: State) -> dict[str, Any]:
    return {
        "model": state["model"],
        "serial": pc.bios_serial(state),
        "mac": state["mac"],
        "power": state["power"],
        "image": registry.value(state, registry.ROLLOUT, "ImageId", ""),
        "boot_id": state["boot_id"],
        "last_boot": state["last_boot"],
        "last_order": registry.value(state, registry.ROLLOUT, "Epoch", 0),
        "installed_by_order": registry.value(state, registry.ROLLOUT, "StampEpoch", 0),
        "join": state["join"],
        "signed_in_user": state["signed_in_user"],
        "pending_restart": state["pending_reboot"],
        "power_source": state["power_source"],
        "disk_free_gb": state["disk_free_gb"],
    }


def _security(pc: PcFolder, state: State) -> dict[str, Any]:
    onboarded = state["edr"]["onboarded_at"]
    connected = clock.edr_connected(state)
    edr = "not onboarded" if onboarded is None else "connected" if connected else "onboarded"
    off = [name for name, on in state["firewall"].items() if not on]
    return {
        "tpm_ready": state["tpm_ready"],
        "secure_boot": state["firmware"]["secure_boot"],
        "encryption": clock.disk_encryption(state)[1],
        "protectors": [entry["type"] for entry in state["bitlocker"]["protectors"]],
        "recovery_key_escrowed": (
            directory.key_escrowed(pc, state) if directory.recovery_key(state) else None
        ),
        "edr": edr,
        "firewall_off": off,
        "managed": state["mdm_enrolled"],
    }


def _network(state: State) -> dict[str, Any]:
    return {
        "winhttp_proxy": state["winhttp"]["proxy"],
        "user_proxy": state["inet"]["auto_config_url"] or state["inet"]["proxy"],
        "policy_proxy": registry.value(state, registry.PROXY_POLICY, "ProxyServer"),
        "dns": state["dns"],
        "time_servers": state["time_servers"],
        "vpn": [f"{vpn['name']} ({vpn['tunnel']})" for vpn in state["vpn"]],
    }


def _user_data(pc: PcFolder, state: State) -> dict[str, Any]:
    users = pc.disk / "Users"
    sizes = [f.stat().st_size for f in users.rglob("*") if f.is_file()] if users.is_dir() else []
    return {"users": state["users"], "files": len(sizes), "bytes": sum(sizes)}
