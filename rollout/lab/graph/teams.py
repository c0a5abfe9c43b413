"""Teams, their channels and members. A team is built some time after its request, or is not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from rollout.lab.graph.errors import GraphError, bad_request, not_found
from rollout.lab.graph.listing import Shape
from rollout.lab.graph.requests import GraphRequest, GraphResponse, created
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_CREATE = ("Team.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_READ = ("TeamMember.Read.All", "TeamMember.ReadWrite.All", "Group.Read.All")
_BOUND = re.compile(
    r"https://graph\.microsoft\.[a-z]+/v1\.0/(groups|users)(?:/|\(')([^/')]+)(?:'\))?\Z"
)
_TEMPLATE = re.compile(
    r"https://graph\.microsoft\.[a-z]+/v1\.0/teamsTemplates\('(standard|educationStaff)'\)\Z"
)
_CHANNEL_CREATE = ("Channel.Create", "Group.ReadWrite.All")
_MEMBER_WRITE = ("TeamMember.ReadWrite.All", "Group.ReadWrite.All")


@table.add("PUT", "/groups/{group}/team", roles=_CREATE, quota="teams")
def team_of_group(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The group's team at once; 404 while the group has not reached Teams."""
    group = path["group"]
    _ready(tenant, group)
    request.json()
    _build(tenant, group)
    return created(tenant.truth("teams", group))


@table.add("POST", "/teams", roles=_CREATE, quota="teams")
def request_team(tenant: Tenant, request: GraphRequest, _: dict[str, str]) -> GraphResponse:
    """Accepted: `Location` names the operation, which succeeds or fails later."""
    body = request.json("template@odata.bind", "group@odata.bind")
    if not _TEMPLATE.match(str(body["template@odata.bind"])):
        raise bad_request("Invalid template.")
    match = _BOUND.match(str(body["group@odata.bind"]))
    if match is None or match[1] != "groups":
        raise bad_request("Invalid bind property name group in request.")
    group = match[2]
    _ready(tenant, group)
    operation = tenant.new_id()
    tenant.operations[operation] = {
        "id": operation,
        "operationType": "createTeam",
        "createdDateTime": tenant.now_text(),
        "status": "inProgress",
        "attemptsCount": 1,
        "targetResourceId": group,
        "targetResourceLocation": f"/teams('{group}')",
        "error": None,
    }
    fails = tenant.random.random() < tenant.behaviour.team_failure_share
    tenant.later(
        tenant.behaviour.team_building_seconds, lambda: _end(tenant, operation, group, fails)
    )
    return GraphResponse(
        202,
        None,
        {
            "Location": f"/teams('{group}')/operations('{operation}')",
            "Content-Location": f"/teams('{group}')",
        },
    )


def _ready(tenant: Tenant, group: str) -> None:
    value = tenant.collection("groups").truth(group)
    if value is None or value["groupTypes"] != ["Unified"]:
        raise GraphError(404, "NotFound", f"Failed to find group '{group}'.")
    made = datetime.fromisoformat(value["createdDateTime"])
    if tenant.clock.now() - made < timedelta(seconds=tenant.behaviour.team_seconds):
        raise GraphError(
            404,
            "NotFound",
            f"Failed to execute Templates backend request: group '{group}' not found.",
        )
    if tenant.collection("teams").truth(group) is not None:
        raise GraphError(409, "Conflict", "Team already exists for the given group.")
    if any(
        one["targetResourceId"] == group and one["status"] == "inProgress"
        for one in tenant.operations.values()
    ):
        raise GraphError(409, "Conflict", "Another team creation is in progress for the group.")


def _build(tenant: Tenant, group: str) -> None:
    value = tenant.truth("groups", group)
    team = {
        "id": group,
        "displayName": value["displayName"],
        "description": value["description"],
        "visibility": "private",
        "isArchived": False,
        "webUrl": f"https://teams.microsoft.com/l/team/{group}",
        "createdDateTime": tenant.now_text(),
    }
    tenant.write("teams", group, team)
    tenant.channels[group] = [
        {"id": f"19:{tenant.new_id()}@thread.tacv2", "displayName": "General", "description": None}
    ]
    options = {"resourceProvisioningOptions": ["Team"]}
    tenant.write("groups", group, value | options)


