"""What the personal devices need of a cloud service; `adapters.graph.devices` fulfils it.

Everything here only reads. What is ordered goes through the accounts' directory, whose orders are
listed in `application.accounts.orders`; none of them wipes a device.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollout.application.accounts.directory import Lacking
from rollout.domain.device_sightings import Enrolment, ProtectedApp, Registration


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that the service showed, begun at a moment; never a part of it."""

    begun_at: datetime
    registrations: Sequence[Registration]
    enrolments: Sequence[Enrolment]
    apps: Sequence[ProtectedApp]


@dataclass(frozen=True, slots=True)
class DevicesStanding:
    """How the product stands at the service.

    `lacking` is not granted; `excessive` are granted roles with which private devices could be
    wiped by whoever gets hold of the credential.
    """

    lacking: tuple[Lacking, ...]
    excessive: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """A rule on which Windows PCs may enrol."""

    name: str
    blocks_private: bool
    blocks_all: bool


class Devices(Protocol):
    """Private devices at one tenant. Raises DirectoryAway from every method when it cannot be
    asked, and then returns no part of the answer."""

    def standing(self) -> DevicesStanding:
        """Sign in, and see what is granted."""

    def group(self, name: str) -> Sequence[str]:
        """Ids of the groups of that display name."""

    def reading(self, begun_at: datetime) -> Reading:
        """Everything that is registered, enrolled or protected."""

    def restrictions(self) -> Sequence[Restriction]:
        """Rules on the enrolment of Windows."""

    def autopilot(self) -> Collection[str]:
        """Serials of the PCs that Autopilot knows as the organisation's."""

    def close(self) -> None:
        """Give connections back."""
