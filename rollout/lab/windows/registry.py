"""The simulated registry: keys without regard to case, values with a type."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import State

ROLLOUT = r"HKLM:\SOFTWARE\Rollout"
ENCRYPTION_POLICY = r"HKLM:\SOFTWARE\Policies\Microsoft\FVE"
PROXY_POLICY = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
INTERNET_SETTINGS = r"HKCU:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings"

_HIVES = ("HKLM", "HKCU", "HKCR", "HKU", "HKCC")


def key_of(path: str) -> str:
    """The stored form of a key path such as `HKLM:\\Software\\X`."""
    hive, _, rest = path.replace("/", "\\").partition("\\")
    hive = hive.rstrip(":").upper()
    if hive not in _HIVES:
        raise ModuleFailure(
            f"path: {path} is not a valid registry path, it must start with one of "
            + ", ".join(f"{name}:" for name in _HIVES)
        )
    return f"{hive}\\{rest.strip(chr(92)).upper()}"


def value(state: State, path: str, name: str, default: Any = None) -> Any:
    """The data of a value, or `default` where key or value do not exist."""
    entry = state["registry"].get(key_of(path), {}).get(name.lower())
    return default if entry is None else entry["data"]


def write(state: State, path: str, name: str, data: Any, kind: str = "string") -> None:
    """Set a value, making its key."""
    key = state["registry"].setdefault(key_of(path), {})
    key[name.lower()] = {"name": name, "type": kind, "data": data}


def exists(state: State, path: str) -> bool:
    """Whether the key, or a key below it, exists."""
    key = key_of(path)
    return any(other == key or other.startswith(key + "\\") for other in state["registry"])


def delete_key(state: State, path: str) -> None:
    """Delete a key with everything below it."""
    key = key_of(path)
    for other in [k for k in state["registry"] if k == key or k.startswith(key + "\\")]:
        del state["registry"][other]