def _end(tenant: Tenant, operation: str, group: str, fails: bool) -> None:
    row = tenant.operations[operation]
    if fails:
        row["status"] = "failed"
        row["error"] = {
            "code": "InternalServerError",
            "message": "Failed to execute Templates backend request CreateTeamFromGroup.",
        }
        return
    _build(tenant, group)
    row["status"] = "succeeded"


@table.add("GET", "/teams/{team}", roles=("Team.ReadBasic.All", *_CREATE), quota="teams")
def read_team(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One team."""
    return GraphResponse(200, tenant.seen("teams", path["team"]))


@table.add("GET", "/teams('{team}')/operations('{operation}')", roles=_CREATE, quota="teams")
@table.add("GET", "/teams/{team}/operations/{operation}", roles=_CREATE, quota="teams")
def read_operation(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """How far an accepted team is."""
    row = tenant.operations.get(path["operation"])
    if row is None:
        raise not_found(path["operation"])
    return GraphResponse(200, row)


@table.add("POST", "/teams/{team}/channels", roles=_CHANNEL_CREATE, quota="teams")
def create_channel(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """A standard channel; its name is unique in the team."""
    tenant.truth("teams", path["team"])
    body = request.json("displayName")
    name = str(body["displayName"])
    if len(name) > 50 or re.search(r"[~#%&*{}/\\:<>?+|'\"]", name):
        raise GraphError(400, "BadRequest", "Channel name is invalid.")
    channels = tenant.channels[path["team"]]
    if any(one["displayName"].casefold() == name.casefold() for one in channels):
        raise GraphError(
            400,
            "BadRequest",
            "Channel name already existed, please use other name.",
            details=[{"code": "NameAlreadyExists", "message": name, "target": "displayName"}],
        )
    channel = {
        "id": f"19:{tenant.new_id()}@thread.tacv2",
        "displayName": name,
        "description": body.get("description"),
        "membershipType": body.get("membershipType", "standard"),
        "createdDateTime": tenant.now_text(),
    }
    channels.append(channel)
    return created(channel)


_MEMBER = Shape(
    "microsoft.graph.conversationMember",
    standard=("id", "displayName", "roles", "userId", "email"),
    directory=False,
)


@table.add("GET", "/teams/{team}/members", roles=_READ, quota="teams")
def read_members(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """The group's members, as the team sees them."""
    team = path["team"]
    owners = tenant.seen("groups", team)["owners"] if tenant.seen("teams", team) else []
    users = tenant.collection("users")
    rows = [
        {
            "@odata.type": "#microsoft.graph.aadUserConversationMember",
            "id": f"{team}-{edge['user']}",
            "displayName": user["displayName"],
            "roles": ["owner"] if edge["user"] in owners else [],
            "userId": edge["user"],
            "email": user.get("mail"),
        }
        for edge in tenant.all_seen("memberships")
        if edge["group"] == team and (user := users.truth(edge["user"])) is not None
    ]
    return GraphResponse(200, tenant.pages.of(request, _MEMBER, rows, f"/teams/{team}/members"))


@table.add("POST", "/teams/{team}/members", roles=_MEMBER_WRITE, quota="teams")
def add_member(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """One person with a role; who is in already is accepted, as the service does."""
    from rollout.lab.graph.groups import join

    team = path["team"]
    tenant.truth("teams", team)
    body = request.json("@odata.type", "user@odata.bind")
    if body["@odata.type"].removeprefix("#") != "microsoft.graph.aadUserConversationMember":
        raise bad_request("Invalid member type.")
    match = _BOUND.match(str(body["user@odata.bind"]))
    if match is None or match[1] != "users":
        raise bad_request("Invalid bind property name user in request.")
    key = key_of(tenant, match[2])
    group = tenant.truth("groups", team)
    if body.get("roles") == ["owner"]:
        tenant.write("groups", team, group | {"owners": [*group["owners"], key]})
    join(tenant, group, key)
    return created(
        {
            "@odata.type": "#microsoft.graph.aadUserConversationMember",
            "id": f"{team}-{key}",
            "roles": body.get("roles", []),
            "userId": key,
            "displayName": tenant.truth("users", key)["displayName"],
        }
    )
