"""Groups, their members and their teams."""

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


def department(nickname: str, **more: Any) -> Json:
    return {
        "displayName": "税務課",
        "mailNickname": nickname,
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        **more,
    }


def reference(key: str) -> Json:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{key}"}


def test_a_group_has_an_address_and_a_nickname_of_its_own(ask: Any) -> None:
    made = ask.ok("POST", "/groups", department("zeimu"))

    assert made["mail"] == "zeimu@pref.example.jp"
    assert "mailNickname" in ask.refused("POST", "/groups", department("ZEIMU"))[1]


def test_members_join_once_and_leave_once(ask: Any, person: Any) -> None:
    group = ask.ok("POST", "/groups", department("zeimu"))["id"]
    key = ask.ok("POST", "/users", person("sato"))["id"]
    address = f"/groups/{group}/members"

    ask.ok("POST", f"{address}/$ref", reference(key))
    assert "already exist" in ask.refused("POST", f"{address}/$ref", reference(key))[1]
    assert [row["id"] for row in ask.ok("GET", address)["value"]] == [key]

    ask.ok("DELETE", f"{address}/{key}/$ref")
    assert ask.refused("DELETE", f"{address}/{key}/$ref")[0] == 404
    assert ask.ok("GET", address)["value"] == []


def test_a_deleted_person_is_in_no_group(ask: Any, person: Any) -> None:
    key = ask.ok("POST", "/users", person("sato"))["id"]
    first = {"members@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{key}"]}
    group = ask.ok("POST", "/groups", department("zeimu", **first))["id"]

    ask.ok("DELETE", f"/users/{key}")

    assert ask.ok("GET", f"/groups/{group}/members")["value"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"mailEnabled": False},
        {"mailNickname": "税務"},
        {"displayName": ""},
        {"id": "chosen"},
        {"members@odata.bind": ["https://elsewhere.example/users/1"]},
    ],
)
def test_a_group_that_the_directory_does_not_take_is_refused(ask: Any, wrong: Json) -> None:
    ask.strict = False

    assert ask.refused("POST", "/groups", department("zeimu", **wrong))[0] == 400


def test_a_team_waits_until_its_group_is_old_enough(ask_tenant: Callable[..., Any]) -> None:
    ask = ask_tenant(behaviour={"team_seconds": 900})
    group = ask.ok("POST", "/groups", department("zeimu"))["id"]

    assert ask.refused("PUT", f"/groups/{group}/team", {"isArchived": False})[0] == 404
    ask.tenant.clock.advance(900)
    assert ask.ok("PUT", f"/groups/{group}/team", {})["id"] == group
    assert ask.refused("PUT", f"/groups/{group}/team", {})[0] == 409


def template(group: str) -> Json:
    return {
        "template@odata.bind": "https://graph.microsoft.com/v1.0/teamsTemplates('standard')",
        "group@odata.bind": f"https://graph.microsoft.com/v1.0/groups('{group}')",
    }


@pytest.mark.parametrize(("fails", "status"), [(0, "succeeded"), (1, "failed")])
def test_an_accepted_team_succeeds_or_fails_later(
    ask_tenant: Callable[..., Any], fails: float, status: str
) -> None:
    ask = ask_tenant(behaviour={"team_building_seconds": 30, "team_failure_share": fails})
    group = ask.ok("POST", "/groups", department("zeimu"))["id"]

    answer = ask("POST", "/teams", template(group))

    assert answer.status == 202
    operation = answer.headers["Location"]
    assert ask.ok("GET", operation)["status"] == "inProgress"
    assert ask.refused("POST", "/teams", template(group))[0] == 409
    ask.tenant.clock.advance(30)
    assert ask.ok("GET", operation)["status"] == status
    assert (ask("GET", f"/teams/{group}").status == 200) is (status == "succeeded")


def test_a_channel_name_is_unique_in_its_team(ask: Any) -> None:
    group = ask.ok("POST", "/groups", department("zeimu"))["id"]
    ask.ok("PUT", f"/groups/{group}/team", {})

    ask.ok("POST", f"/teams/{group}/channels", {"displayName": "窓口"})

    assert ask.refused("POST", f"/teams/{group}/channels", {"displayName": "窓口"})[0] == 400
    assert ask.refused("POST", f"/teams/{group}/channels", {"displayName": "a/b"})[0] == 400


def test_an_owner_of_the_team_is_one_of_its_members(ask: Any, person: Any) -> None:
    group = ask.ok("POST", "/groups", department("zeimu"))["id"]
    key = ask.ok("POST", "/users", person("sato"))["id"]
    ask.ok("PUT", f"/groups/{group}/team", {})

    ask.ok(
        "POST",
        f"/teams/{group}/members",
        {
            "@odata.type": "#microsoft.graph.aadUserConversationMember",
            "roles": ["owner"],
            "user@odata.bind": f"https://graph.microsoft.com/v1.0/users('{key}')",
        },
    )

    members = ask.ok("GET", f"/teams/{group}/members")["value"]
    assert [(row["userId"], row["roles"]) for row in members] == [(key, ["owner"])]


def test_a_chat_of_the_gallery_takes_only_who_is_assigned(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    role = "a5c4b7d1-3f38-4a6e-8a0a-0d2a0f6f1a11"
    app = {"id": "app", "displayName": "Chat", "appRoles": [role], "synchronisationJob": "job"}
    ask = ask_tenant(servicePrincipals=[app], users=[person("sato")])
    key = ask.ok("GET", "/users/sato@pref.example.jp")["id"]
    provision = "/servicePrincipals/app/synchronization/jobs/job/provisionOnDemand"
    subject = {
        "parameters": [{"ruleId": "1", "subjects": [{"objectId": key, "objectTypeName": "User"}]}]
    }

    assert "skipped" in ask.ok("POST", provision, subject)["value"]
    grant = {"principalId": key, "resourceId": "app", "appRoleId": role}
    ask.ok("POST", "/servicePrincipals/app/appRoleAssignedTo", grant)
    assert ask.refused("POST", "/servicePrincipals/app/appRoleAssignedTo", grant)[0] == 400
    assert "success" in ask.ok("POST", provision, subject)["value"]
    assert ask.tenant.truth("servicePrincipals", "app")["provisioned"] == [key]
