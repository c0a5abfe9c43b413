"""What the organisation's directory knows of a PC; it survives every wipe of the disk."""

from __future__ import annotations

import json

from rollout.lab.windows.state import PcFolder, State, write_atomically


def recovery_keys(pc: PcFolder) -> list[str]:
    """The ids of the recovery keys that the directory holds; at first that of the office image."""
    try:
        known = json.loads(pc.directory_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [office_key(str(pc.read()["serial"]))]
    return list(known["recovery_keys"])


def office_key(serial: str) -> str:
    """The recovery key of the office image's disk: the same for the same PC, escrowed long ago."""
    from uuid import NAMESPACE_OID, uuid5

    return f"{{{uuid5(NAMESPACE_OID, serial)}}}".upper()


def escrow(pc: PcFolder, key_id: str) -> None:
    """Keep a recovery key beside those of earlier installations."""
    kept = recovery_keys(pc)
    if key_id not in kept:
        write_atomically(pc.directory_file, json.dumps({"recovery_keys": [*kept, key_id]}))


def recovery_key(state: State) -> str | None:
    """The id of the disk's present recovery password, None when it has none."""
    for protector in state["bitlocker"]["protectors"]:
        if protector["type"] == "RecoveryPassword":
            return str(protector["id"])
    return None


def asks_for_pin(state: State) -> bool:
    """Whether the disk starts only after its user has typed a PIN."""
    return any(entry["type"] == "TpmPin" for entry in state["bitlocker"]["protectors"])


def key_escrowed(pc: PcFolder, state: State) -> bool:
    """Whether the directory holds the key that opens the disk as it is now."""
    return recovery_key(state) in recovery_keys(pc)
