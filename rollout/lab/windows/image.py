"""What a lab PC carries: the old office image it begins with, and a new one after a reimage."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.directory import office_key
from rollout.lab.windows.state import PcFolder, State

OLD_PROXY = "proxy.office.lab.invalid:8080"
OLD_PAC = "http://proxy.office.lab.invalid/office.pac"


#: Firmware, device and power lead are the same before and after an installation.
_OUTLIVES_THE_DISK = (*("firmware", "model", "power_source", "time_scale", "tpm_ready"),)
_USMT = "ProgramData/rollout/usmt/amd64"


@dataclass(frozen=True)
class Hardware:
    """What a wipe does not change."""

    computer_name: str
    asset_tag: str
    serial: str
    mac: str
    generation: str


def new_boot_id(installed: str, count: int) -> str:
    """The same form as the real script reads: time of installation and number of the boot."""
    return f"{installed}-{count}"


def _windows(hardware: Hardware, image_id: str, epoch: int) -> State:
    now = datetime.now(UTC)
    # The random end keeps two installations within one second apart.
    installed = f"{now:%Y%m%d%H%M%S}{uuid.uuid4().hex[:6]}"
    state: State = {
        **vars(hardware),
        "power": "on",
        "step": "",
        "time_scale": 0.04,
        "installed": installed,
        "boot_count": 1,
        "boot_id": new_boot_id(installed, 1),
        "last_boot": now.isoformat(),
        "registry": {},
        "services": {
            "Sense": {"start_mode": "manual", "state": "stopped"},
            "WinDefend": {"start_mode": "auto", "state": "running", "up_after": 20},
            "W32Time": {"start_mode": "manual", "state": "running", "up_after": 20},
            "wuauserv": {"start_mode": "manual", "state": "stopped"},
        },
        "winhttp": {"proxy": None, "bypass": None},
        "inet": {"auto_detect": True, "auto_config_url": None, "proxy": None, "bypass": None},
        "bitlocker": {"protection": "off", "status": "FullyDecrypted", "protectors": []},
        "firewall": {"domain": True, "private": True, "public": True},
        "firmware": {"network_boot": True, "boot_once": None, "secure_boot": True},
        "model": f"Lab PC {hardware.generation}",
        "join": "domain",
        "mdm_enrolled": bool(epoch),
        "dns": ["192.0.2.53"],
        "certificates": [],
        "time_servers": ["dc.office.lab.invalid"],
        "edr": {"onboarded_at": None},
        "antivirus": {"real_time": True, "signature_age_days": 0 if epoch else 3},
        "updates": {"ring": None, "installed_days_ago": 0 if epoch else 40},
        "vpn": [],
        "onedrive": {},
        "tpm_ready": True,
        "power_source": "ac",
        "disk_free_gb": 120,
        "pending_reboot": False,
        "signed_in_user": "",
        "users": [],
    }
    registry.write(state, registry.ROLLOUT, "ImageId", image_id)
    if epoch:
        registry.write(state, registry.ROLLOUT, "Epoch", epoch, "qword")
        registry.write(state, registry.ROLLOUT, "StampEpoch", epoch, "qword")
    # Built inside the office network, both images carry its proxy in all three places.
    state["winhttp"] = {"proxy": OLD_PROXY, "bypass": "<local>"}
    state["inet"] = {
        "auto_detect": False,
        "auto_config_url": OLD_PAC,
        "proxy": OLD_PROXY,
        "bypass": "<local>",
    }
    registry.write(state, registry.PROXY_POLICY, "ProxySettingsPerUser", 0, "dword")
    registry.write(state, registry.PROXY_POLICY, "ProxyServer", OLD_PROXY)
    return state


def office_pc(hardware: Hardware, users: list[str]) -> State:
    """A PC of the old network: its image, no EDR, half of the disks encrypted."""
    state = _windows(hardware, f"office-{hardware.generation.lower()}-2019", 0)
    del state["services"]["Sense"]
    state["firewall"]["public"] = False
    state["users"] = users
    if hardware.serial[-1:] in "13579":
        state["bitlocker"] = {
            "protection": "on",
            "status": "FullyEncrypted",
            "protectors": [
                {"type": "Tpm", "id": "{LAB-TPM}"},
                {"type": "RecoveryPassword", "id": office_key(hardware.serial)},
            ],
        }
    return state


def install(pc: PcFolder, order: dict[str, Any]) -> State:
    """Replace disk and Windows for good, as the installer of the order does. May be repeated.

    The order's id makes the entry in `wipes.jsonl` unique, so that an installation which was cut
    off and starts again counts once.
    """
    from rollout.lab.wipes import record

    with pc.locked():
        import json

        from rollout.lab.windows.state import write_atomically

        old = json.loads(pc.state_file.read_text(encoding="utf-8"))
        hardware = Hardware(**{name: old[name] for name in Hardware.__dataclass_fields__})
        new = _windows(hardware, order["image_id"], int(order["epoch"]))
        new.update({name: old[name] for name in _OUTLIVES_THE_DISK}, power="installing")
        profile = order.get("autopilot")
        if profile:
            new["join"] = "hybrid" if profile["CloudAssignedDomainJoinMethod"] else "entra"
        record(pc, order, registry.value(old, registry.ROLLOUT, "ImageId", ""), new["boot_id"])
        shutil.rmtree(pc.disk, ignore_errors=True)
        _lay_out(pc.disk)
        if profile:
            _carry_profile(pc.disk, profile)
        pc.check_in_file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(
            pc.check_in_file, json.dumps({"token": order["check_in_token"], "accepted": False})
        )
        pc.host_key.unlink(missing_ok=True)
        write_atomically(pc.state_file, json.dumps(new, ensure_ascii=False, indent=1))
    return new


def erase(pc: PcFolder) -> None:
    """Leave an empty disk; the PC has nothing to start from any more."""
    shutil.rmtree(pc.disk, ignore_errors=True)
    pc.host_key.unlink(missing_ok=True)
    with pc.change() as state:
        state.update(power="erased", registry={}, users=[], boot_id="")
    pc.log("erased")


def carry_usmt(disk: Path) -> None:
    """What both images bring along from the Windows ADK."""
    (disk / _USMT).mkdir(parents=True, exist_ok=True)
    for program in ("scanstate.exe", "loadstate.exe", "usmtutils.exe"):
        (disk / _USMT / program).write_bytes(b"MZ")


def _lay_out(disk: Path) -> None:
    for folder in ("Windows/System32", "Users/Public/Documents", "ProgramData"):
        (disk / folder).mkdir(parents=True)
    (disk / "Windows" / "System32" / "version.txt").write_text("new platform\n", encoding="utf-8")
    carry_usmt(disk)


def _carry_profile(disk: Path, profile: dict[str, Any]) -> None:
    import json

    folder = disk / "Windows" / "Provisioning" / "Autopilot"
    folder.mkdir(parents=True)
    file = folder / "AutopilotConfigurationFile.json"
    file.write_text(json.dumps(profile), encoding="ascii")
