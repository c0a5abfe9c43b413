"""Orders as Graph's requests, and what its answers mean for them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rollout.application.accounts.orders import (
    PROPERTIES,
    AddMember,
    AssignApp,
    ChangeUser,
    CheckLicences,
    CheckMailbox,
    CreateChannel,
    CreateGroup,
    CreateTeam,
    CreateUser,
    Done,
    Doubtful,
    FindGroup,
    FindUser,
    Missing,
    NotYet,
    Outcome,
    ProvisionApp,
    Refused,
    RemoveMember,
    RenameGroup,
    RevokeSessions,
    SetLicences,
    SetMailbox,
    SingleOrder,
    Taken,
    WipeApps,
)

Json = dict[str, Any]

_OK = range(200, 300)
_NOT_FOUND, _CONFLICT, _FAILED_DEPENDENCY = 404, 409, 424
THROTTLED = 429
_SERVER = range(500, 600)

#: Words in the service's messages that say: it is so already.
_ALREADY = ("already exist", "already exists")
#: The same for what only directory synchronisation may set: ours is the wrong place for it.
_SYNCHRONISED = "on-premises mastered"


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `kind` is the quota that it counts against."""

    method: str
    path: str
    kind: str
    body: Json | None = None


def literal(text: str) -> str:
    """A text as a value in `$filter`: quoted, and then safe in a URL."""
    return quote("'" + text.replace("'", "''") + "'", safe="")


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def call(order: SingleOrder, base: str) -> Call:
    """The request of an order; `base` is Graph's address, which references carry."""
    body: Json
    match order:
        case FindUser():
            wanted = f"userPrincipalName%20eq%20{literal(order.upn)}"
            if order.employee_id:
                wanted += f"%20or%20employeeId%20eq%20{literal(order.employee_id)}"
            chosen = "$select=id,userPrincipalName,employeeId"
            return Call("GET", f"/users?$filter={wanted}&{chosen}", "read")
        case CreateUser():
            return Call("POST", "/users", "write", _new_user(order))
        case ChangeUser():
            body = {PROPERTIES[name]: value for name, value in order.values.items()}
            return Call("PATCH", f"/users/{segment(order.user)}", "write", body)
        case RevokeSessions():
            return Call("POST", f"/users/{segment(order.user)}/revokeSignInSessions", "write")
        case SetLicences():
            body = {
                "addLicenses": [{"skuId": sku, "disabledPlans": []} for sku in order.add],
                "removeLicenses": list(order.remove),
            }
            return Call("POST", f"/users/{segment(order.user)}/assignLicense", "licence", body)
        case CheckLicences():
            chosen = "?$select=id,assignedLicenses,licenseAssignmentStates"
            return Call("GET", f"/users/{segment(order.user)}{chosen}", "read")
        case SetMailbox():
            body = {"timeZone": order.timezone, "language": {"locale": order.locale}}
            return Call("PATCH", f"/users/{segment(order.user)}/mailboxSettings", "mailbox", body)
        case CheckMailbox():
            path = f"/users/{segment(order.user)}/mailboxSettings?$select=timeZone"
            return Call("GET", path, "mailbox")
        case FindGroup():
            wanted = f"mailNickname%20eq%20{literal(order.nickname)}"
            chosen = "$select=id,mailNickname,groupTypes"
            return Call("GET", f"/groups?$filter={wanted}&{chosen}", "read")
        case CreateGroup():
            return Call("POST", "/groups", "write", _new_group(order))
        case RenameGroup():
            body = {"displayName": order.display_name}
            return Call("PATCH", f"/groups/{segment(order.group)}", "write", body)
        case CreateTeam():
            body = {"memberSettings": {"allowCreateUpdateChannels": True}}
            return Call("PUT", f"/groups/{segment(order.group)}/team", "teams", body)
        case CreateChannel():
            body = {"displayName": order.name, "membershipType": "standard"}
            return Call("POST", f"/teams/{segment(order.team)}/channels", "teams", body)
        case AddMember():
            body = {"@odata.id": f"{base}/directoryObjects/{order.user}"}
            return Call("POST", f"/groups/{segment(order.group)}/members/$ref", "write", body)
        case RemoveMember():
            path = f"/groups/{segment(order.group)}/members/{segment(order.user)}/$ref"
            return Call("DELETE", path, "write")
        case AssignApp():
            body = {
                "principalId": order.user,
                "resourceId": order.application,
                "appRoleId": order.role,
            }
            path = f"/servicePrincipals/{segment(order.application)}/appRoleAssignedTo"
            return Call("POST", path, "write", body)
        case ProvisionApp():
            path = (
                f"/servicePrincipals/{segment(order.application)}/synchronization/jobs/"
                f"{segment(order.job)}/provisionOnDemand"
            )
            subject = {"objectId": order.user, "objectTypeName": "User"}
            parameter = {"ruleId": order.rule, "subjects": [subject]}
            return Call("POST", path, "write", {"parameters": [parameter]})
        case WipeApps():
            path = f"/users/{segment(order.user)}/wipeManagedAppRegistrationsByDeviceTag"
            return Call("POST", path, "intune", {"deviceTag": order.tag})


