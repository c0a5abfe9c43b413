"""PCs and phones: registered devices, Intune, managed apps, Autopilot.

Actions are orders that wait until the device reports; `Tenant.later` does not carry them out,
`check_in` does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rollout.lab.errors import LabError
from rollout.lab.graph import listing
from rollout.lab.graph.errors import GraphError, bad_request, not_modelled
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse, done
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_MANAGED = Shape(
    "microsoft.graph.managedDevice",
    standard=(
        *("id", "azureADDeviceId", "complianceState", "deviceActionResults", "deviceName"),
        *("emailAddress", "enrolledDateTime", "lastSyncDateTime", "managedDeviceOwnerType"),
        *("managementState", "manufacturer", "model", "operatingSystem", "osVersion"),
        *("serialNumber", "userDisplayName", "userId", "userPrincipalName"),
    ),
    filterable=frozenset(
        {
            *("complianceState", "deviceName", "managedDeviceOwnerType", "operatingSystem"),
            *("serialNumber", "userId", "userPrincipalName", "azureADDeviceId"),
        }
    ),
    directory=False,
)
_DEVICE = Shape(
    "microsoft.graph.device",
    standard=(
        *("id", "accountEnabled", "approximateLastSignInDateTime", "deviceId", "deviceOwnership"),
        *("displayName", "isCompliant", "isManaged", "manufacturer", "model", "operatingSystem"),
        *("operatingSystemVersion", "registrationDateTime", "trustType"),
    ),
    filterable=frozenset({"accountEnabled", "deviceId", "displayName", "operatingSystem"}),
)
_OWNERS = "registeredOwners"
_APP = Shape(
    "microsoft.graph.managedAppRegistration",
    standard=(
        *("id", "appIdentifier", "applicationVersion", "createdDateTime", "deviceName"),
        *("deviceTag", "deviceType", "flaggedReasons", "lastSyncDateTime"),
        *("managementSdkVersion", "platformVersion", "userId"),
    ),
    filterable=frozenset({"userId", "deviceTag", "deviceType"}),
    directory=False,
)
_AUTOPILOT = Shape(
    "microsoft.graph.windowsAutopilotDeviceIdentity",
    standard=(
        *("id", "addressableUserName", "azureActiveDirectoryDeviceId", "displayName"),
        *("enrollmentState", "groupTag", "manufacturer", "model", "serialNumber"),
        "userPrincipalName",
    ),
    filterable=frozenset({"serialNumber", "groupTag"}),
    directory=False,
)
_READ_MANAGED = (
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
)
_ACT = ("DeviceManagementManagedDevices.PrivilegedOperations.All",)
_APPS_READ = ("DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All")
_CONFIGURATION = (
    "DeviceManagementServiceConfig.Read.All",
    "DeviceManagementServiceConfig.ReadWrite.All",
)


@table.add("GET", "/devices", roles=("Device.Read.All", "Directory.Read.All"), units=2)
def read_devices(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Devices of the directory, with `$expand` with their owners."""
    rows, shape = tenant.all_seen("devices"), _DEVICE
    if "$expand" in request.query:
        request, shape = _with_owners(request)
        rows = [row | {_OWNERS: [{"id": row["user"]}] if row.get("user") else []} for row in rows]
    return GraphResponse(200, tenant.pages.of(request, shape, rows, "/devices"))


def _with_owners(request: GraphRequest) -> tuple[GraphRequest, Shape]:
    """The request without `$expand`, and what it asks for then."""
    query = dict(request.query)
    asked = query.pop("$expand")
    if asked not in (_OWNERS, f"{_OWNERS}($select=id)"):
        raise not_modelled(f"$expand={asked} of '{_DEVICE.name}'")
    if "$select" in query:
        query["$select"] += f",{_OWNERS}"
    shape = replace(_DEVICE, standard=(*_DEVICE.standard, _OWNERS))
    return replace(request, query=query), shape


