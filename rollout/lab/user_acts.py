"""What only the person at the PC can do: sign in and out, choose and type the disk's PIN."""

from __future__ import annotations

from pathlib import Path

from rollout.lab.pcs import find
from rollout.lab.windows import cloud, registry
from rollout.lab.windows.state import write_atomically

_ONEDRIVE = r"HKLM:\SOFTWARE\Policies\Microsoft\OneDrive"


def sign_in(folder: Path, computer_name: str, user: str = "") -> None:
    """The user signs in; where the policy says so OneDrive brings the known folders back.

    Without a name it is the PC's own user.
    """
    pc = find(folder, computer_name)
    with pc.change() as state:
        user = user or f"u{state['asset_tag'].rpartition('-')[2]}"
        state["signed_in_user"] = user
        if user not in state["users"]:
            state["users"].append(user)
        moves = registry.value(state, _ONEDRIVE, "KFMSilentOptIn")
        if moves and cloud.download(pc, user):
            state["onedrive"][user] = {
                "protected": list(cloud.KNOWN_FOLDERS),
                "sync": "up to date",
            }
    pc.log("signed-in", user=user)


def sign_out(folder: Path, computer_name: str) -> None:
    """Nobody is at the PC any more."""
    pc = find(folder, computer_name)
    with pc.change() as state:
        state["signed_in_user"] = ""
    pc.log("signed-out")


def choose_pin(folder: Path, computer_name: str) -> None:
    """The user gives the disk a PIN, which needs the TPM's protector to be there."""
    pc = find(folder, computer_name)
    with pc.change() as state:
        protectors = state["bitlocker"]["protectors"]
        kept = [p for p in protectors if p["type"] not in ("Tpm", "TpmPin")]
        state["bitlocker"]["protectors"] = [*kept, {"type": "TpmPin", "id": "{LAB-TPM-PIN}"}]
    pc.log("pin-chosen")


def type_pin(folder: Path, computer_name: str) -> None:
    """The user types the PIN for which the PC waits at its start."""
    pc = find(folder, computer_name)
    pc.log("pin-typed")
    write_atomically(pc.requests / f"{pc.name}.pin", "")
