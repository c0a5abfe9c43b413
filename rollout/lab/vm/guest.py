"""What runs inside a virtual PC: its Windows at each start, and the check-in of its first boot.

Shipped into the PC's image together with the stand-ins; standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout.lab.user_files import write_user_files
from rollout.lab.windows import image, registry
from rollout.lab.windows.state import PcFolder, write_atomically

FIRMWARE = Path("/sys/class/dmi/id")
IMAGE_ID = Path("/etc/image-id")
ORDER = Path("/etc/rollout/order.json")
PUBLIC_KEY = Path("/etc/rollout/host_key.pub")
CARD = Path("/sys/class/net/eth0/address")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Seconds between two tries of a check-in, for as long as the PC runs.
PAUSE = 2.0


def start(pc: PcFolder) -> None:
    """Make the Windows of this disk when it starts for the first time; note every boot."""
    if not pc.state_file.exists():
        _first_start(pc)
    with pc.change() as state:
        state["power"] = "on"
        state["boot_id"] = _line(BOOT_ID)
        state["boot_count"] += 1
        state["last_boot"] = datetime.now(UTC).isoformat()
        state["firmware"]["boot_once"] = None
        state["pending_reboot"] = False
    pc.log("booted", boot_id=state["boot_id"])


def _first_start(pc: PcFolder) -> None:
    hardware = image.Hardware(
        computer_name=_line(FIRMWARE / "product_sku"),
        asset_tag=_line(FIRMWARE / "chassis_asset_tag"),
        serial=_line(FIRMWARE / "product_serial"),
        mac=_line(CARD).upper(),
        generation=_line(FIRMWARE / "product_family"),
    )
    pc.disk.mkdir(parents=True, exist_ok=True)
    pc.requests.mkdir(exist_ok=True)
    user = f"u{hardware.asset_tag.rpartition('-')[2]}"
    state = image.office_pc(hardware, [user])
    registry.write(state, registry.ROLLOUT, "ImageId", _line(IMAGE_ID))
    write_atomically(pc.state_file, json.dumps(state, ensure_ascii=False, indent=1))
    if ORDER.exists():
        order = json.loads(ORDER.read_text(encoding="utf-8"))
        # What the disk says of itself counts, not what was ordered.
        image.install(pc, {**order, "id": uuid.uuid4().hex, "image_id": _line(IMAGE_ID)})
        ORDER.unlink()
    else:
        write_user_files(pc.disk, user, hardware.asset_tag)


def check_in(pc: PcFolder, service: str) -> None:
    """Report this system with the token that the installer left, until somebody answers."""
    try:
        ticket = json.loads(pc.check_in_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    if ticket["accepted"]:
        return
    state = pc.read()
    body = {
        "token": ticket["token"],
        "serial": pc.bios_serial(state),
        "image_id": registry.value(state, registry.ROLLOUT, "ImageId"),
        "boot_id": state["boot_id"],
        "host_key": _line(PUBLIC_KEY),
        "versions": {"os": "Windows 11 lab", "agent": "1"},
    }
    while (status := _post(f"{service}/v1/check-in", body)) is None:
        time.sleep(PAUSE)
    pc.log("check-in", status=status)
    # A refusal is an answer too: a stale token does not become good by repeating it.
    answered = {"token": ticket["token"], "accepted": True, "status": status}
    write_atomically(pc.check_in_file, json.dumps(answered))


def _post(url: str, body: dict[str, Any]) -> int | None:
    """The status of the answer; None when it is worth asking again."""
    request = urllib.request.Request(  # noqa: S310 - the address that the PC was started from
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return None if error.code >= 500 else error.code
    except OSError:
        return None


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _service() -> str:
    """The deployment server that this start came from, as the kernel was told."""
    words = Path("/proc/cmdline").read_text(encoding="utf-8").split()
    return next(word.partition("=")[2] for word in words if word.startswith("rollout.service="))


if __name__ == "__main__":
    this = PcFolder(Path(os.environ["ROLLOUT_LAB_PC"]))
    if sys.argv[1:] == ["start"]:
        start(this)
    elif sys.argv[1:] == ["check-in"]:
        check_in(this, _service())
