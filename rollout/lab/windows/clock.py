"""The lab's clock: what takes minutes on a real PC takes a scaled part of them here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollout.lab.windows.state import State

if TYPE_CHECKING:
    from datetime import date


#: What encrypting the used part of a fast disk takes.
ENCRYPTION_SECONDS = 300


def now() -> str:
    """The present as the state keeps it."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()


def today() -> date:
    """The date where the PC stands."""
    from datetime import datetime

    return datetime.now().astimezone().date()


def seconds_since(state: State, moment: str) -> float:
    """Simulated seconds since a moment of the state: real ones divided by the PC's time scale."""
    from datetime import UTC, datetime

    passed = datetime.now(UTC) - datetime.fromisoformat(moment)
    return passed.total_seconds() / float(state["time_scale"])


def service_state(state: State, service: dict[str, Any]) -> str:
    """A service that starts by itself is up only some time after the boot."""
    if service["state"] != "running" or not service.get("up_after"):
        return str(service["state"])
    up = seconds_since(state, state["last_boot"]) >= service["up_after"]
    return "running" if up else "start_pending"


def disk_encryption(state: State) -> tuple[str, str]:
    """Protection and status of C: as Get-BitLockerVolume has them: off until all is encrypted."""
    locker = state["bitlocker"]
    since = locker.get("encrypting_since")
    if since and seconds_since(state, since) >= ENCRYPTION_SECONDS:
        return "on", "FullyEncrypted"
    return str(locker["protection"]), str(locker["status"])


def edr_connected(state: State) -> bool:
    """Endpoint detection reaches its portal 5 to 30 minutes after onboarding, by the serial."""
    from zlib import crc32

    onboarded = state["edr"]["onboarded_at"]
    if onboarded is None or service_state(state, state["services"]["Sense"]) != "running":
        return False
    wait = 300 + crc32(str(state["serial"]).encode()) % 1500
    return seconds_since(state, onboarded) >= wait
