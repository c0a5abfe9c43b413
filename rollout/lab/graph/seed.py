"""A tenant from a scenario: a JSON object whose keys are those of `Seed`."""

from __future__ import annotations

from typing import Any

from rollout.lab.errors import LabError
from rollout.lab.graph import groups, licences
from rollout.lab.graph.tenant import Tenant

Json = dict[str, Any]

_KEYS = frozenset(
    {
        *("seed", "organisation", "domains", "skus", "users", "groups", "behaviour"),
        *("servicePrincipals", "devices", "managedDevices", "managedAppRegistrations"),
        *("autopilot", "policies", "enrolment", "appProtections", "registrations"),
    }
)
_EXCHANGE_PLAN = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"
_TEAMS_PLAN = "57ff2da0-773e-42df-b2af-ffb7a2317929"
_SHAREPOINT_PLAN = "c7699d2e-19aa-44de-8edf-1736da088ca1"

#: A subscription with mail, files and chat, for scenarios that name none.
OFFICE: Json = {
    "skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965",
    "skuPartNumber": "SPE_E3",
    "enabled": 100,
    "plans": [
        {"servicePlanId": _EXCHANGE_PLAN, "servicePlanName": "EXCHANGE_S_FOUNDATION"},
        {"servicePlanId": _SHAREPOINT_PLAN, "servicePlanName": "SHAREPOINTENTERPRISE"},
        {"servicePlanId": _TEAMS_PLAN, "servicePlanName": "TEAMS1"},
    ],
}


def plant(scenario: Json) -> Tenant:
    """The tenant as it stands before the first request. Raises LabError for unknown keys."""
    unknown = scenario.keys() - _KEYS
    if unknown:
        raise LabError(f"unknown in the tenant's scenario: {', '.join(sorted(unknown))}")
    tenant = Tenant(int(scenario.get("seed", 0)))
    tenant.domains = scenario.get("domains", ["pref.example.jp"])
    tenant.organisation = {
        "displayName": "三重県(見本)",
        "countryLetterCode": "JP",
        "onPremisesSyncEnabled": None,
        "verifiedDomains": [
            {"name": name, "isDefault": place == 0, "isInitial": False, "type": "Managed"}
            for place, name in enumerate(tenant.domains)
        ],
        **scenario.get("organisation", {}),
    }
    tenant.skus = {sku["skuId"]: sku for sku in scenario.get("skus", [OFFICE])}
    tenant.policies = scenario.get("policies", [])
    tenant.enrolment = scenario.get("enrolment", [])
    tenant.app_protections = scenario.get("appProtections", [])
    tenant.registrations = scenario.get("registrations", {})
    for user in scenario.get("users", []):
        add_user(tenant, user)
    for group in scenario.get("groups", []):
        _add_group(tenant, group)
    for kind in ("devices", "managedDevices", "managedAppRegistrations", "autopilot"):
        for row in scenario.get(kind, []):
            row.setdefault("id", tenant.new_id())
            tenant.write(kind, row["id"], row)
    for app in scenario.get("servicePrincipals", []):
        app.setdefault("id", tenant.new_id())
        app.setdefault("synchronisationJob", f"slack.{tenant.new_id()}")
        tenant.write("servicePrincipals", app["id"], app)
    tenant.behaviour.change(scenario.get("behaviour", {}))
    return tenant


def add_user(tenant: Tenant, values: Json) -> Json:
    """A person that was there before: made by directory synchronisation, say.

    `licences` lists part numbers that he has already.
    """
    given = dict(values)
    parts = given.pop("licences", [])
    user: Json = {
        "id": tenant.new_id(),
        "accountEnabled": True,
        "businessPhones": [],
        "createdDateTime": tenant.now_text(),
        "userType": "Member",
        "assignedLicenses": [],
        "licenseAssignmentStates": [],
        "onPremisesSyncEnabled": None,
        **given,
    }
    tenant.write("users", user["id"], user)
    held = [
        {"skuId": sku["skuId"], "disabledPlans": []}
        for sku in tenant.skus.values()
        if sku["skuPartNumber"] in parts
    ]
    if held:
        licences.hold(tenant, user["id"], held, group=None)
    return user


def _add_group(tenant: Tenant, values: Json) -> None:
    given = dict(values)
    members = given.pop("members", [])
    group: Json = {
        "id": tenant.new_id(),
        "createdDateTime": tenant.now_text(),
        "description": None,
        "groupTypes": [],
        "mail": None,
        "mailEnabled": False,
        "securityEnabled": True,
        "proxyAddresses": [],
        "resourceProvisioningOptions": [],
        "visibility": None,
        "assignedLicenses": [],
        "owners": [],
        **given,
    }
    tenant.write("groups", group["id"], group)
    for name in members:
        groups.join(tenant, group, tenant.names["userPrincipalName", name.casefold()])
