"""The port `Devices` over Microsoft Graph: it reads, and has no request that changes anything.

Registrations are read as `/devices` with their owners, whole and in pages: an application may do
that with Device.Read.All, while `/users/{id}/registeredDevices` is not for applications
(https://learn.microsoft.com/graph/api/user-list-registereddevices), and 10,000 people would take
10,000 requests.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from rollout.adapters.graph.calls import literal
from rollout.adapters.graph.permissions import could_wipe, lacking_for_devices
from rollout.adapters.graph.reading import Reader
from rollout.application.byod.devices import DevicesStanding, Reading, Restriction
from rollout.domain.device_sightings import Enrolment, ProtectedApp, Registration
from rollout.settings.accounts import Tenant

Json = dict[str, Any]

_DEVICES = (
    "/devices?$select=id,deviceId,displayName,model,operatingSystem,trustType,deviceOwnership,"
    "approximateLastSignInDateTime&$expand=registeredOwners($select=id)&$top=999"
)
_ENROLLED = (
    "/deviceManagement/managedDevices?$select=id,userId,azureADDeviceId,operatingSystem,"
    "managedDeviceOwnerType,complianceState,serialNumber,model,deviceName,lastSyncDateTime&$top=999"
)
_APPS = "/deviceAppManagement/managedAppRegistrations"
# Columns of a derived type cannot be selected: the whole rule is read.
_RULES = "/deviceManagement/deviceEnrollmentConfigurations"
_AUTOPILOT = "/deviceManagement/windowsAutopilotDeviceIdentities?$select=id,serialNumber"
_RESTRICTIONS = "deviceEnrollmentPlatformRestrictionsConfiguration"
_REGISTERED, _COMPANY = "Workplace", "company"
_NEVER = "0001-01-01"
"""How the device management writes a moment that it does not have."""


class GraphDevices:
    """One tenant. Not for several threads at once."""

    def __init__(self, tenant: Tenant) -> None:
        self._reader = Reader(tenant)

    def standing(self) -> DevicesStanding:
        """See the port."""
        granted = self._reader.roles()
        return DevicesStanding(lacking_for_devices(granted), could_wipe(granted))

    def group(self, name: str) -> Sequence[str]:
        """See the port."""
        path = f"/groups?$filter=displayName%20eq%20{literal(name)}&$select=id,displayName"
        return [str(row["id"]) for row in self._reader.all(path)[0]]

    def reading(self, begun_at: datetime) -> Reading:
        """See the port."""
        devices, enrolled, apps = self._reader.all(_DEVICES, _ENROLLED, _APPS)
        return Reading(
            begun_at,
            [_registration(row) for row in devices],
            [_enrolment(row) for row in enrolled],
            [_app(row) for row in apps],
        )

    def restrictions(self) -> Sequence[Restriction]:
        """See the port."""
        return [
            Restriction(
                str(row.get("displayName") or row["id"]),
                bool(windows.get("personalDeviceEnrollmentBlocked")),
                bool(windows.get("platformBlocked")),
            )
            for row in self._reader.all(_RULES)[0]
            if str(row.get("@odata.type", "")).endswith(_RESTRICTIONS)
            and (windows := row.get("windowsRestriction"))
        ]

    def autopilot(self) -> Collection[str]:
        """See the port."""
        rows = self._reader.all(_AUTOPILOT)[0]
        return [str(row["serialNumber"]) for row in rows if row.get("serialNumber")]

    def close(self) -> None:
        """See the port."""
        self._reader.close()


def _registration(row: Json) -> Registration:
    owners = row.get("registeredOwners") or []
    return Registration(
        id=row["id"],
        device_id=row.get("deviceId") or "",
        user=str(owners[0]["id"]) if owners else "",
        system=row.get("operatingSystem") or "",
        private=row.get("trustType") == _REGISTERED,
        company=_is_company(row.get("deviceOwnership")),
        model=row.get("model") or "",
        name=row.get("displayName") or "",
        last_seen=_moment(row.get("approximateLastSignInDateTime")),
    )


def _enrolment(row: Json) -> Enrolment:
    return Enrolment(
        id=row["id"],
        user=row.get("userId") or "",
        device_id=row.get("azureADDeviceId") or "",
        system=row.get("operatingSystem") or "",
        company=_is_company(row.get("managedDeviceOwnerType")),
        compliance=row.get("complianceState") or "",
        serial=row.get("serialNumber") or "",
        model=row.get("model") or "",
        name=row.get("deviceName") or "",
        last_seen=_moment(row.get("lastSyncDateTime")),
    )


def _app(row: Json) -> ProtectedApp:
    return ProtectedApp(
        id=row["id"],
        user=row.get("userId") or "",
        tag=row.get("deviceTag") or "",
        # The type of the registration names the platform where the device's own does not.
        system=row.get("deviceType") or str(row.get("@odata.type") or ""),
        flags=tuple(str(flag) for flag in row.get("flaggedReasons") or ()),
        name=row.get("deviceName") or "",
        last_seen=_moment(row.get("lastSyncDateTime")),
    )


def _is_company(word: object) -> bool:
    return str(word or "").casefold() == _COMPANY


def _moment(text: str | None) -> datetime | None:
    return None if not text or text.startswith(_NEVER) else datetime.fromisoformat(text)
