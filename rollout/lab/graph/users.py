"""People in the directory."""

from __future__ import annotations

import re
from typing import Any

from rollout.lab.graph import listing
from rollout.lab.graph.errors import bad_request, conflicting, not_found
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse, created, done
from rollout.lab.graph.routes import USERS_CREATE, USERS_READ, USERS_WRITE, RouteTable
from rollout.lab.graph.tenant import UNIQUE, Tenant

Json = dict[str, Any]
table = RouteTable()

SHAPE = Shape(
    "microsoft.graph.user",
    standard=(
        *("id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone"),
        *("officeLocation", "preferredLanguage", "surname", "userPrincipalName"),
    ),
    more=(
        *("accountEnabled", "assignedLicenses", "assignedPlans", "companyName", "createdDateTime"),
        *("department", "employeeId", "employeeType", "licenseAssignmentStates", "mailNickname"),
        *("onPremisesImmutableId", "onPremisesSamAccountName", "onPremisesSyncEnabled"),
        *("proxyAddresses", "signInActivity", "usageLocation", "userType"),
        "signInSessionsValidFromDateTime",
    ),
    filterable=frozenset(
        {
            *("accountEnabled", "assignedLicenses", "department", "displayName", "employeeId"),
            *("givenName", "id", "mail", "mailNickname", "onPremisesSyncEnabled", "surname"),
            *("usageLocation", "userPrincipalName", "userType"),
        }
    ),
)
_SETTABLE = frozenset(
    {
        *("accountEnabled", "businessPhones", "companyName", "department", "displayName"),
        *("employeeId", "employeeType", "givenName", "jobTitle", "mailNickname", "mobilePhone"),
        *("officeLocation", "onPremisesImmutableId", "passwordPolicies", "passwordProfile"),
        *("preferredLanguage", "surname", "usageLocation", "userPrincipalName", "userType"),
    }
)
_OWNED_BY_SYNC = frozenset(
    {"displayName", "givenName", "surname", "department", "jobTitle", "employeeId", "mailNickname"}
)
_UPN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.'\-_!#^~]*@([A-Za-z0-9.-]+)\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


@table.add("GET", "/users", roles=USERS_READ, units=2)
def read_users(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """A list of users."""
    page = tenant.pages.of(request, SHAPE, tenant.all_seen("users"), "/users")
    return GraphResponse(200, page)


@table.add("POST", "/users", roles=USERS_CREATE)
def create_user(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """A cloud user; a name that is in use is refused whatever the replicas say."""
    body = request.properties(
        "displayName", "mailNickname", "userPrincipalName", "passwordProfile", "accountEnabled"
    )
    _checked(tenant, body)
    key = tenant.new_id()
    _unique(tenant, body, key)
    user: Json = {
        "id": key,
        "businessPhones": [],
        "userType": "Member",
        "createdDateTime": tenant.now_text(),
        "assignedLicenses": [],
        "licenseAssignmentStates": [],
        "onPremisesSyncEnabled": None,
        **{name: value for name, value in body.items() if name not in _SECRET},
    }
    tenant.write("users", key, user)
    return created(
        {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity"}
        | {name: user.get(name) for name in SHAPE.standard}
    )


_SECRET = frozenset({"passwordProfile", "passwordPolicies"})


@table.add("GET", "/users/{user}", roles=USERS_READ)
def read_user(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One user, by id or by user principal name."""
    user = tenant.seen("users", key_of(tenant, path["user"]))
    return GraphResponse(200, listing.one(request, SHAPE, user))


@table.add("PATCH", "/users/{user}", roles=USERS_WRITE)
def change_user(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Change properties; what directory synchronisation owns is refused."""
    key = key_of(tenant, path["user"])
    user, body = tenant.truth("users", key), request.properties()
    _checked(tenant, body)
    _unique(tenant, body, key)
    if user.get("onPremisesSyncEnabled") and _OWNED_BY_SYNC & body.keys():
        raise bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync "
            "objects or objects currently undergoing migration."
        )
    kept = {name: value for name, value in body.items() if name not in _SECRET}
    tenant.write("users", key, user | kept)
    return done()


@table.add("DELETE", "/users/{user}", roles=USERS_WRITE)
def delete_user(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Into the recycle bin; delta queries report it as removed."""
    remove(tenant, key_of(tenant, path["user"]))
    return done()


def remove(tenant: Tenant, key: str) -> None:
    """Take a user away, with every membership. Raises GraphError 404."""
    tenant.truth("users", key)
    for edge, value in list(tenant.collection("memberships").truths()):
        if value["user"] == key:
            tenant.write("memberships", edge, None)
    tenant.write("users", key, None)


@table.add(
    "POST",
    "/users/{user}/revokeSignInSessions",
    roles=("User.RevokeSessions.All", *USERS_WRITE),
)
def revoke_sessions(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Every refresh token of the user is void from now on."""
    key = key_of(tenant, path["user"])
    moment = tenant.now_text()
    user = tenant.truth("users", key)
    tenant.write("users", key, user | {"signInSessionsValidFromDateTime": moment})
    return GraphResponse(200, {"value": True})


def key_of(tenant: Tenant, identity: str) -> str:
    """The id behind an id or a user principal name. Raises GraphError 404."""
    if tenant.collection("users").truth(identity) is not None:
        return identity
    key = tenant.names.get(("userPrincipalName", identity.casefold()))
    if key is None:
        raise not_found(identity)
    return key


def _checked(tenant: Tenant, body: Json) -> None:
    for name in body:
        if name not in _SETTABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    if "userPrincipalName" in body:
        match = _UPN.match(str(body["userPrincipalName"]))
        if match is None:
            raise bad_request("Property userPrincipalName is invalid.")
        if match[1].lower() not in tenant.domains:
            raise bad_request(
                "The domain portion of the userPrincipalName property is invalid. You must use "
                "one of the verified domain names in your organization."
            )
    if "mailNickname" in body and not re.fullmatch(r"[!-~]{1,64}", str(body["mailNickname"])):
        raise bad_request("Invalid value specified for property 'mailNickname' of resource 'User'.")
    if body.get("usageLocation") is not None and not _COUNTRY.match(str(body["usageLocation"])):
        raise bad_request(
            "Invalid value specified for property 'usageLocation' of resource 'User'."
        )
    if "passwordProfile" in body:
        password = str((body["passwordProfile"] or {}).get("password") or "")
        kinds = sum(bool(re.search(kind, password)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"\W"))
        if len(password) < 8 or kinds < 3:
            raise bad_request(
                "The specified password does not comply with password complexity requirements. "
                "Please provide a different password."
            )


def _unique(tenant: Tenant, body: Json, key: str) -> None:
    for name in UNIQUE:
        wanted = body.get(name)
        if wanted is not None and tenant.names.get((name, str(wanted).casefold()), key) != key:
            raise conflicting(name)