def _new_user(order: CreateUser) -> Json:
    return {
        "accountEnabled": True,
        "displayName": order.display_name,
        "mailNickname": order.nickname,
        "userPrincipalName": order.upn,
        "employeeId": order.employee_id,
        "department": order.department,
        "usageLocation": order.usage_location,
        "preferredLanguage": order.language,
        "passwordProfile": {"password": order.password, "forceChangePasswordNextSignIn": True},
    }


def _new_group(order: CreateGroup) -> Json:
    return {
        "displayName": order.display_name,
        "mailNickname": order.nickname,
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        "visibility": "Private",
    }


def outcome(order: SingleOrder, status: int, body: Any, request_id: str | None) -> Outcome:
    """What an answer means. Throttling is not for here."""
    if status in _OK:
        return _good(order, body)
    code, why = _error(status, body)
    number = _inner_id(body) or request_id
    if status in _SERVER:
        return Doubtful(why, number)
    already = any(word in why for word in _ALREADY)
    if isinstance(order, AddMember | AssignApp | CreateTeam | CreateChannel) and (
        already or status == _CONFLICT
    ):
        return Done()
    if isinstance(order, ChangeUser) and _SYNCHRONISED in why:
        return Done()
    if isinstance(order, RemoveMember | WipeApps) and status == _NOT_FOUND:
        # Who is no member has left, and an app that is registered no more holds nothing.
        return Done()
    if isinstance(order, CreateUser | CreateGroup) and (already or status == _CONFLICT):
        return Taken(why, number)
    if isinstance(order, SetLicences) and not order.add and "not have a corresponding" in why:
        return Done()
    if status in (_NOT_FOUND, _FAILED_DEPENDENCY):
        return NotYet(why, number)
    return Refused(code, why, number)


def _good(order: SingleOrder, body: Any) -> Outcome:
    if isinstance(order, FindUser | FindGroup) and not body["value"] and "@odata.nextLink" in body:
        return Doubtful("an empty page that leads on")
    if isinstance(order, FindUser):
        return _found_user(order, body)
    if isinstance(order, CheckLicences):
        return _given(order, body)
    if isinstance(order, FindGroup):
        rows = [row for row in body["value"] if "Unified" in (row.get("groupTypes") or [])]
        return Done(rows[0]["id"]) if rows else Missing()
    if isinstance(order, CreateUser | CreateGroup | CreateTeam | AssignApp):
        return Done(str(body["id"])) if body else Done()
    if isinstance(order, ProvisionApp):
        said = str((body or {}).get("value", ""))
        return Done() if "success" in said.lower() else NotYet(said[:300])
    return Done()


def _found_user(order: FindUser, body: Any) -> Outcome:
    by_name = [
        row["id"]
        for row in body["value"]
        if str(row.get("userPrincipalName", "")).casefold() == order.upn.casefold()
    ]
    by_number = [
        row["id"]
        for row in body["value"]
        if order.employee_id and row.get("employeeId") == order.employee_id
    ]
    found = set(by_name) | set(by_number)
    if len(found) > 1:
        return Refused(
            "Ambiguous",
            f"{order.upn} and the staff number {order.employee_id} belong to {len(found)} users",
        )
    return Done(found.pop()) if found else Missing()


def _given(order: CheckLicences, body: Any) -> Outcome:
    held = {one["skuId"] for one in body.get("assignedLicenses") or []}
    if held >= set(order.wanted):
        return Done()
    for state in body.get("licenseAssignmentStates") or []:
        if state["skuId"] in order.wanted and state.get("state") == "Error":
            error = str(state.get("error") or "Other")
            return Refused(error, f"group-based licence: {error}")
    return NotYet("the group has not given the licence yet")


def _error(status: int, body: Any) -> tuple[str, str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(status), f"HTTP {status}"
    return str(error.get("code") or status), str(error.get("message") or f"HTTP {status}")


def _inner_id(body: Any) -> str | None:
    try:
        return str(body["error"]["innerError"]["request-id"])
    except (KeyError, TypeError):
        return None
