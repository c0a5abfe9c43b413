"""Subscriptions, their service plans, and who has them; directly or through a group."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph import mailboxes
from rollout.lab.graph.errors import bad_request
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import SHAPE as USER
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_SKU = Shape(
    "microsoft.graph.subscribedSku",
    standard=(
        *("id", "accountId", "accountName", "appliesTo", "capabilityStatus", "consumedUnits"),
        *("prepaidUnits", "servicePlans", "skuId", "skuPartNumber", "subscriptionIds"),
    ),
    directory=False,
)
_DETAILS = Shape(
    "microsoft.graph.licenseDetails",
    standard=("id", "servicePlans", "skuId", "skuPartNumber"),
    directory=False,
)
_WRITE = ("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_READ_SKUS = ("LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All")


@table.add("GET", "/subscribedSkus", roles=_READ_SKUS)
def read_skus(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """What was bought and how much of it is taken."""
    rows = [_sku_row(tenant, sku) for sku in tenant.skus.values()]
    return GraphResponse(200, tenant.pages.of(request, _SKU, rows, "/subscribedSkus"))


@table.add("GET", "/users/{user}/licenseDetails", roles=("User.Read.All", "Directory.Read.All"))
def read_details(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The licences of one user with their service plans."""
    key = key_of(tenant, path["user"])
    rows = []
    for held in tenant.seen("users", key)["assignedLicenses"]:
        sku = tenant.skus[held["skuId"]]
        rows.append(
            {
                "id": f"{key}_{sku['skuId']}",
                "skuId": sku["skuId"],
                "skuPartNumber": sku["skuPartNumber"],
                "servicePlans": [_plan_row(plan) for plan in sku["plans"]],
            }
        )
    return GraphResponse(
        200, tenant.pages.of(request, _DETAILS, rows, f"/users/{key}/licenseDetails")
    )


