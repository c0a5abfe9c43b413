"""A tenant of the module over HTTPS; every test has a mailbox of its own in it."""

import itertools
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollout.adapters.graph.mail import GraphMailer
from rollout.lab.graph import world
from rollout.settings.accounts import Tenant

OWNER = "000001@pref.example.jp"
ROLES = ("Mail.Send", "Mail.Read")
_ORDINARY = {
    "lost_answer_share": 0,
    "unavailable_share": 0,
    "bounce_seconds": 0,
    "sent_items_seconds": 0,
    "quotas": {"mail-send": [30, 60], "mail-recipients": [10_000, 86_400]},
}


def _person(address: str) -> dict[str, Any]:
    return {
        "userPrincipalName": address,
        "displayName": address,
        "usageLocation": "JP",
        "licences": ["SPE_E3"],
    }


class Office:
    """A tenant, and the door through which it is steered."""

    def __init__(self, folder: Path, roles: tuple[str, ...]) -> None:
        self.folder = folder
        self.tenant = world.up(folder, {"users": [_person(OWNER)]}, roles)
        self.http = httpx.Client(
            verify=ssl.create_default_context(cafile=self.tenant.ca_file),
            base_url=f"{self.tenant.origin}/control",
        )
        self.numbers = itertools.count(1)

    def close(self) -> None:
        self.http.close()
        world.down(self.folder)


class Post:
    """A mailbox in the tenant, and ours to it."""

    def __init__(self, office: Office, sender: str | None = None) -> None:
        self.office = office
        self.control("behaviour", **_ORDINARY)
        self.number = next(office.numbers)
        self.sender = sender or f"dx{self.number}@pref.example.jp"
        self._id = self.control("users", **_person(self.sender))["id"] if sender is None else ""
        tenant = office.tenant
        self.settings = Tenant(
            tenant_id=tenant.tenant_id,
            client_id=tenant.client_id,
            credential="secret",
            secret_file=tenant.secret_file,
            login_url=tenant.origin,
            graph_url=tenant.graph_url,
            ca_file=tenant.ca_file,
        )
        self.mailer = GraphMailer(self.settings, self.sender, per_minute=None)

    def control(self, path: str, **values: Any) -> Any:
        answer = self.office.http.post(path, json=values)
        answer.raise_for_status()
        return answer.json()

    def messages(self) -> list[dict[str, Any]]:
        """What this mailbox sent, in order."""
        rows = self.office.http.get("/dump").json()["sentMail"]
        return [row["message"] for row in rows if row["from"] == self._id]

    def sent(self) -> list[str]:
        return [message["subject"] for message in self.messages()]


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Office]]:
    made: dict[tuple[str, ...], Office] = {}

    def of(*roles: str) -> Office:
        if roles not in made:
            made[roles] = Office(tmp_path_factory.mktemp("tenant"), roles)
        return made[roles]

    yield of
    for one in made.values():
        one.close()


@pytest.fixture
def post_with(offices: Callable[..., Office]) -> Iterator[Callable[..., Post]]:
    made: list[Post] = []

    def make(*roles: str, sender: str | None = None) -> Post:
        made.append(Post(offices(*(roles or ROLES)), sender))
        return made[-1]

    yield make
    for one in made:
        one.mailer.close()
