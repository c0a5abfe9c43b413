"""What PCs and playbooks say at the doors of `arrival`, and what they are answered."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollout.domain.errors import RolloutError


class ArrivalRefused(RolloutError):
    """The request is not believed or comes at the wrong time."""


@dataclass(frozen=True)
class Arming:
    """A playbook that has passed every guard on the machine presents the claim's token."""

    token: str
    serial: str
    boot_id: str


@dataclass(frozen=True)
class Booting:
    """A machine that boots from the network; firmware writes addresses in its own way."""

    serial: str
    mac: str | None


@dataclass(frozen=True)
class BootOrder:
    """What a network-booting machine is to do: write an image, or erase its disk for good; with
    neither it boots its own disk."""

    image_id: str | None = None
    erase: bool = False
    epoch: int | None = None
    check_in_token: str | None = None


LOCAL_DISK = BootOrder()

Report = Mapping[str, Any]
"""What a new system says of itself: token, serial, image_id, boot_id and perhaps host_key."""


def new_token() -> str:
    """A one-time secret; only its digest is kept."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