@table.add("POST", "/users/{user}/assignLicense", roles=_WRITE, quota="licence")
def assign(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Add and remove licences of one user, all or nothing."""
    key = key_of(tenant, path["user"])
    body = request.json()
    if not isinstance(body.get("addLicenses"), list) or not isinstance(
        body.get("removeLicenses"), list
    ):
        raise bad_request("One or more parameters of the operation 'assignLicense' are missing.")
    user = tenant.truth("users", key)
    held = {one["skuId"]: one for one in user["assignedLicenses"]}
    for sku in body["removeLicenses"]:
        if sku not in held:
            raise bad_request("User does not have a corresponding license.")
        if _by_group(user, sku):
            raise bad_request("User license is inherited from a group membership.")
        del held[sku]
    for one in body["addLicenses"]:
        sku = str(one.get("skuId"))
        _assignable(tenant, user, sku)
        if sku not in held and free(tenant, sku) <= 0:
            raise bad_request(f"Subscription with SKU {sku} does not have any available licenses.")
        held[sku] = {"skuId": sku, "disabledPlans": list(one.get("disabledPlans") or [])}
    problem = plan_conflict(tenant, list(held.values()))
    if problem is not None:
        raise bad_request(problem[1])
    hold(tenant, key, list(held.values()), group=None)
    changed = tenant.truth("users", key)
    return GraphResponse(200, {name: changed.get(name) for name in USER.standard})


def _assignable(tenant: Tenant, user: Json, sku: str) -> None:
    if sku not in tenant.skus:
        raise bad_request(f"License {sku} does not correspond to a valid company License.")
    if not user.get("usageLocation"):
        raise bad_request("License assignment cannot be done for user with invalid usage location.")


def free(tenant: Tenant, sku: str) -> int:
    """Units of a subscription that nobody has."""
    return int(tenant.skus[sku]["enabled"]) - consumed(tenant, sku)


def consumed(tenant: Tenant, sku: str) -> int:
    """Users who have it."""
    return tenant.holders[sku]


def plan_conflict(tenant: Tenant, held: list[Json]) -> tuple[str, str] | None:
    """Service plans that exclude or miss each other: the group error's name and the message."""
    plans = {
        plan["servicePlanName"]: plan
        for one in held
        for plan in tenant.skus[one["skuId"]]["plans"]
        if plan["servicePlanId"] not in one.get("disabledPlans", [])
    }
    for name, plan in plans.items():
        for other in plan.get("excludes", []):
            if other in plans:
                return "MutuallyExclusiveViolation", (
                    "License assignment failed because service plans "
                    f"{plan['servicePlanId']}, {plans[other]['servicePlanId']} are mutually "
                    "exclusive."
                )
        for needed in plan.get("requires", []):
            if needed not in plans:
                return "DependencyViolation", (
                    f"License assignment failed because service plan {plan['servicePlanId']} "
                    f"({name}) depends on the service plan {needed}."
                )
    return None


def hold(tenant: Tenant, key: str, held: list[Json], *, group: str | None) -> None:
    """Write the licences of a user with their states, and let the services follow."""
    user = tenant.truth("users", key)
    before = {one["skuId"]: one for one in user["licenseAssignmentStates"]}
    states = [
        before.get(one["skuId"])
        or {
            "skuId": one["skuId"],
            "disabledPlans": one.get("disabledPlans", []),
            "assignedByGroup": group,
            "state": "Active",
            "error": "None",
            "lastUpdatedDateTime": tenant.now_text(),
        }
        for one in held
    ]
    tenant.write("users", key, user | {"assignedLicenses": held, "licenseAssignmentStates": states})
    mailboxes.follow_licences(tenant, key)


def by_group(tenant: Tenant, key: str, group: Json) -> None:
    """What group licensing does after a user joined: a licence, or an error in his states.

    One product that fails keeps back all of this group's, as in the service.
    """
    user = tenant.collection("users").truth(key)
    if user is None:
        return
    wanted = [
        one
        for one in group.get("assignedLicenses") or []
        if all(held["skuId"] != one["skuId"] for held in user["assignedLicenses"])
    ]
    if not wanted:
        return
    error = None
    if not user.get("usageLocation"):
        error = "ProhibitedInUsageLocationViolation"
    elif any(free(tenant, one["skuId"]) <= 0 for one in wanted):
        error = "CountViolation"
    else:
        found = plan_conflict(tenant, [*user["assignedLicenses"], *wanted])
        error = found[0] if found else None
    if error is None:
        hold(tenant, key, [*user["assignedLicenses"], *wanted], group=group["id"])
        return
    failed = [
        {
            "skuId": one["skuId"],
            "disabledPlans": one.get("disabledPlans", []),
            "assignedByGroup": group["id"],
            "state": "Error",
            "error": error,
            "lastUpdatedDateTime": tenant.now_text(),
        }
        for one in wanted
    ]
    others = [
        one for one in user["licenseAssignmentStates"] if one["assignedByGroup"] != group["id"]
    ]
    tenant.write("users", key, user | {"licenseAssignmentStates": others + failed})


def _by_group(user: Json, sku: str) -> bool:
    return any(
        state["skuId"] == sku and state["assignedByGroup"]
        for state in user["licenseAssignmentStates"]
    )


def _sku_row(tenant: Tenant, sku: Json) -> Json:
    return {
        "id": f"{tenant.id}_{sku['skuId']}",
        "accountId": tenant.id,
        "accountName": tenant.organisation.get("displayName"),
        "appliesTo": "User",
        "capabilityStatus": sku.get("capabilityStatus", "Enabled"),
        "consumedUnits": consumed(tenant, sku["skuId"]),
        "prepaidUnits": {
            "enabled": sku["enabled"],
            "suspended": sku.get("suspended", 0),
            "warning": sku.get("warning", 0),
            "lockedOut": 0,
        },
        "servicePlans": [_plan_row(plan) for plan in sku["plans"]],
        "skuId": sku["skuId"],
        "skuPartNumber": sku["skuPartNumber"],
        "subscriptionIds": [],
    }


def _plan_row(plan: Json) -> Json:
    return {
        "servicePlanId": plan["servicePlanId"],
        "servicePlanName": plan["servicePlanName"],
        "provisioningStatus": "Success",
        "appliesTo": "User",
    }
