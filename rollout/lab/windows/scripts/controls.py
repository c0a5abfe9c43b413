"""One line of evidence, and the controls that more than one script measures."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from rollout.lab.windows import clock
from rollout.lab.windows.directory import asks_for_pin, key_escrowed
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.state import PcFolder, State


def evidence(control: str, value: Any, holds: bool | None, source: str) -> dict[str, str]:
    """One line of evidence; None means that it cannot be told yet."""
    verdict = "pending" if holds is None else "pass" if holds else "fail"
    return {"control": control, "value": str(value), "verdict": verdict, "source": source}


def encryption(pc: PcFolder, state: State) -> dict[str, str]:
    """Encrypted with an escrowed key passes; off is pending, since take-home switches it on."""
    protection, escrowed = clock.disk_encryption(state)[0], key_escrowed(pc, state)
    text = f"{protection}, key {'' if escrowed else 'not '}escrowed"
    holds = escrowed if protection == "on" else None
    return evidence("disk_encryption", text, holds, "Get-BitLockerVolume")


def pin(state: State) -> dict[str, str]:
    """Only the user can choose it: until then it cannot be judged."""
    chosen = asks_for_pin(state)
    text = "chosen" if chosen else "to be chosen by the user"
    return evidence("encryption_pin", text, chosen or None, "Get-BitLockerVolume")


def resident_files(pc: PcFolder, folders: Iterable[str], names: Iterable[str]) -> list[Path]:
    """Files whose name betrays resident data."""
    return [
        file
        for folder in folders
        for file in sorted(to_file(pc, folder).rglob("*"))
        if file.is_file() and any(fnmatch(file.name.lower(), name.lower()) for name in names)
    ]
