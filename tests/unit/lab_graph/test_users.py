"""People in the lab's tenant behave as in the directory."""

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


def test_a_new_person_is_found_by_id_and_by_name_in_any_case(ask: Any, person: Any) -> None:
    made = ask.ok("POST", "/users", person("sato"))

    for identity in (made["id"], "sato@pref.example.jp", "SATO@Pref.Example.JP"):
        assert ask.ok("GET", f"/users/{identity}")["id"] == made["id"]


def test_a_name_is_given_once_even_where_no_replica_knows_it_yet(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(behaviour={"replication_seconds": 60, "stale_share": 1})
    ask.ok("POST", "/users", person("sato"))

    status, message = ask.refused("POST", "/users", person("SATO"))

    assert status == 400
    assert "same value for property userPrincipalName already exists" in message


@pytest.mark.parametrize(
    "missing", ["displayName", "mailNickname", "userPrincipalName", "passwordProfile"]
)
def test_what_a_person_needs_is_demanded(ask: Any, person: Any, missing: str) -> None:
    body = person("sato")
    del body[missing]

    status, message = ask.refused("POST", "/users", body)

    assert (status, missing in message) == (400, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("userPrincipalName", "sato@elsewhere.example", "verified domain names"),
        ("userPrincipalName", "佐藤@pref.example.jp", "userPrincipalName is invalid"),
        ("passwordProfile", {"password": "short"}, "password complexity"),
        ("usageLocation", "Japan", "usageLocation"),
        ("mailNickname", "佐藤", "mailNickname"),
        ("assignedLicenses", [], "read-only"),
    ],
)
def test_values_that_the_directory_does_not_take_are_refused(
    ask: Any, person: Any, name: str, value: Any, said: str
) -> None:
    status, message = ask.refused("POST", "/users", person("sato", **{name: value}))

    assert (status, said in message) == (400, True)


def test_a_write_is_seen_only_after_replication(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(behaviour={"replication_seconds": 60, "stale_share": 1})
    made = ask.ok("POST", "/users", person("sato"))

    assert ask.refused("GET", f"/users/{made['id']}")[0] == 404
    assert ask.ok("GET", "/users")["value"] == []
    ask.tenant.clock.advance(60)
    assert ask.ok("GET", f"/users/{made['id']}")["displayName"] == "sato"

    ask.ok("PATCH", f"/users/{made['id']}", {"displayName": "suzuki"})
    assert ask.ok("GET", f"/users/{made['id']}")["displayName"] == "sato"
    ask.tenant.clock.advance(60)
    assert ask.ok("GET", f"/users/{made['id']}")["displayName"] == "suzuki"


def test_what_synchronisation_owns_cannot_be_changed_in_the_cloud(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(users=[person("sato", onPremisesSyncEnabled=True)])

    assert (
        "on-premises"
        in ask.refused("PATCH", "/users/sato@pref.example.jp", {"displayName": "x"})[1]
    )
    ask.ok("PATCH", "/users/sato@pref.example.jp", {"usageLocation": "JP"})


def test_a_password_is_nowhere_in_the_tenant(ask: Any, person: Any) -> None:
    ask.ok("POST", "/users", person("sato"))

    assert "Long-enough-1" not in str(ask.tenant.dump())


def test_revoked_sessions_have_their_moment(ask: Any, person: Any) -> None:
    made = ask.ok("POST", "/users", person("sato"))

    ask.ok("POST", f"/users/{made['id']}/revokeSignInSessions")

    chosen = ask.ok("GET", f"/users/{made['id']}", select="signInSessionsValidFromDateTime")
    assert chosen["signInSessionsValidFromDateTime"].endswith("Z")


def test_delta_tells_everything_once_and_then_what_changed(ask: Any, person: Any) -> None:
    ids = [ask.ok("POST", "/users", person(name))["id"] for name in ("a", "b", "c")]
    first = ask.ok("GET", "/users/delta", select="id,displayName")
    assert [user["id"] for user in first["value"]] == ids

    ask.ok("PATCH", f"/users/{ids[0]}", {"displayName": "changed"})
    ask.ok("DELETE", f"/users/{ids[1]}")
    token = first["@odata.deltaLink"].partition("$deltatoken=")[2]
    second = ask.ok("GET", "/users/delta", deltatoken=token)

    assert second["value"] == [
        {"id": ids[0], "displayName": "changed"},
        {"id": ids[1], "@removed": {"reason": "changed"}},
    ]
    token = second["@odata.deltaLink"].partition("$deltatoken=")[2]
    assert ask.ok("GET", "/users/delta", deltatoken=token)["value"] == []


def test_delta_leaves_what_is_not_replicated_to_the_next_round(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(behaviour={"replication_seconds": 60})
    ask.ok("POST", "/users", person("sato"))
    first = ask.ok("GET", "/users/delta")
    assert first["value"] == []

    ask.tenant.clock.advance(60)
    token = first["@odata.deltaLink"].partition("$deltatoken=")[2]

    assert len(ask.ok("GET", "/users/delta", deltatoken=token)["value"]) == 1


def test_a_token_that_was_never_given_is_refused(ask: Any) -> None:
    assert ask.refused("GET", "/users/delta", deltatoken="invented")[0] == 400
    assert ask.refused("GET", "/users/delta", deltatoken="delta-99-9999999999-id")[0] == 410


def test_the_link_of_a_round_is_good_for_seven_days(ask: Any) -> None:
    link = ask.ok("GET", "/users/delta")["@odata.deltaLink"]
    token = link.partition("$deltatoken=")[2]
    ask.tenant.clock.advance(7 * 86_400 - 60)
    assert ask.ok("GET", "/users/delta", deltatoken=token)["value"] == []

    ask.tenant.clock.advance(62)

    status, message = ask.refused("GET", "/users/delta", deltatoken=token)
    assert status == 400
    assert "The delta token is expired" in message