@table.add("PATCH", "/devices/{device}", roles=("Device.ReadWrite.All",))
def change_device(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Enable or disable a device."""
    device, body = tenant.truth("devices", path["device"]), request.properties()
    if body.keys() - {"accountEnabled"}:
        raise bad_request("Only accountEnabled can be changed by an application.")
    tenant.write("devices", device["id"], device | body)
    return done()


def _of_user(
    tenant: Tenant, request: GraphRequest, path: dict[str, str], link: str
) -> GraphResponse:
    key = key_of(tenant, path["user"])
    rows = [
        {"@odata.type": "#microsoft.graph.device", **device}
        for device in tenant.all_seen("devices")
        if device.get("user") == key
    ]
    return GraphResponse(200, tenant.pages.of(request, _DEVICE, rows, f"/users/{key}/{link}"))


@table.add("GET", "/users/{user}/registeredDevices", roles=("Device.Read.All", "User.Read.All"))
def registered(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Devices that a person registered."""
    return _of_user(tenant, request, path, "registeredDevices")


@table.add("GET", "/users/{user}/ownedDevices", roles=("Device.Read.All", "User.Read.All"))
def owned(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Devices that a person owns."""
    return _of_user(tenant, request, path, "ownedDevices")


@table.add("GET", "/deviceManagement/managedDevices", roles=_READ_MANAGED, quota="intune")
def read_managed(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Devices that Intune manages."""
    rows = tenant.all_seen("managedDevices")
    link = "/deviceManagement/managedDevices"
    return GraphResponse(200, tenant.pages.of(request, _MANAGED, rows, link))


@table.add("GET", "/deviceManagement/managedDevices/{device}", roles=_READ_MANAGED, quota="intune")
def read_one_managed(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One managed device with what was ordered of it."""
    device = tenant.seen("managedDevices", path["device"])
    return GraphResponse(200, listing.one(request, _MANAGED, device))


def _order(tenant: Tenant, path: dict[str, str], action: str) -> GraphResponse:
    device = tenant.truth("managedDevices", path["device"])
    row = {
        "actionName": action,
        "actionState": "pending",
        "startDateTime": tenant.now_text(),
        "lastUpdatedDateTime": tenant.now_text(),
    }
    results = [*device.get("deviceActionResults", []), row]
    state = {"wipe": "wipePending", "retire": "retirePending"}.get(action)
    changed = device | {"deviceActionResults": results}
    tenant.write(
        "managedDevices", device["id"], changed | ({"managementState": state} if state else {})
    )
    return done()


@table.add("POST", "/deviceManagement/managedDevices/{device}/wipe", roles=_ACT, quota="intune")
def wipe(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """A factory reset, ordered."""
    return _order(tenant, path, "wipe")


@table.add("POST", "/deviceManagement/managedDevices/{device}/retire", roles=_ACT, quota="intune")
def retire(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The organisation's data and management off, ordered."""
    return _order(tenant, path, "retire")


@table.add(
    "POST", "/deviceManagement/managedDevices/{device}/syncDevice", roles=_ACT, quota="intune"
)
def sync(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Ask a device to report."""
    return _order(tenant, path, "syncDevice")


@table.add(
    "POST", "/deviceManagement/managedDevices/{device}/rebootNow", roles=_ACT, quota="intune"
)
def reboot(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """A restart, ordered."""
    return _order(tenant, path, "rebootNow")


@table.add("GET", "/deviceAppManagement/managedAppRegistrations", roles=_APPS_READ, quota="intune")
def read_apps(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Protected apps on private and other devices."""
    rows = tenant.all_seen("managedAppRegistrations")
    link = "/deviceAppManagement/managedAppRegistrations"
    return GraphResponse(200, tenant.pages.of(request, _APP, rows, link))


@table.add(
    "POST",
    "/users/{user}/wipeManagedAppRegistrationsByDeviceTag",
    roles=("DeviceManagementApps.ReadWrite.All",),
    quota="intune",
)
def wipe_apps(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The organisation's data out of the apps with this tag, when each is opened next."""
    key, tag = key_of(tenant, path["user"]), request.json("deviceTag")["deviceTag"]
    apps = [
        app
        for _, app in tenant.collection("managedAppRegistrations").truths()
        if app["userId"] == key and app["deviceTag"] == tag
    ]
    if not apps:
        raise GraphError(404, "ResourceNotFound", "No registration with this device tag.")
    for app in apps:
        tenant.write("managedAppRegistrations", app["id"], app | {"wipePending": True})
    return done()


@table.add(
    "GET",
    "/deviceManagement/windowsAutopilotDeviceIdentities",
    roles=_CONFIGURATION,
    quota="intune",
)
def read_autopilot(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """PCs that Autopilot knows as the organisation's."""
    rows = tenant.all_seen("autopilot")
    link = "/deviceManagement/windowsAutopilotDeviceIdentities"
    return GraphResponse(200, tenant.pages.of(request, _AUTOPILOT, rows, link))


PLANTED = ("devices", "managedDevices", "managedAppRegistrations", "autopilot")
"""Kinds that come from outside: people register devices, shops deliver PCs."""


def plant(tenant: Tenant, kind: str, row: Json) -> Json:
    """A device or app that is registered, changes, or (`gone`) is registered no more.

    Raises LabError for another kind.
    """
    if kind not in PLANTED:
        raise LabError(f"{kind} cannot be planted: {', '.join(PLANTED)}")
    given = dict(row)
    key = str(given.setdefault("id", tenant.new_id()))
    gone = given.pop("gone", False)
    known = tenant.collection(kind).truth(key) or {}
    tenant.write(kind, key, None if gone else known | given)
    return {"id": key}


def check_in(tenant: Tenant, device: str) -> Json:
    """A device or an app reports (control endpoint): its orders are carried out."""
    apps = tenant.collection("managedAppRegistrations")
    opened = [app for _, app in apps.truths() if device in (app["id"], app["deviceTag"])]
    for app in opened:
        value = None if app.get("wipePending") else app | {"lastSyncDateTime": tenant.now_text()}
        tenant.write("managedAppRegistrations", app["id"], value)
    managed = tenant.collection("managedDevices").truth(device)
    if managed is not None:
        results = [
            result | {"actionState": "done", "lastUpdatedDateTime": tenant.now_text()}
            for result in managed.get("deviceActionResults", [])
        ]
        gone = any(result["actionName"] in ("wipe", "retire") for result in results)
        seen = managed | {"deviceActionResults": results, "lastSyncDateTime": tenant.now_text()}
        tenant.write("managedDevices", device, None if gone else seen)
    return {"apps": len(opened), "managed": managed is not None}
