"""A private phone from the application to its loss, as it is typed, in a tenant of the lab."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rollout.domain.account import AccountState, CloudService
from rollout.store.database import Database
from rollout.store.tables import Account, Person
from tests.acceptance.conftest import Terminal
from tests.acceptance.lab_tenant import Tenant, tenant_of

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


@pytest.fixture
def tenant(desk: Terminal) -> Iterator[Tenant]:
    """With its owner, a group and the mailbox that sends."""
    with tenant_of(desk, SCENARIO, SWITCHED_ON) as opened:
        yield opened


def _with_an_account(desk: Terminal, user: str) -> None:
    """What importing people and `rollout accounts` come to."""
    database = Database(f"sqlite:///{desk.folder / 'state' / 'rollout.db'}")
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


def test_a_private_phone_is_invited_seen_lost_and_let_go(desk: Terminal, tenant: Tenant) -> None:
    # Given somebody with an account.
    rollout = desk.rollout
    users = {row["userPrincipalName"]: key for key, row in tenant.dump()["users"].items()}
    user = users[f"{PERSON}@pref.example.jp"]
    _with_an_account(desk, user)
    # When a clerk enters the form
    said = rollout(
        *("byod", "apply", PERSON, "--platform", "ios", "--model", "iPhone 13"),
        *("--purpose", "メール", "--consented", "2022-10-31", "--rules", "1.0"),
        *("--head-of-office", "人事課長"),
    )
    assert (said.code, said.out) == (0, "application 1 was taken in\n"), said
    # Then the clerk may not approve it, which another approver may.
    said = rollout("byod", "approve", "1", lang="ja")
    assert (said.code, "sato" in said.err, said.err.count("\n")) == (3, True, 1), said
    assert rollout("byod", "approve", "1", actor="ito").code == 0
    # When the owner is invited
    said = rollout("byod", "invite", "1")
    assert (said.code, "1 was invited" in said.out) == (0, True), said
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
