"""The organisation, its policies, reports, and applications from the gallery (such as a chat)."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph.errors import GraphError, bad_request, not_found
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse, created
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant

Json = dict[str, Any]
table = RouteTable()

_ORGANISATION = Shape(
    "microsoft.graph.organization",
    standard=("id", "countryLetterCode", "displayName", "onPremisesSyncEnabled", "verifiedDomains"),
)
_POLICY = Shape(
    "microsoft.graph.conditionalAccessPolicy",
    standard=("id", "conditions", "displayName", "grantControls", "state"),
    directory=False,
)
_ENROLMENT = Shape(
    "microsoft.graph.deviceEnrollmentConfiguration",
    standard=(
        *("id", "androidRestriction", "displayName", "iosRestriction", "macOSRestriction"),
        *("priority", "windowsRestriction", "@odata.type"),
    ),
    directory=False,
)
_PROTECTION = Shape(
    "microsoft.graph.managedAppProtection",
    standard=("id", "deployedAppCount", "displayName", "isAssigned"),
    directory=False,
)
_REGISTRATION = Shape(
    "microsoft.graph.userRegistrationDetails",
    standard=(
        *("id", "isAdmin", "isMfaCapable", "isMfaRegistered", "isPasswordlessCapable"),
        *("lastUpdatedDateTime", "methodsRegistered", "userDisplayName", "userPrincipalName"),
    ),
    filterable=frozenset({"isMfaRegistered", "isMfaCapable", "userPrincipalName"}),
    directory=False,
)


@table.add("GET", "/organization", roles=("Organization.Read.All", "Directory.Read.All"))
def read_organisation(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """The tenant itself, always one."""
    row = tenant.organisation | {"id": tenant.id}
    return GraphResponse(200, tenant.pages.of(request, _ORGANISATION, [row], "/organization"))


@table.add("GET", "/identity/conditionalAccess/policies", roles=("Policy.Read.All",))
def read_policies(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Conditional access."""
    link = "/identity/conditionalAccess/policies"
    return GraphResponse(200, tenant.pages.of(request, _POLICY, tenant.policies, link))


@table.add(
    "GET",
    "/deviceManagement/deviceEnrollmentConfigurations",
    roles=("DeviceManagementServiceConfig.Read.All", "DeviceManagementConfiguration.Read.All"),
    quota="intune",
)
def read_enrolment(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Which kinds of devices may enrol."""
    link = "/deviceManagement/deviceEnrollmentConfigurations"
    return GraphResponse(200, tenant.pages.of(request, _ENROLMENT, tenant.enrolment, link))


def _protections(tenant: Tenant, request: GraphRequest, platform: str) -> GraphResponse:
    link = f"/deviceAppManagement/{platform}ManagedAppProtections"
    rows = [row for row in tenant.app_protections if row["platform"] == platform]
    return GraphResponse(200, tenant.pages.of(request, _PROTECTION, rows, link))


@table.add(
    "GET",
    "/deviceAppManagement/iosManagedAppProtections",
    roles=("DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"),
    quota="intune",
)
def ios_protections(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """App protection on iOS."""
    return _protections(tenant, request, "ios")


@table.add(
    "GET",
    "/deviceAppManagement/androidManagedAppProtections",
    roles=("DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"),
    quota="intune",
)
def android_protections(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """App protection on Android."""
    return _protections(tenant, request, "android")


@table.add(
    "GET",
    "/reports/authenticationMethods/userRegistrationDetails",
    roles=("AuditLog.Read.All",),
    quota="reports",
)
def read_registrations(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Who registered for multi-factor sign-in; a report, and so hours behind."""
    link = "/reports/authenticationMethods/userRegistrationDetails"
    rows = [
        {
            "id": user["id"],
            "userPrincipalName": user["userPrincipalName"],
            "userDisplayName": user["displayName"],
            "isAdmin": False,
            "isMfaRegistered": bool(registered),
            "isMfaCapable": bool(registered),
            "isPasswordlessCapable": False,
            "methodsRegistered": registered.get("methods", []),
            "lastUpdatedDateTime": tenant.now_text(),
        }
        for user in tenant.all_seen("users")
        for registered in [tenant.registrations.get(user["id"], {})]
    ]
    return GraphResponse(200, tenant.pages.of(request, _REGISTRATION, rows, link))


_APP_READ = ("Application.Read.All", "Directory.Read.All")
_APP_ASSIGN = ("AppRoleAssignment.ReadWrite.All",)
_SYNC = ("Synchronization.ReadWrite.All",)
_ASSIGNMENT = Shape(
    "microsoft.graph.appRoleAssignment",
    standard=(
        *("id", "appRoleId", "createdDateTime", "principalDisplayName", "principalId"),
        *("principalType", "resourceDisplayName", "resourceId"),
    ),
)


@table.add("GET", "/servicePrincipals/{app}/appRoleAssignedTo", roles=_APP_READ)
def read_assignments(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Who may use an enterprise application."""
    app = tenant.seen("servicePrincipals", path["app"])
    rows = [row for row in tenant.all_seen("appRoleAssignments") if row["resourceId"] == app["id"]]
    link = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    return GraphResponse(200, tenant.pages.of(request, _ASSIGNMENT, rows, link))


@table.add("POST", "/servicePrincipals/{app}/appRoleAssignedTo", roles=_APP_ASSIGN)
def assign_role(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Let one person use an enterprise application."""
    app = tenant.truth("servicePrincipals", path["app"])
    body = request.json("principalId", "resourceId", "appRoleId")
    user = tenant.truth("users", str(body["principalId"]))
    if body["resourceId"] != app["id"] or body["appRoleId"] not in app["appRoles"]:
        raise bad_request("Not a valid reference update.")
    key = f"{app['id']}:{user['id']}:{body['appRoleId']}"
    if tenant.collection("appRoleAssignments").truth(key) is not None:
        raise bad_request("Permission being assigned already exists on the object")
    row = {
        "id": tenant.new_id(),
        "appRoleId": body["appRoleId"],
        "createdDateTime": tenant.now_text(),
        "principalDisplayName": user["displayName"],
        "principalId": user["id"],
        "principalType": "User",
        "resourceDisplayName": app["displayName"],
        "resourceId": app["id"],
    }
    tenant.write("appRoleAssignments", key, row)
    return created(row)


@table.add(
    "POST", "/servicePrincipals/{app}/synchronization/jobs/{job}/provisionOnDemand", roles=_SYNC
)
def provision(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Create the person in the application now; only who is assigned can be."""
    app = tenant.truth("servicePrincipals", path["app"])
    if path["job"] != app["synchronisationJob"]:
        raise not_found(path["job"])
    body = request.json("parameters")
    subjects = [
        str(subject.get("objectId"))
        for parameter in body["parameters"]
        for subject in parameter.get("subjects", [])
    ]
    if len(subjects) != 1:
        raise GraphError(400, "BadRequest", "Exactly one subject is provisioned on demand.")
    user = tenant.truth("users", subjects[0])
    assigned = any(
        row["principalId"] == user["id"] and row["resourceId"] == app["id"]
        for _, row in tenant.collection("appRoleAssignments").truths()
    )
    status = "success" if assigned else "skipped"
    if assigned:
        people = sorted({*app.get("provisioned", []), user["id"]})
        tenant.write("servicePrincipals", app["id"], app | {"provisioned": people})
    steps = [{"name": "EntryProvision", "status": status}]
    value = {"key": "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"}
    return GraphResponse(200, value | {"value": str({"status": status, "steps": steps})})
