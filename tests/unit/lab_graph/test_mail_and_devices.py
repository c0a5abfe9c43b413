"""Mail is accepted and counted; orders to devices wait until the device reports."""

from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


@pytest.fixture
def sender(ask_tenant: Callable[..., Any], person: Any) -> Any:
    return ask_tenant(users=[person("rollout", usageLocation="JP") | {"licences": ["SPE_E3"]}])


SEND = "/users/rollout@pref.example.jp/sendMail"


def letter(*addresses: str) -> Json:
    return {
        "message": {
            "subject": "端末の更新",
            "body": {"contentType": "text", "content": "..."},
            "toRecipients": [{"emailAddress": {"address": address}} for address in addresses],
        },
        "saveToSentItems": False,
    }


def test_a_letter_is_accepted_and_kept(sender: Any) -> None:
    assert sender("POST", SEND, letter("sato@pref.example.jp")).status == 202

    assert sender.tenant.sent[0]["message"]["subject"] == "端末の更新"


@pytest.mark.parametrize("body", [letter(), letter("no address"), letter(*["a@b.example"] * 501)])
def test_a_letter_that_cannot_go_is_refused(sender: Any, body: Json) -> None:
    assert sender.refused("POST", SEND, body)[0] == 400
    assert sender.tenant.sent == []


def test_a_mailbox_sends_so_many_a_minute(sender: Any) -> None:
    answers = [sender("POST", SEND, letter("a@pref.example.jp")) for _ in range(31)]

    assert [answer.status for answer in answers] == [202] * 30 + [429]
    sender.tenant.clock.advance(int(answers[-1].headers["Retry-After"]))
    assert sender("POST", SEND, letter("a@pref.example.jp")).status == 202


def test_nobody_sends_without_a_mailbox(ask: Any, person: Any) -> None:
    ask.ok("POST", "/users", person("rollout"))

    assert ask.refused("POST", SEND, letter("a@pref.example.jp"))[0] == 404


PHONE = {
    "id": "app-1",
    "deviceTag": "tag-1",
    "deviceName": "私物",
    "deviceType": "iPhone",
    "platformVersion": "17",
}


def test_app_data_is_wiped_when_the_app_is_opened_next(
    ask_tenant: Callable[..., Any], person: Any
) -> None:
    from rollout.lab.graph.devices import check_in

    ask = ask_tenant(users=[person("sato")])
    key = ask.ok("GET", "/users/sato@pref.example.jp")["id"]
    ask.tenant.write("managedAppRegistrations", "app-1", PHONE | {"userId": key})
    order = f"/users/{key}/wipeManagedAppRegistrationsByDeviceTag"

    assert ask.refused("POST", order, {"deviceTag": "another"})[0] == 404
    ask.ok("POST", order, {"deviceTag": "tag-1"})

    apps = "/deviceAppManagement/managedAppRegistrations"
    assert len(ask.ok("GET", apps)["value"]) == 1
    check_in(ask.tenant, "tag-1")
    assert ask.ok("GET", apps)["value"] == []


@pytest.mark.parametrize(
    ("action", "stays"), [("wipe", False), ("retire", False), ("syncDevice", True)]
)
def test_an_order_to_a_managed_pc_is_pending_until_it_reports(
    ask_tenant: Callable[..., Any], action: str, stays: bool
) -> None:
    from rollout.lab.graph.devices import check_in

    pc = {"id": "pc-1", "deviceName": "DK20-000417", "serialNumber": "PF1"}
    ask = ask_tenant(managedDevices=[pc])
    address = "/deviceManagement/managedDevices/pc-1"

    ask.ok("POST", f"{address}/{action}", {})

    assert ask.ok("GET", address)["deviceActionResults"][0]["actionState"] == "pending"
    check_in(ask.tenant, "pc-1")
    assert (ask("GET", address).status == 200) is stays
