"""A private phone from the application to its loss, as it is typed, in a tenant of the lab."""

import json
import ssl
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from rollout.domain.account import AccountState, CloudService
from rollout.lab.graph import world
from rollout.store.database import Database
from rollout.store.tables import Account, Person
from tests.acceptance.conftest import Terminal

PERSON, SENDER = "100001", "dx@pref.example.jp"
TOMORROW = "2022-11-02T09:00:00+09:00"
SCENARIO = {
    "users": [
        {"userPrincipalName": name, "usageLocation": "JP", "licences": ["SPE_E3"]}
        for name in (f"{PERSON}@pref.example.jp", SENDER)
    ],
    "groups": [{"displayName": "私有端末", "mailNickname": "byod"}],
}
SWITCHED_ON = f"""
[byod]
group = "私有端末"
[notices]
sender = "{SENDER}"
contact = "DX推進課 059-000-0000"
"""


class Tenant:
    """The tenant's own side: its people, and what phones do there."""

    def __init__(self, printed: str) -> None:
        reached = tomllib.loads(printed)["accounts"]["tenant"]
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=reached["ca_file"]),
            base_url=f"{reached['login_url']}/control",
        )

    def dump(self) -> dict[str, Any]:
        return dict(self._http.get("/dump").json())

    def tell(self, path: str, values: object) -> None:
        assert self._http.post(path, json=values).status_code == 200

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def tenant(terminal: Terminal) -> Iterator[Tenant]:
    """Started by the command, and written into rollout.toml as that says."""
    (terminal.folder / "people.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
    said = terminal.rollout("lab", "tenant", "up", "--scenario", "people.json")
    assert said.code == 0, said.err
    printed = said.out.partition("\n\n")[2]
    with (terminal.folder / "rollout.toml").open("a", encoding="utf-8") as file:
        file.write(printed + SWITCHED_ON)
    opened = Tenant(printed)
    yield opened
    opened.close()
    world.down(terminal.folder / "state" / "tenant")


def _with_an_account(terminal: Terminal, user: str) -> None:
    """What importing people and `rollout accounts` come to."""
    database = Database(f"sqlite:///{terminal.folder / 'state' / 'rollout.db'}")
    with database.write() as session:
        person = Person(staff_number=PERSON, name="髙橋 花子")
        session.add(person)
        session.flush()
        session.add(
            Account(
                key=f"{PERSON} identity",
                person_id=person.id or 0,
                service=CloudService.IDENTITY.value,
                state=AccountState.READY.value,
                state_since=datetime(2022, 11, 1, tzinfo=UTC),
                external_id=user,
            )
        )
    database.close()


def test_a_private_phone_is_invited_seen_lost_and_let_go(
    terminal: Terminal, tenant: Tenant
) -> None:
    # Given somebody with an account.
    rollout = terminal.rollout
    users = {row["userPrincipalName"]: key for key, row in tenant.dump()["users"].items()}
    user = users[f"{PERSON}@pref.example.jp"]
    _with_an_account(terminal, user)
    # When a clerk enters the form
    said = rollout(
        *("byod", "apply", PERSON, "--platform", "ios", "--model", "iPhone 13"),
        *("--purpose", "メール", "--consented", "2022-10-31", "--rules", "1.0"),
        *("--head-of-office", "人事課長"),
    )
    assert (said.code, said.out) == (0, "application 1 was taken in\n"), said
    # Then the clerk may not approve it, which another approver may.
    said = rollout("byod", "approve", "1", lang="ja")
    assert (said.code, "sato" in said.err, said.err.count("\n")) == (1, True, 1), said
    assert rollout("byod", "approve", "1", actor="ito").code == 0
    # When the owner is invited
    said = rollout("byod", "invite", "1")
    assert (said.code, "1 were invited" in said.out) == (0, True), said
    # Then the group has the owner, and the mail went once.
    assert [edge["user"] for edge in tenant.dump()["memberships"].values()] == [user]
    assert len(tenant.dump()["sentMail"]) == 1
    # When the phone is registered, and then lost
    tenant.tell(
        "/plant",
        {
            "kind": "managedAppRegistrations",
            "row": {"id": "app-1", "deviceTag": "tag-1", "deviceType": "iPhone", "userId": user,
                    "deviceName": "iPhone", "flaggedReasons": ["none"]},
        },
    )  # fmt: skip
    seen = rollout("byod", "sync", "--json").json
    assert (seen["matched"], seen["enrolled"], seen["stray"]) == (1, 1, 0)
    said = rollout("byod", "lost", "1")
    assert (said.code, "2 orders were taken" in said.out) == (0, True), said
    # Then it is let go when the app was opened, and its owner leaves the group.
    tenant.tell("/check-in", {"device": "tag-1"})
    seen = rollout("--now", TOMORROW, "byod", "sync", "--json").json
    assert (seen["devices"], seen["released"]) == (0, 1)
    assert tenant.dump()["memberships"] == {}
