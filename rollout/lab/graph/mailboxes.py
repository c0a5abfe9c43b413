"""Mailboxes: they appear some time after the licence, and hold the user's settings."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph import listing
from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_MAILBOX = Shape(
    "microsoft.graph.mailboxSettings",
    standard=(
        *("automaticRepliesSetting", "timeZone", "language", "dateFormat", "timeFormat"),
        "userPurpose",
    ),
)
_ZONES = frozenset({"UTC", "Tokyo Standard Time", "W. Europe Standard Time"})
_LOCALES = frozenset({"ja-JP", "en-US", "en-GB", "de-DE"})


@table.add(
    "GET",
    "/users/{user}/mailboxSettings",
    roles=("MailboxSettings.Read", "MailboxSettings.ReadWrite"),
    quota="mailbox",
)
def read_mailbox(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The mailbox's settings; 404 until it is there."""
    return GraphResponse(
        200, listing.one(request, _MAILBOX, {"id": None} | _mailbox(tenant, path["user"]))
    )


@table.add(
    "PATCH", "/users/{user}/mailboxSettings", roles=("MailboxSettings.ReadWrite",), quota="mailbox"
)
def change_mailbox(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Language, time zone and formats."""
    mailbox, body = _mailbox(tenant, path["user"]), request.properties()
    for name in body:
        if name not in ("timeZone", "language", "dateFormat", "timeFormat"):
            raise GraphError(400, "ErrorInvalidProperty", f"The property '{name}' cannot be set.")
    zone = body.get("timeZone")
    if zone is not None and zone not in _ZONES:
        raise GraphError(400, "InvalidTimeZone", f"The time zone '{zone}' is not valid.")
    locale = (body.get("language") or {}).get("locale")
    if locale is not None and locale not in _LOCALES:
        raise GraphError(400, "InvalidLocale", f"The locale '{locale}' is not valid.")
    mailbox.update(body)
    return GraphResponse(200, mailbox)


def _mailbox(tenant: Tenant, identity: str) -> Json:
    mailbox = tenant.mailboxes.get(key_of(tenant, identity))
    if mailbox is None:
        raise GraphError(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    return mailbox


def follow_licences(tenant: Tenant, key: str) -> None:
    """A mailbox some time after the first licence with mail; gone without one."""
    user = tenant.truth("users", key)
    mail = any(
        plan["servicePlanName"].startswith("EXCHANGE")
        for held in user["assignedLicenses"]
        for plan in tenant.skus[held["skuId"]]["plans"]
        if plan["servicePlanId"] not in held.get("disabledPlans", [])
    )
    if mail and key not in tenant.mailboxes:
        wait = tenant.behaviour.mailbox_seconds * tenant.random.uniform(0.3, 1)
        tenant.later(wait, lambda: _open_mailbox(tenant, key))
    elif not mail:
        tenant.mailboxes.pop(key, None)


def _open_mailbox(tenant: Tenant, key: str) -> None:
    user = tenant.collection("users").truth(key)
    if user is None or key in tenant.mailboxes:
        return
    tenant.mailboxes[key] = {
        "timeZone": "UTC",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "dateFormat": "M/d/yyyy",
        "timeFormat": "h:mm tt",
        "userPurpose": "user",
        "automaticRepliesSetting": {"status": "disabled"},
    }
    address = user["userPrincipalName"]
    tenant.write("users", key, user | {"mail": address, "proxyAddresses": [f"SMTP:{address}"]})
