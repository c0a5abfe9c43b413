"""Groups and their members."""

from __future__ import annotations

import re
from typing import Any

from rollout.lab.graph import licences, listing
from rollout.lab.graph.errors import bad_request, conflicting, not_found, not_modelled
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse, created, done
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import SHAPE as USER
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_READ = ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
_CREATE = ("Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_CHANGE = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_CHANGEABLE = frozenset({"description", "displayName", "visibility"})
_MEMBERS = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_AT_ONCE = 20
"""Members that one request may bring."""

SHAPE = Shape(
    "microsoft.graph.group",
    standard=(
        *("id", "createdDateTime", "description", "displayName", "groupTypes", "mail"),
        *("mailEnabled", "mailNickname", "proxyAddresses", "resourceProvisioningOptions"),
        *("securityEnabled", "visibility"),
    ),
    more=("assignedLicenses", "hasMembersWithLicenseErrors"),
    filterable=frozenset(
        {
            *("displayName", "groupTypes", "id", "mail", "mailEnabled", "mailNickname"),
            *("resourceProvisioningOptions", "securityEnabled"),
        }
    ),
)
_SETTABLE = frozenset(
    {
        *("description", "displayName", "groupTypes", "mailEnabled", "mailNickname"),
        *("securityEnabled", "visibility", "members@odata.bind", "owners@odata.bind"),
    }
)
_REFERENCE = re.compile(
    r"https://graph\.microsoft\.[a-z]+/v1\.0/(?:directoryObjects|users)/([^/]+)\Z"
)


@table.add("GET", "/groups", roles=_READ, units=2)
def read_groups(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """A list of groups."""
    return GraphResponse(200, tenant.pages.of(request, SHAPE, tenant.all_seen("groups"), "/groups"))


@table.add("POST", "/groups", roles=_CREATE)
def create_group(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """A Microsoft 365 or a security group, with up to twenty first members."""
    body = request.properties("displayName", "mailNickname")
    for name in body:
        if name not in _SETTABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    for name in ("mailEnabled", "securityEnabled"):
        if not isinstance(body.get(name), bool):
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    unified = body.get("groupTypes") == ["Unified"]
    if body["mailEnabled"] != unified:
        raise bad_request("The service does not currently support writes of mail-enabled groups.")
    nickname = str(body["mailNickname"])
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+\-/=?^_`{|}~]{1,64}", nickname):
        raise bad_request(
            "Invalid value specified for property 'mailNickname' of resource 'Group'."
        )
    if any(
        str(group["mailNickname"]).casefold() == nickname.casefold()
        for _key, group in tenant.collection("groups").truths()
        if group["mailEnabled"] and unified
    ):
        raise conflicting("mailNickname")
    members = [_referred(tenant, link) for link in body.get("members@odata.bind", [])]
    owners = [_referred(tenant, link) for link in body.get("owners@odata.bind", [])]
    if len(members) + len(owners) > _AT_ONCE:
        raise bad_request(f"The number of relationships exceeds the maximum of {_AT_ONCE}.")
    address = f"{nickname}@{tenant.domains[0]}" if unified else None
    group: Json = {
        "id": tenant.new_id(),
        "createdDateTime": tenant.now_text(),
        "description": body.get("description"),
        "displayName": body["displayName"],
        "groupTypes": body.get("groupTypes", []),
        "mail": address,
        "mailEnabled": body["mailEnabled"],
        "mailNickname": nickname,
        "proxyAddresses": [f"SMTP:{address}"] if address else [],
        "resourceProvisioningOptions": [],
        "securityEnabled": body["securityEnabled"],
        "visibility": body.get("visibility") or ("Private" if unified else None),
        "assignedLicenses": [],
        "owners": owners,
    }
    tenant.write("groups", group["id"], group)
    for key in members:
        join(tenant, group, key)
    return created({name: group.get(name) for name in SHAPE.standard})


@table.add("GET", "/groups/{group}", roles=_READ)
def read_group(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One group."""
    return GraphResponse(200, listing.one(request, SHAPE, tenant.seen("groups", path["group"])))


@table.add("PATCH", "/groups/{group}", roles=_CHANGE)
def change_group(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Another name, description or visibility; the address is Exchange's to change."""
    group, body = tenant.truth("groups", path["group"]), request.properties()
    for name in body:
        if name not in _CHANGEABLE:
            raise not_modelled(f"a change of '{name}' of a group")
    if "displayName" in body and not 1 <= len(str(body["displayName"] or "")) <= 256:
        raise bad_request("Invalid value specified for property 'displayName' of resource 'Group'.")
    tenant.write("groups", group["id"], group | body)
    return done()


@table.add("GET", "/groups/{group}/members", roles=_READ, units=3)
def read_members(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The users of a group."""
    key = path["group"]
    tenant.seen("groups", key)
    users = tenant.collection("users")
    rows = [
        {"@odata.type": "#microsoft.graph.user", **user}
        for edge in tenant.all_seen("memberships")
        if edge["group"] == key and (user := users.truth(edge["user"])) is not None
    ]
    return GraphResponse(200, tenant.pages.of(request, USER, rows, f"/groups/{key}/members"))


@table.add("POST", "/groups/{group}/members/$ref", roles=_MEMBERS)
def add_member(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One more member; who is in already is refused."""
    group = tenant.truth("groups", path["group"])
    key = _referred(tenant, str(request.json("@odata.id")["@odata.id"]))
    if tenant.collection("memberships").truth(_edge(group["id"], key)) is not None:
        raise bad_request(
            "One or more added object references already exist for the following modified "
            "properties: 'members'."
        )
    join(tenant, group, key)
    return done()


@table.add("DELETE", "/groups/{group}/members/{member}/$ref", roles=_MEMBERS)
def remove_member(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One member less."""
    edge = _edge(path["group"], path["member"])
    if tenant.collection("memberships").truth(edge) is None:
        raise not_found(path["member"])
    tenant.write("memberships", edge, None)
    return done()


def join(tenant: Tenant, group: Json, key: str) -> None:
    """Make a user a member; the licences of the group follow after a while."""
    tenant.write("memberships", _edge(group["id"], key), {"group": group["id"], "user": key})
    if group.get("assignedLicenses"):
        wait = tenant.behaviour.group_licence_seconds * tenant.random.uniform(0.3, 1)
        tenant.later(wait, lambda: licences.by_group(tenant, key, group))


def _edge(group: str, user: str) -> str:
    return f"{group}:{user}"


def _referred(tenant: Tenant, link: str) -> str:
    match = _REFERENCE.match(link)
    if match is None:
        raise bad_request(f"Invalid object identifier '{link}'.")
    return key_of(tenant, match[1])
