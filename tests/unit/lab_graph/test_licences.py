"""Licences run out, exclude each other, need a place, and bring a mailbox later."""

from collections.abc import Callable
from typing import Any

import pytest

from rollout.lab.graph.seed import OFFICE

Json = dict[str, Any]

SKU = OFFICE["skuId"]
OTHER: Json = {
    "skuId": "4b9405b0-7788-4568-add1-99614e613b69",
    "skuPartNumber": "EXCHANGESTANDARD",
    "enabled": 10,
    "plans": [
        {
            "servicePlanId": "9aaf7827-d63c-4b61-89c3-182f06f82e5d",
            "servicePlanName": "EXCHANGE_S_STANDARD",
            "excludes": ["EXCHANGE_S_FOUNDATION"],
        }
    ],
}
ADD = {"addLicenses": [{"skuId": SKU, "disabledPlans": []}], "removeLicenses": []}
REMOVE = {"addLicenses": [], "removeLicenses": [SKU]}


def japanese(person: Any, name: str) -> Json:
    return dict(person(name, usageLocation="JP"))


def test_a_licence_needs_a_place_of_use(ask: Any, person: Any) -> None:
    user = ask.ok("POST", "/users", person("sato"))

    assert "usage location" in ask.refused("POST", f"/users/{user['id']}/assignLicense", ADD)[1]


def test_units_are_counted_and_run_out(ask_tenant: Callable[..., Any], person: Any) -> None:
    ask = ask_tenant(
        skus=[OFFICE | {"enabled": 1}],
        users=[japanese(person, "a"), japanese(person, "b")],
    )
    ask.ok("POST", "/users/a@pref.example.jp/assignLicense", ADD)
    ask.ok("POST", "/users/a@pref.example.jp/assignLicense", ADD)

    said = ask.refused("POST", "/users/b@pref.example.jp/assignLicense", ADD)[1]

    assert said == f"Subscription with SKU {SKU} does not have any available licenses."
    assert ask.ok("GET", "/subscribedSkus")["value"][0]["consumedUnits"] == 1
    ask.ok("POST", "/users/a@pref.example.jp/assignLicense", REMOVE)
    ask.ok("POST", "/users/b@pref.example.jp/assignLicense", ADD)


def test_plans_that_exclude_each_other_are_refused(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(skus=[OFFICE, OTHER], users=[japanese(person, "a")])
    ask.ok("POST", "/users/a@pref.example.jp/assignLicense", ADD)
    both = {"addLicenses": [{"skuId": OTHER["skuId"]}], "removeLicenses": []}

    assert (
        "mutually exclusive"
        in ask.refused("POST", "/users/a@pref.example.jp/assignLicense", both)[1]
    )


def test_an_unknown_product_is_refused(ask_tenant: Callable[..., Any], person: Any) -> None:
    ask = ask_tenant(users=[japanese(person, "a")])
    body = {
        "addLicenses": [{"skuId": "00000000-0000-0000-0000-000000000000"}],
        "removeLicenses": [],
    }

    assert (
        "valid company License"
        in ask.refused("POST", "/users/a@pref.example.jp/assignLicense", body)[1]
    )


def test_the_mailbox_comes_some_time_after_the_licence(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(users=[japanese(person, "a")], behaviour={"mailbox_seconds": 600})
    ask.ok("POST", "/users/a@pref.example.jp/assignLicense", ADD)
    address = "/users/a@pref.example.jp/mailboxSettings"
    wanted = {"timeZone": "Tokyo Standard Time", "language": {"locale": "ja-JP"}}

    assert ask.refused("PATCH", address, wanted)[0] == 404
    ask.tenant.clock.advance(600)
    ask.ok("PATCH", address, wanted)

    assert ask.ok("GET", address)["timeZone"] == "Tokyo Standard Time"
    assert ask.ok("GET", "/users/a@pref.example.jp")["mail"] == "a@pref.example.jp"


@pytest.mark.parametrize(
    "wrong", [{"timeZone": "Asia/Osaka"}, {"language": {"locale": "xx"}}, {"userPurpose": "room"}]
)
def test_settings_that_a_mailbox_does_not_take_are_refused(
    ask_tenant: Callable[..., Any], person: Any, wrong: Json
) -> None:
    ask = ask_tenant(users=[japanese(person, "a") | {"licences": ["SPE_E3"]}])

    assert ask.refused("PATCH", "/users/a@pref.example.jp/mailboxSettings", wrong)[0] == 400


def licensed_group(enabled: int) -> Json:
    return {
        "skus": [OFFICE | {"enabled": enabled}],
        "groups": [
            {"displayName": "E3", "mailNickname": "e3", "assignedLicenses": [{"skuId": SKU}]}
        ],
        "behaviour": {"group_licence_seconds": 60},
    }


def test_a_group_gives_its_licence_after_a_while_or_says_why_not(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    ask = ask_tenant(
        users=[japanese(person, "a"), person("nowhere"), japanese(person, "late")],
        **licensed_group(1),
    )
    group = ask.ok("GET", "/groups")["value"][0]["id"]
    for name in ("a", "nowhere", "late"):
        key = ask.ok("GET", f"/users/{name}@pref.example.jp")["id"]
        link = f"https://graph.microsoft.com/v1.0/directoryObjects/{key}"
        ask.ok("POST", f"/groups/{group}/members/$ref", {"@odata.id": link})
        ask.tenant.clock.advance(60)

    states = {
        name: ask.ok("GET", f"/users/{name}@pref.example.jp", select="licenseAssignmentStates")[
            "licenseAssignmentStates"
        ][0]
        for name in ("a", "nowhere", "late")
    }

    assert (states["a"]["state"], states["a"]["assignedByGroup"]) == ("Active", group)
    assert states["nowhere"]["error"] == "ProhibitedInUsageLocationViolation"
    assert states["late"]["error"] == "CountViolation"
    inherited = ask.refused("POST", "/users/a@pref.example.jp/assignLicense", REMOVE)
    assert "inherited" in inherited[1]
